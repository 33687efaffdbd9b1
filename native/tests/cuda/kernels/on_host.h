// Calls the very functions that a device runs, in loops: what on_device.cuh starts as kernels.
#pragma once

#include <cstdint>
#include <cstring>

namespace alexnet::cuda {

struct OnHost {
  bool backwards = false;     // threads of a block in the opposite order
  mutable int64_t calls = 0;  // of index functions

  template <class Op>
  void each(const Op& op, int64_t images, int64_t indices) const {
    for (int64_t image = 0; image < images; ++image)
      for (int64_t index = 0; index < indices; ++index) op(image, static_cast<int32_t>(index));
    calls += images * indices;
  }

  /// A device promises no order of the threads within a phase: either order must give the same.
  template <class Op>
  void blocks(const Op& op, int64_t x, int64_t y) const {
    for (int64_t i = 0; i < x; ++i) {
      for (int64_t j = 0; j < y; ++j) {
        typename Op::Shared shared;
        std::memset(static_cast<void*>(&shared), 0xFF, sizeof shared);  // shared memory begins with anything
        for (int phase = 0; phase < op.phases(); ++phase)
          for (int t = 0; t < Op::kThreads; ++t)
            op(i, j, backwards ? Op::kThreads - 1 - t : t, phase, shared);
      }
    }
  }
};

}  // namespace alexnet::cuda
