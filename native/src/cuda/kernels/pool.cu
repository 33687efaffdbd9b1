// Launches the kernels of pool.h.
#include "cuda/kernels/pool.h"
#include "cuda/kernels/kernels.h"
#include "cuda/kernels/on_device.cuh"

namespace alexnet::cuda {

template <class T>
void pool_forward(Stream stream, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                  uint8_t* winners, const PoolSpec& pool, bool relu_after) {
  run_pool_forward(OnDevice{stream, "pool_forward"}, x, x_view, y, y_view, winners, pool, relu_after);
}

template <class T>
void lrn_pool_forward(Stream stream, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                      uint8_t* winners, const LrnSpec& lrn, const PoolSpec& pool, bool relu_after) {
  run_lrn_pool_forward(OnDevice{stream, "lrn_pool_forward"}, x, x_view, y, y_view, winners, lrn, pool,
                       relu_after);
}

template <class T>
void pool_backward(Stream stream, const T* x, const MapView& x_view, const T* dy, const MapView& dy_view,
                   const uint8_t* winners, T* dx, const MapView& dx_view, const PoolSpec& pool,
                   std::optional<Activation> activation) {
  run_pool_backward(OnDevice{stream, "pool_backward"}, x, x_view, dy, dy_view, winners, dx, dx_view, pool,
                    activation);
}

#define ALEXNET_INSTANTIATE(T)                                                                            \
  template void pool_forward(Stream, const T*, const MapView&, T*, const MapView&, uint8_t*,              \
                             const PoolSpec&, bool);                                                      \
  template void lrn_pool_forward(Stream, const T*, const MapView&, T*, const MapView&, uint8_t*,          \
                                 const LrnSpec&, const PoolSpec&, bool);                                  \
  template void pool_backward(Stream, const T*, const MapView&, const T*, const MapView&, const uint8_t*, \
                              T*, const MapView&, const PoolSpec&, std::optional<Activation>);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)
#undef ALEXNET_INSTANTIATE

}  // namespace alexnet::cuda
