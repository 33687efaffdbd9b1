#include "cpu/kernels/scratch.h"

#include <omp.h>

#include <cstddef>
#include <new>

namespace alexnet::cpu {
namespace {
constexpr std::align_val_t kAlignment{64};
}

int team_size(int64_t tasks) {
  const int64_t threads = omp_get_max_threads();
  return static_cast<int>(tasks < 1 ? 1 : tasks < threads ? tasks : threads);
}

Scratch::Scratch(int threads, int64_t floats_per_thread) : stride_((floats_per_thread + 31) / 32 * 32) {
  const auto bytes = sizeof(float) * static_cast<size_t>(threads) * static_cast<size_t>(stride_);
  data_ = static_cast<float*>(::operator new(bytes, kAlignment));
}

Scratch::~Scratch() { ::operator delete(data_, kAlignment); }

float* Scratch::of_thread(int thread) const { return data_ + thread * stride_; }

}  // namespace alexnet::cpu
