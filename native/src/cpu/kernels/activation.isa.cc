// ReLU, tanh and the logistic function, and their derivatives taken from their outputs.
#include "cpu/kernels/isa_kernels.h"
#include "cpu/kernels/map_loops.h"
#include "cpu/kernels/simd_math.h"

namespace alexnet::ALEXNET_ISA {
namespace {

template <Activation kKind>
ALEXNET_INLINE F16 activate(const F16& x) {
  if constexpr (kKind == Activation::kRelu) return relu(x);
  if constexpr (kKind == Activation::kTanh) return tanh(x);
  if constexpr (kKind == Activation::kSigmoid) return sigmoid(x);
}

/// Calls body.template operator()<Activation>().
template <class Body>
void with_activation(Activation activation, const Body& body) {
  switch (activation) {
    case Activation::kRelu:
      return body.template operator()<Activation::kRelu>();
    case Activation::kTanh:
      return body.template operator()<Activation::kTanh>();
    case Activation::kSigmoid:
      return body.template operator()<Activation::kSigmoid>();
  }
}

}  // namespace

template <class T>
void activation_forward(const T* x, const MapView& x_view, T* y, const MapView& y_view,
                        Activation activation) {
  with_activation(activation, [&]<Activation kKind>() {
    for_each_pixel(x_view, [&](int64_t image, int64_t b, int64_t h, int64_t w) ALEXNET_LAMBDA {
      F16 v = activate<kKind>(load(x + x_view.offset(image, b, h, w)));
      if constexpr (kKind == Activation::kSigmoid) {  // the only one that is not zero at zero
        v = keep_where(first_lanes(x_view.channels - b * 16), v);
      }
      store(y + y_view.offset(image, b, h, w), v);
    });
  });
}

template <class T>
void activation_forward(const T* x, T* y, int64_t count, Activation activation) {
  with_activation(activation, [&]<Activation kKind>() {
    for_each_sixteen(
        count, [&](int64_t i) ALEXNET_LAMBDA { store(y + i, activate<kKind>(load(x + i))); },
        [&](int64_t i, int64_t n) { store_first(y + i, activate<kKind>(load_first(x + i, n)), n); });
  });
}

template <class T>
void activation_backward_from_output(const T* y, const MapView& y_view, const T* dy, const MapView& dy_view,
                                     T* dx, const MapView& dx_view, Activation activation) {
  const Derivative derivative = derivative_of(activation);
  for_each_pixel(y_view, [&](int64_t image, int64_t b, int64_t h, int64_t w) ALEXNET_LAMBDA {
    const F16 gradient = load(dy + dy_view.offset(image, b, h, w));
    const F16 output = load(y + y_view.offset(image, b, h, w));
    store(dx + dx_view.offset(image, b, h, w), times_derivative(derivative, gradient, output));
  });
}

template <class T>
void activation_backward_from_output(const T* y, const T* dy, T* dx, int64_t count, Activation activation) {
  const Derivative derivative = derivative_of(activation);
  for_each_sixteen(
      count,
      [&](int64_t i)
          ALEXNET_LAMBDA { store(dx + i, times_derivative(derivative, load(dy + i), load(y + i))); },
      [&](int64_t i, int64_t n) {
        store_first(dx + i, times_derivative(derivative, load_first(dy + i, n), load_first(y + i, n)), n);
      });
}

#define ALEXNET_INSTANTIATE(T)                                                                          \
  template void activation_forward(const T*, const MapView&, T*, const MapView&, Activation);           \
  template void activation_forward(const T*, T*, int64_t, Activation);                                  \
  template void activation_backward_from_output(const T*, const MapView&, const T*, const MapView&, T*, \
                                                const MapView&, Activation);                            \
  template void activation_backward_from_output(const T*, const T*, T*, int64_t, Activation);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)

}  // namespace alexnet::ALEXNET_ISA
