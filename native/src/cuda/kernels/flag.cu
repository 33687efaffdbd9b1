// Launches the kernel of flag.h.
#include "cuda/kernels/flag.h"
#include "cuda/kernels/kernels.h"
#include "cuda/kernels/on_device.cuh"

namespace alexnet::cuda {

void raise_flag(Stream stream, const uint32_t* from, uint32_t* to) {
  OnDevice{stream, "raise_flag"}.each(RaiseFlag{from, to}, 1, 1);
}

}  // namespace alexnet::cuda
