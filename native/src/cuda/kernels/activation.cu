// Launches the kernels of activation.h.
#include "cuda/kernels/activation.h"
#include "cuda/kernels/kernels.h"
#include "cuda/kernels/on_device.cuh"

namespace alexnet::cuda {

template <class T>
void bias_activation(Stream stream, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                     const float* bias, std::optional<Activation> activation) {
  run_bias_activation(OnDevice{stream, "bias_activation"}, x, x_view, y, y_view, bias, activation);
}

template <class T>
void activation_backward(Stream stream, const T* y, const MapView& y_view, const T* dy,
                         const MapView& dy_view, T* dx, const MapView& dx_view, Activation activation) {
  run_activation_backward(OnDevice{stream, "activation_backward"}, y, y_view, dy, dy_view, dx, dx_view,
                          activation);
}

#define ALEXNET_INSTANTIATE(T)                                                                      \
  template void bias_activation(Stream, const T*, const MapView&, T*, const MapView&, const float*, \
                                std::optional<Activation>);                                         \
  template void activation_backward(Stream, const T*, const MapView&, const T*, const MapView&, T*, \
                                    const MapView&, Activation);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)
#undef ALEXNET_INSTANTIATE

}  // namespace alexnet::cuda
