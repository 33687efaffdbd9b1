// Starts index functions on the device. There are two shapes of kernel: one call for each (image, index), and
// blocks of threads that work in phases over shared memory. tests/cuda/on_host.h calls the same functions in
// loops.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "alexnet/error.h"
#include "cuda/kernels/kernels.h"
#include "cuda/status.h"

namespace alexnet::cuda {

inline constexpr int kThreads = 256;
/// Blocks of them that a multiprocessor has at a time, at least: half of the threads that it can hold, enough
/// to hide the memory's latency. The compiler takes more registers for the largest kernels otherwise.
inline constexpr int kBlocksAtOnce = 4;
inline constexpr int64_t kMaxGridY = 65535;
inline constexpr int64_t kMaxGridX = 2147483647;

template <class Op>
__global__ void __launch_bounds__(kThreads, kBlocksAtOnce)
    each_index(Op op, int64_t images, int64_t indices) {
  const int64_t index = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (index >= indices) return;
  for (int64_t image = blockIdx.y; image < images; image += gridDim.y) op(image, static_cast<int32_t>(index));
}

template <class Op>
__global__ void __launch_bounds__(Op::kThreads) each_block(Op op) {
  __shared__ typename Op::Shared shared;
  const int phases = op.phases();
  for (int phase = 0; phase < phases; ++phase) {
    op(static_cast<int64_t>(blockIdx.x), static_cast<int64_t>(blockIdx.y), static_cast<int>(threadIdx.x),
       phase, shared);
    __syncthreads();
  }
}

/// Throws naming the kernel where its launch was refused, or where earlier work on the device had failed by
/// then. What a kernel does wrong while it runs is seen by the next call, or by whoever waits for the stream.
inline void check_launch(const char* kernel) {
  const cudaError_t status = cudaGetLastError();
  if (status == cudaSuccess) return;
  int device = -1;
  cudaGetDevice(&device);
  throw Error(meaning_of(status),
              "cuda:" + std::to_string(device) + ": " + cudaGetErrorName(status) + " (" +
                  cudaGetErrorString(status) + ") at the launch of " + kernel,
              std::string(R"({"call":")") + kernel + R"(","code":)" +
                  std::to_string(static_cast<int>(status)) + R"(,"device":)" + std::to_string(device) + "}");
}

/// A stream and the name that errors give.
struct OnDevice {
  Stream stream;
  const char* name;

  /// op(image, index) for every image and every index, an int32_t.
  template <class Op>
  void each(const Op& op, int64_t images, int64_t indices) const {
    if (images <= 0 || indices <= 0) return;
    if (indices > INT32_MAX)
      throw Error(ErrorCode::kInvalidArgument, std::string(name) + ": too many values");
    const dim3 grid(static_cast<unsigned>((indices + kThreads - 1) / kThreads),
                    static_cast<unsigned>(std::min(images, kMaxGridY)));
    each_index<<<grid, kThreads, 0, stream>>>(op, images, indices);
    check_launch(name);
  }

  /// op(x, y, thread, phase, shared) for every block (x, y), every thread of it, phase after phase.
  template <class Op>
  void blocks(const Op& op, int64_t x, int64_t y) const {
    if (x <= 0 || y <= 0) return;
    if (x > kMaxGridX || y > kMaxGridY)
      throw Error(ErrorCode::kInvalidArgument, std::string(name) + ": too many blocks");
    each_block<<<dim3(static_cast<unsigned>(x), static_cast<unsigned>(y)), Op::kThreads, 0, stream>>>(op);
    check_launch(name);
  }
};

}  // namespace alexnet::cuda
