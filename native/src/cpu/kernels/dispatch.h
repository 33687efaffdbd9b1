// Calls a kernel's form for this machine's instruction set.
#pragma once

#include "cpu/kernels/isa_kernels.h"
#include "isa.h"

/// Expands to the call in alexnet::baseline, avx2 or avx512, and returns from the function.
#define ALEXNET_DISPATCH(call) \
  switch (current_isa()) {     \
    case Isa::kAvx512:         \
      return avx512::call;     \
    case Isa::kAvx2:           \
      return avx2::call;       \
    case Isa::kBaseline:       \
      break;                   \
  }                            \
  return baseline::call
