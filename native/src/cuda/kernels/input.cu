// Launches the kernels of input.h.
#include "cuda/kernels/input.h"
#include "cuda/kernels/kernels.h"
#include "cuda/kernels/on_device.cuh"

namespace alexnet::cuda {

void draw_samples(Stream stream, const AugmentationSpec& spec, const Preprocessing& pre, uint64_t seed,
                  const uint32_t* epoch, const int64_t* images, int64_t count, InputDraw* draws) {
  run_draw_samples(OnDevice{stream, "draw_samples"}, spec, pre, seed, epoch, images, count, draws);
}

template <class T>
void write_input(Stream stream, const uint8_t* records, const InputDraw* draws, const int32_t* labels,
                 int64_t images, const Preprocessing& pre, const float* mean_image, T* out,
                 const NetInputFormat& format) {
  run_write_input(OnDevice{stream, "write_input"}, records, draws, labels, images, pre, mean_image, out,
                  format);
}

template <class T>
void arrange_input(Stream stream, const T* images, InputLayout layout, const int32_t* labels, int64_t count,
                   T* out, const NetInputFormat& format) {
  run_arrange_input(OnDevice{stream, "arrange_input"}, images, layout, labels, count, out, format);
}

#define ALEXNET_INSTANTIATE(T)                                                                 \
  template void write_input(Stream, const uint8_t*, const InputDraw*, const int32_t*, int64_t, \
                            const Preprocessing&, const float*, T*, const NetInputFormat&);    \
  template void arrange_input(Stream, const T*, InputLayout, const int32_t*, int64_t, T*,      \
                              const NetInputFormat&);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)
#undef ALEXNET_INSTANTIATE

}  // namespace alexnet::cuda
