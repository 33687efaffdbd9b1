// Working memory of a kernel call, one part for each thread. Its functions lie in scratch.cc, outside the
// code that is compiled for one instruction set.
#pragma once

#include <cstdint>

namespace alexnet::cpu {

/// The team a kernel may use: omp_get_max_threads(), at most `tasks`, at least 1.
int team_size(int64_t tasks);

class Scratch {
 public:
  /// `floats_per_thread` floats for each of `threads`, aligned to cache lines. Throws std::bad_alloc.
  Scratch(int threads, int64_t floats_per_thread);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  float* of_thread(int thread) const;

 private:
  float* data_;
  int64_t stride_;
};

}  // namespace alexnet::cpu
