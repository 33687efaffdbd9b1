// Launches the kernels of input.h.
#include "cuda/kernels/input.h"
#include "cuda/kernels/kernels.h"
#include "cuda/kernels/on_device.cuh"

namespace alexnet::cuda {

template <class T>
void write_input(Stream stream, const RecordPieces& pieces, const RecordDraw* draws, const int32_t* labels,
                 int64_t valid, int64_t images, const Preprocessing& pre, const float* mean_image, T* out,
                 const NetInputFormat& format) {
  run_write_input(OnDevice{stream, "write_input"}, pieces, draws, labels, valid, images, pre, mean_image, out,
                  format);
}

template <class T>
void arrange_input(Stream stream, const T* images, InputLayout layout, const int32_t* labels, int64_t count,
                   T* out, const NetInputFormat& format) {
  run_arrange_input(OnDevice{stream, "arrange_input"}, images, layout, labels, count, out, format);
}

#define ALEXNET_INSTANTIATE(T)                                                                       \
  template void write_input(Stream, const RecordPieces&, const RecordDraw*, const int32_t*, int64_t, \
                            int64_t, const Preprocessing&, const float*, T*, const NetInputFormat&); \
  template void arrange_input(Stream, const T*, InputLayout, const int32_t*, int64_t, T*,            \
                              const NetInputFormat&);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)
#undef ALEXNET_INSTANTIATE

}  // namespace alexnet::cuda
