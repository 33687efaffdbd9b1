// The kernels on maps: arguments are checked here, once for all instruction sets.
#include <string>

#include "alexnet/error.h"
#include "cpu/kernels/dispatch.h"

namespace alexnet::cpu {
namespace {

[[noreturn]] void refuse(const char* kernel, const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument, std::string(kernel) + ": " + why);
}

std::string shape_text(const MapView& v) {
  return std::to_string(v.images) + "x" + std::to_string(v.channels) + "x" + std::to_string(v.height) + "x" +
         std::to_string(v.width) + " in " + std::to_string(v.blocks) + " blocks";
}

void check_view(const char* kernel, const MapView& v) {
  if (v.images < 0 || v.channels <= 0 || v.height <= 0 || v.width <= 0 || v.blocks != blocks_of(v.channels)) {
    refuse(kernel, "a view of " + shape_text(v) + " describes no maps.");
  }
}

void check_same(const char* kernel, const MapView& a, const MapView& b) {
  check_view(kernel, a);
  if (a.images != b.images || a.channels != b.channels || a.blocks != b.blocks || a.height != b.height ||
      a.width != b.width) {
    refuse(kernel, "maps of " + shape_text(a) + " and of " + shape_text(b) + " should be of the same shape.");
  }
}

/// `in` is the map under the windows, `out` has one pixel a window.
void check_pool(const char* kernel, const MapView& in, const MapView& out, const PoolSpec& pool) {
  check_view(kernel, in);
  check_view(kernel, out);
  if (pool.size < 1 || pool.size > 16 || pool.stride < 1) {
    refuse(kernel, "windows of " + std::to_string(pool.size) + " every " + std::to_string(pool.stride) +
                       " pixels; sizes 1 to 16 and strides from 1 can be pooled.");
  }
  if (in.images != out.images || in.channels != out.channels || (out.height - 1) * pool.stride >= in.height ||
      (out.width - 1) * pool.stride >= in.width) {
    refuse(kernel,
           "maps of " + shape_text(out) + " cannot come from pooling maps of " + shape_text(in) + ".");
  }
}

void check_norm(const char* kernel, int64_t size, double k) {
  if (size < 1 || size % 2 == 0 || !(k > 0)) {
    refuse(kernel, "size is " + std::to_string(size) + " and k is " + std::to_string(k) +
                       "; size must be odd and k positive.");
  }
}

}  // namespace

template <class T>
void lrn_forward(const T* x, const MapView& x_view, T* y, const MapView& y_view, const LrnSpec& lrn) {
  check_same("lrn_forward", x_view, y_view);
  check_norm("lrn_forward", lrn.size, lrn.k);
  ALEXNET_DISPATCH(lrn_forward(x, x_view, y, y_view, lrn));
}

template <class T>
void lrn_backward(const T* x, const MapView& x_view, const T* dy, const MapView& dy_view, T* dx,
                  const MapView& dx_view, const LrnSpec& lrn, std::optional<Activation> activation) {
  check_same("lrn_backward", x_view, dy_view);
  check_same("lrn_backward", x_view, dx_view);
  check_norm("lrn_backward", lrn.size, lrn.k);
  ALEXNET_DISPATCH(lrn_backward(x, x_view, dy, dy_view, dx, dx_view, lrn, activation));
}

template <class T>
void lrn_pool_forward(const T* x, const MapView& x_view, T* y, const MapView& y_view, uint8_t* argmax,
                      const LrnSpec& lrn, const PoolSpec& pool) {
  check_pool("lrn_pool_forward", x_view, y_view, pool);
  check_norm("lrn_pool_forward", lrn.size, lrn.k);
  ALEXNET_DISPATCH(lrn_pool_forward(x, x_view, y, y_view, argmax, lrn, pool));
}

template <class T>
void lrn_pool_backward(const T* x, const MapView& x_view, const T* dy, const MapView& dy_view,
                       const uint8_t* argmax, T* dx, const MapView& dx_view, const LrnSpec& lrn,
                       const PoolSpec& pool, std::optional<Activation> activation) {
  check_pool("lrn_pool_backward", x_view, dy_view, pool);
  check_same("lrn_pool_backward", x_view, dx_view);
  check_norm("lrn_pool_backward", lrn.size, lrn.k);
  ALEXNET_DISPATCH(lrn_pool_backward(x, x_view, dy, dy_view, argmax, dx, dx_view, lrn, pool, activation));
}

template <class T>
void pool_forward(const T* x, const MapView& x_view, T* y, const MapView& y_view, uint8_t* argmax,
                  const PoolSpec& pool) {
  check_pool("pool_forward", x_view, y_view, pool);
  ALEXNET_DISPATCH(pool_forward(x, x_view, y, y_view, argmax, pool));
}

template <class T>
void pool_backward(const T* x, const MapView& x_view, const T* dy, const MapView& dy_view,
                   const uint8_t* argmax, T* dx, const MapView& dx_view, const PoolSpec& pool,
                   std::optional<Activation> activation) {
  check_pool("pool_backward", dx_view, dy_view, pool);
  if (activation) check_same("pool_backward", x_view, dx_view);
  ALEXNET_DISPATCH(pool_backward(x, x_view, dy, dy_view, argmax, dx, dx_view, pool, activation));
}

