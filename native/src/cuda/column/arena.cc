#include "cuda/column/arena.h"

#include <algorithm>

#include "cuda/device_rules.h"

namespace alexnet::cuda {

int64_t largest_batch(const MemoryNeed& need, int64_t batch, int64_t available) {
  if (need.fixed >= available || need.with_batch <= 0) return 0;
  const double an_image = static_cast<double>(need.with_batch) / static_cast<double>(batch);
  return static_cast<int64_t>(static_cast<double>(available - need.fixed) / an_image);
}

Arena::~Arena() {
  if (base_ && !context_.given_up()) cudaFree(base_);
}

size_t Arena::reserve(int64_t bytes, Growth growth) {
  const int64_t offset = need_.total();
  const int64_t rounded = (bytes + kArenaBoundary - 1) / kArenaBoundary * kArenaBoundary;
  (growth == Growth::kFixed ? need_.fixed : need_.with_batch) += rounded;
  return static_cast<size_t>(offset);
}

bool Arena::exceeds_device() const {
  size_t free = 0, total = 0;
  ALEXNET_CUDA_CHECK(context_.device(), cudaMemGetInfo(&free, &total));
  return need_.total() > static_cast<int64_t>(total);
}

void Arena::allocate(int64_t batch, const MemoryNeed& net, const MemoryNeed& earlier) {
  size_t free = 0, total = 0;
  ALEXNET_CUDA_CHECK(context_.device(), cudaMemGetInfo(&free, &total));
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, static_cast<size_t>(need_.total()));
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // it is dealt with here
    // What the earlier columns took is there for a smaller batch, too.
    const int64_t available = static_cast<int64_t>(free) + earlier.total();
    const int64_t fits = std::min(batch - 1, largest_batch(net, batch, available));
    throw Error(
        ErrorCode::kOutOfMemory,
        device_name(context_.device()) + ": this net needs " + gigabytes(net.total()) +
            " of the GPU's memory at batch " + std::to_string(batch) + ", and " + gigabytes(available) +
            " of " + gigabytes(static_cast<int64_t>(total)) + " are free; " +
            (fits > 0 ? "batch " + std::to_string(fits) + " fits" : "no batch fits: it takes a smaller net") +
            ". bf16 needs about half for the maps",
        R"({"neededBytes":)" + std::to_string(net.total()) + R"(,"freeBytes":)" + std::to_string(available) +
            R"(,"batchThatFits":)" + std::to_string(fits) + "}");
  }
  if (status != cudaSuccess) fail_cuda(status, "cudaMalloc", context_.device(), Place::current());
  base_ = static_cast<std::byte*>(memory);
  ALEXNET_CUDA_CHECK(context_.device(),
                     cudaMemsetAsync(base_, 0, static_cast<size_t>(need_.total()), context_.compute()));
}

}  // namespace alexnet::cuda
