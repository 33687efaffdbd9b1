// Launches the kernels of spatial_norm.h.
#include "cuda/kernels/spatial_norm.h"
#include "cuda/kernels/kernels.h"
#include "cuda/kernels/on_device.cuh"

namespace alexnet::cuda {

template <class T>
void spatial_norm_forward(Stream stream, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                          const SpatialNormSpec& norm) {
  run_spatial_norm_forward(OnDevice{stream, "spatial_norm_forward"}, x, x_view, y, y_view, norm);
}

template <class T>
void spatial_norm_backward(Stream stream, const T* x, const MapView& x_view, const T* dy,
                           const MapView& dy_view, T* dx, const MapView& dx_view, const SpatialNormSpec& norm,
                           std::optional<Activation> before, float* shares, int64_t shares_count) {
  run_spatial_norm_backward(OnDevice{stream, "spatial_norm_backward"}, x, x_view, dy, dy_view, dx, dx_view,
                            norm, before, shares, shares_count);
}

#define ALEXNET_INSTANTIATE(T)                                                                           \
  template void spatial_norm_forward(Stream, const T*, const MapView&, T*, const MapView&,               \
                                     const SpatialNormSpec&);                                            \
  template void spatial_norm_backward(Stream, const T*, const MapView&, const T*, const MapView&, T*,    \
                                      const MapView&, const SpatialNormSpec&, std::optional<Activation>, \
                                      float*, int64_t);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)
#undef ALEXNET_INSTANTIATE

}  // namespace alexnet::cuda
