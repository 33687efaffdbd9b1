// One replica's mark of a loss that is not finite becomes another's.
#pragma once

#include <cstdint>

#include "cuda/kernels/hd.h"

namespace alexnet::cuda {

struct RaiseFlag {
  const uint32_t* from;
  uint32_t* to;

  ALEXNET_HD void operator()(int64_t, int32_t) const {
    if (*from != 0) *to = 1;
  }
};

}  // namespace alexnet::cuda