template <class T>
void spatial_norm_forward(const T* x, const MapView& x_view, T* y, const MapView& y_view,
                          const SpatialNormSpec& norm) {
  check_same("spatial_norm_forward", x_view, y_view);
  check_norm("spatial_norm_forward", norm.size, norm.k);
  ALEXNET_DISPATCH(spatial_norm_forward(x, x_view, y, y_view, norm));
}

template <class T>
void spatial_norm_backward(const T* x, const MapView& x_view, const T* dy, const MapView& dy_view, T* dx,
                           const MapView& dx_view, const SpatialNormSpec& norm,
                           std::optional<Activation> activation) {
  check_same("spatial_norm_backward", x_view, dy_view);
  check_same("spatial_norm_backward", x_view, dx_view);
  check_norm("spatial_norm_backward", norm.size, norm.k);
  ALEXNET_DISPATCH(spatial_norm_backward(x, x_view, dy, dy_view, dx, dx_view, norm, activation));
}

template <class T>
void activation_forward(const T* x, const MapView& x_view, T* y, const MapView& y_view,
                        Activation activation) {
  check_same("activation_forward", x_view, y_view);
  ALEXNET_DISPATCH(activation_forward(x, x_view, y, y_view, activation));
}

template <class T>
void activation_backward_from_output(const T* y, const MapView& y_view, const T* dy, const MapView& dy_view,
                                     T* dx, const MapView& dx_view, Activation activation) {
  check_same("activation_backward_from_output", y_view, dy_view);
  check_same("activation_backward_from_output", y_view, dx_view);
  ALEXNET_DISPATCH(activation_backward_from_output(y, y_view, dy, dy_view, dx, dx_view, activation));
}

template <class T>
void dropout_forward(const T* x, const MapView& x_view, T* y, const MapView& y_view, uint8_t* kept,
                     const DropoutDraw& draw) {
  check_same("dropout_forward", x_view, y_view);
  ALEXNET_DISPATCH(dropout_forward(x, x_view, y, y_view, kept, draw));
}

template <class T>
void dropout_backward(const T* dy, const MapView& dy_view, T* dx, const MapView& dx_view, const uint8_t* kept,
                      float scale) {
  check_same("dropout_backward", dy_view, dx_view);
  ALEXNET_DISPATCH(dropout_backward(dy, dy_view, dx, dx_view, kept, scale));
}

template <class From, class To>
void copy_map(const From* from, const MapView& from_view, To* to, const MapView& to_view) {
  check_same("copy_map", from_view, to_view);
  ALEXNET_DISPATCH(copy_map(from, from_view, to, to_view));
}

template <class T>
void add_map(const T* from, const MapView& from_view, T* to, const MapView& to_view) {
  check_same("add_map", from_view, to_view);
  ALEXNET_DISPATCH(add_map(from, from_view, to, to_view));
}

#define ALEXNET_INSTANTIATE(T)                                                                               \
  template void lrn_forward(const T*, const MapView&, T*, const MapView&, const LrnSpec&);                   \
  template void lrn_backward(const T*, const MapView&, const T*, const MapView&, T*, const MapView&,         \
                             const LrnSpec&, std::optional<Activation>);                                     \
  template void lrn_pool_forward(const T*, const MapView&, T*, const MapView&, uint8_t*, const LrnSpec&,     \
                                 const PoolSpec&);                                                           \
  template void lrn_pool_backward(const T*, const MapView&, const T*, const MapView&, const uint8_t*, T*,    \
                                  const MapView&, const LrnSpec&, const PoolSpec&,                           \
                                  std::optional<Activation>);                                                \
  template void pool_forward(const T*, const MapView&, T*, const MapView&, uint8_t*, const PoolSpec&);       \
  template void pool_backward(const T*, const MapView&, const T*, const MapView&, const uint8_t*, T*,        \
                              const MapView&, const PoolSpec&, std::optional<Activation>);                   \
  template void spatial_norm_forward(const T*, const MapView&, T*, const MapView&, const SpatialNormSpec&);  \
  template void spatial_norm_backward(const T*, const MapView&, const T*, const MapView&, T*,                \
                                      const MapView&, const SpatialNormSpec&, std::optional<Activation>);    \
  template void activation_forward(const T*, const MapView&, T*, const MapView&, Activation);                \
  template void activation_backward_from_output(const T*, const MapView&, const T*, const MapView&, T*,      \
                                                const MapView&, Activation);                                 \
  template void dropout_forward(const T*, const MapView&, T*, const MapView&, uint8_t*, const DropoutDraw&); \
  template void dropout_backward(const T*, const MapView&, T*, const MapView&, const uint8_t*, float);       \
  template void copy_map(const T*, const MapView&, float*, const MapView&);                                  \
  template void copy_map(const T*, const MapView&, Bf16*, const MapView&);                                   \
  template void add_map(const T*, const MapView&, T*, const MapView&);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)

}  // namespace alexnet::cpu
