#include "image/resample_kernels.h"

#include "isa.h"

namespace alexnet::image {

const ResampleKernels& resample_kernels() {
  switch (current_isa()) {
    case Isa::kAvx512:
      return avx512::kResampleKernels;
    case Isa::kAvx2:
      return avx2::kResampleKernels;
    case Isa::kBaseline:
      break;
  }
  return baseline::kResampleKernels;
}

}  // namespace alexnet::image
