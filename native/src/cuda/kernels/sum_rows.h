// Sums over rows: a bias's gradient is the sum of a map over images and pixels. Blocks sum interleaved rows,
// then blocks sum the blocks' sums; every sum has its fixed order.
#pragma once

#include <algorithm>

#include "cuda/kernels/maps.h"

namespace alexnet::cuda {

/// sums[block][channel] over the rows of block x, for the channels of tile y.
template <class T, int kWidth>
struct SumRows {
  static constexpr int kThreads = 256;
  struct Shared {
    Floats<kWidth> sums[kThreads];
  };

  const T* x;
  int64_t rows, row_stride;
  int32_t groups;  // of kWidth channels
  int32_t tile;    // groups a block takes, at most kThreads
  int32_t blocks;
  float* sums;  // [blocks, groups * kWidth]

  /// Rows that a block sums at a time.
  ALEXNET_HD int lanes() const { return kThreads / tile; }
  ALEXNET_HD int phases() const {
    int phases = 2;
    for (int distance = 1; distance < lanes(); distance *= 2) ++phases;
    return phases;
  }

  ALEXNET_HD void operator()(int64_t block, int64_t part, int thread, int phase, Shared& s) const {
    const int lane = thread / tile, group = static_cast<int>(part) * tile + thread % tile;
    if (lane >= lanes() || group >= groups) return;
    if (phase == 0) {
      Floats<kWidth> sum = zeros<kWidth>();
      const int64_t step = static_cast<int64_t>(blocks) * lanes();
      for (int64_t row = block * lanes() + lane; row < rows; row += step) {
        const Floats<kWidth> v = load<kWidth>(x + row * row_stride + static_cast<int64_t>(group) * kWidth);
        ALEXNET_UNROLL
        for (int i = 0; i < kWidth; ++i) sum.v[i] += v.v[i];
      }
      s.sums[thread] = sum;
      return;
    }
    const int last = phases() - 1;
    if (phase < last) {
      const int distance = 1 << (last - 1 - phase);
      if (lane >= distance || lane + distance >= lanes()) return;
      ALEXNET_UNROLL
      for (int i = 0; i < kWidth; ++i) s.sums[thread].v[i] += s.sums[thread + distance * tile].v[i];
      return;
    }
    if (lane == 0) store<kWidth>(sums + (block * groups + group) * kWidth, s.sums[thread]);
  }
};

/// Groups of rows whose sums are kept apart at first.
inline int64_t row_sum_blocks(int64_t rows) {
  constexpr int64_t kMost = 512, kRowsEach = 32;
  return std::clamp<int64_t>(rows / kRowsEach, 1, kMost);
}

template <class Run, class T, int kWidth>
void run_sum_rows_once(const Run& run, const T* x, int64_t rows, int64_t channels, int64_t row_stride,
                       int64_t blocks, int64_t widest_tile, float* sums) {
  using Op = SumRows<T, kWidth>;
  const int64_t groups = channels / kWidth, tile = std::min(groups, widest_tile);
  const Op op{x,
              rows,
              row_stride,
              static_cast<int32_t>(groups),
              static_cast<int32_t>(tile),
              static_cast<int32_t>(blocks),
              sums};
  run.blocks(op, blocks, (groups + tile - 1) / tile);
}

/// sums[channel] = sum over rows of x[row * row_stride + channel]. `work`: row_sum_blocks(rows) * channels
/// floats.
template <class Run, class T>
void run_sum_rows(const Run& run, const T* x, int64_t rows, int64_t channels, int64_t row_stride, float* work,
                  float* sums) {
  if (rows < 1 || channels < 1 || row_stride < channels || channels > INT32_MAX)
    throw Error(ErrorCode::kInvalidArgument, "a sum over rows needs rows that fit their stride");
  const MapView row{1, channels, 1, 1, row_stride, row_stride, 1};
  const int64_t blocks = row_sum_blocks(rows);
  with_width(fits_vectors(x, row) && fits_vectors(work, channels_last_view(1, channels, 1, 1)),
             [&]<int kWidth>() {
               run_sum_rows_once<Run, T, kWidth>(run, x, rows, channels, row_stride, blocks,
                                                 SumRows<T, kWidth>::kThreads, work);
             });
  // Few rows are left: narrow tiles spread them over more threads, still reading whole sectors of 32 bytes.
  run_sum_rows_once<Run, float, 1>(run, work, blocks, channels, channels, 1, 8, sums);
}

}  // namespace alexnet::cuda
