// Launches the kernels of dropout.h.
#include "cuda/kernels/dropout.h"
#include "cuda/kernels/kernels.h"
#include "cuda/kernels/on_device.cuh"

namespace alexnet::cuda {

template <class T>
void dropout_forward(Stream stream, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                     const DropoutDraw& draw) {
  run_dropout_forward(OnDevice{stream, "dropout_forward"}, x, x_view, y, y_view, draw);
}

template <class T>
void dropout_backward(Stream stream, const T* dy, const MapView& dy_view, const T* output,
                      const MapView& output_view, T* dx, const MapView& dx_view, const DropoutDraw& draw,
                      std::optional<Activation> activation) {
  run_dropout_backward(OnDevice{stream, "dropout_backward"}, dy, dy_view, output, output_view, dx, dx_view,
                       draw, activation);
}

#define ALEXNET_INSTANTIATE(T)                                                                             \
  template void dropout_forward(Stream, const T*, const MapView&, T*, const MapView&, const DropoutDraw&); \
  template void dropout_backward(Stream, const T*, const MapView&, const T*, const MapView&, T*,           \
                                 const MapView&, const DropoutDraw&, std::optional<Activation>);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)
#undef ALEXNET_INSTANTIATE

}  // namespace alexnet::cuda
