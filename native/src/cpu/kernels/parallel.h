// Splits work over an OpenMP team, for *.isa.cc files. A task's result never depends on where the splits
// are, so any number of threads gives the same bits.
#pragma once

#include <omp.h>

#include <cstdint>

#include "cpu/kernels/scratch.h"
#include "cpu/kernels/simd.h"

namespace alexnet::ALEXNET_ISA {

/// body(begin, end, thread) over ranges that cover [0, tasks), one range a thread. `threads` comes from
/// team_size.
template <class Body>
void parallel_ranges(int64_t tasks, int threads, const Body& body) {
  if (threads <= 1) {
    body(int64_t{0}, tasks, 0);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    const int64_t team = omp_get_num_threads(), thread = omp_get_thread_num();
    const int64_t begin = tasks * thread / team, end = tasks * (thread + 1) / team;
    if (begin < end) body(begin, end, static_cast<int>(thread));
  }
}

/// body(begin, end) over ranges of `count` array elements that begin at multiples of 4096. Arrays too
/// short to gain from a team are done by the calling thread.
template <class Body>
void parallel_elements(int64_t count, const Body& body) {
  constexpr int64_t kGrain = 4096;
  const int64_t grains = (count + kGrain - 1) / kGrain;
  const auto ranges = [&](int64_t begin, int64_t end, int) {
    const int64_t last = end * kGrain;
    body(begin * kGrain, last < count ? last : count);
  };
  parallel_ranges(grains, cpu::team_size(grains / 4), ranges);
}

/// body(image, first_row, last_row, thread) over row ranges that cover every row of every image.
/// `threads` comes from team_size(images * rows).
template <class Body>
void parallel_rows(int64_t images, int64_t rows, int threads, const Body& body) {
  const auto ranges = [&](int64_t begin, int64_t end, int thread) {
    while (begin < end) {
      const int64_t image = begin / rows, first = begin % rows;
      const int64_t last = first + (end - begin) < rows ? first + (end - begin) : rows;
      body(image, first, last, thread);
      begin += last - first;
    }
  };
  parallel_ranges(images * rows, threads, ranges);
}

}  // namespace alexnet::ALEXNET_ISA
