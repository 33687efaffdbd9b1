// How many OpenMP threads a test may ask for.
#pragma once

namespace alexnet::test {

/// `wanted`; under the thread sanitizer 1. libgomp is not built for it: the sanitizer sees no order in its
/// barriers and takes what two threads of a team do before and after one for a race. oneDNN is built on it,
/// too. The columns' own threads (std::thread) run all the same: those are what it is to watch.
inline int omp_threads([[maybe_unused]] int wanted) {
#ifdef __SANITIZE_THREAD__
  return 1;
#else
  return wanted;
#endif
}

}  // namespace alexnet::test
