// Launches the kernels of lrn.h.
#include "cuda/kernels/lrn.h"
#include "cuda/kernels/kernels.h"
#include "cuda/kernels/on_device.cuh"

namespace alexnet::cuda {

template <class T>
void lrn_forward(Stream stream, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                 const LrnSpec& lrn, bool relu_after) {
  run_lrn_forward(OnDevice{stream, "lrn_forward"}, x, x_view, y, y_view, lrn, relu_after);
}

template <class T>
void lrn_backward(Stream stream, const T* x, const MapView& x_view, const T* dy, const MapView& dy_view,
                  T* dx, const MapView& dx_view, const LrnSpec& lrn, bool relu_after,
                  std::optional<Activation> before) {
  run_lrn_backward(OnDevice{stream, "lrn_backward"}, x, x_view, dy, dy_view, dx, dx_view, lrn, relu_after,
                   before);
}

template <class T>
void lrn_pool_backward(Stream stream, const T* x, const MapView& x_view, const T* dy, const MapView& dy_view,
                       const uint8_t* winners, T* dx, const MapView& dx_view, const LrnSpec& lrn,
                       const PoolSpec& pool, bool relu_after, std::optional<Activation> before) {
  run_lrn_pool_backward(OnDevice{stream, "lrn_pool_backward"}, x, x_view, dy, dy_view, winners, dx, dx_view,
                        lrn, pool, relu_after, before);
}

#define ALEXNET_INSTANTIATE(T)                                                                               \
  template void lrn_forward(Stream, const T*, const MapView&, T*, const MapView&, const LrnSpec&, bool);     \
  template void lrn_backward(Stream, const T*, const MapView&, const T*, const MapView&, T*, const MapView&, \
                             const LrnSpec&, bool, std::optional<Activation>);                               \
  template void lrn_pool_backward(Stream, const T*, const MapView&, const T*, const MapView&,                \
                                  const uint8_t*, T*, const MapView&, const LrnSpec&, const PoolSpec&, bool, \
                                  std::optional<Activation>);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)
#undef ALEXNET_INSTANTIATE

}  // namespace alexnet::cuda
