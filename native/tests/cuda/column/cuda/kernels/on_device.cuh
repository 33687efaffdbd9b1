// Takes the place of src/cuda/kernels/on_device.cuh: the launchers' very source, with loops on a stand-in
// stream instead of kernels on a device.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <string>

#include "alexnet/error.h"
#include "cuda/column/fake_device.h"
#include "cuda/kernels/kernels.h"
#include "cuda/status.h"

namespace alexnet::cuda {

/// As the real one: an error that was left behind is taken for the launch's.
inline void check_launch(const char* kernel, Stream stream) {
  const cudaError_t left = cudaGetLastError();
  const cudaError_t status = fake::is_current(stream) ? left : cudaErrorInvalidResourceHandle;
  if (status != cudaSuccess)
    throw Error(meaning_of(status), std::string("an error at the launch of ") + kernel);
}

struct OnDevice {
  Stream stream;
  const char* name;

  template <class Op>
  void each(const Op& op, int64_t images, int64_t indices) const {
    check_launch(name, stream);
    fake::enqueue(stream, [=] {
      for (int64_t image = 0; image < images; ++image)
        for (int64_t index = 0; index < indices; ++index) op(image, static_cast<int32_t>(index));
    });
  }

  template <class Op>
  void blocks(const Op& op, int64_t x, int64_t y) const {
    check_launch(name, stream);
    fake::enqueue(stream, [=] {
      const auto shared = std::make_unique<typename Op::Shared>();
      for (int64_t i = 0; i < x; ++i)
        for (int64_t j = 0; j < y; ++j)
          for (int phase = 0; phase < op.phases(); ++phase)
            for (int t = 0; t < Op::kThreads; ++t) op(i, j, t, phase, *shared);
    });
  }
};

}  // namespace alexnet::cuda
