// ReLU, tanh and the logistic function, their derivatives taken from their outputs, and the bias before them.
#pragma once

#include <optional>

#include "alexnet/net_spec.h"
#include "cuda/kernels/maps.h"

namespace alexnet::cuda {

/// max(x, 0); NaN stays NaN, so that a diverged run is seen.
ALEXNET_HD float relu(float x) { return 0.0f > x ? 0.0f : x; }

ALEXNET_HD float activate(Activation kind, float x) {
  if (kind == Activation::kTanh) return tanhf(x);
  if (kind == Activation::kSigmoid) return 1.0f / (1.0f + expf(-x));
  return relu(x);
}

/// What a backward kernel's last factor is. A choice at run time: every thread takes the same branch.
enum class Derivative { kOne, kRelu, kTanh, kSigmoid };

inline Derivative derivative_of(const std::optional<Activation>& activation) {
  if (!activation) return Derivative::kOne;
  return *activation == Activation::kRelu   ? Derivative::kRelu
         : *activation == Activation::kTanh ? Derivative::kTanh
                                            : Derivative::kSigmoid;
}

/// gradient * f'(.), f' from f's output.
template <int kCount>
ALEXNET_HD Floats<kCount> times_derivative(Derivative kind, Floats<kCount> gradient,
                                           const Floats<kCount>& output) {
  if (kind == Derivative::kRelu) {
    ALEXNET_UNROLL
    for (int i = 0; i < kCount; ++i) gradient.v[i] = output.v[i] > 0 ? gradient.v[i] : 0.0f;
  } else if (kind == Derivative::kTanh) {
    ALEXNET_UNROLL
    for (int i = 0; i < kCount; ++i) gradient.v[i] *= 1 - output.v[i] * output.v[i];
  } else if (kind == Derivative::kSigmoid) {
    ALEXNET_UNROLL
    for (int i = 0; i < kCount; ++i) gradient.v[i] *= output.v[i] * (1 - output.v[i]);
  }
  return gradient;
}

/// max(v, 0) where `wanted`.
template <int kCount>
ALEXNET_HD void relu_where(bool wanted, Floats<kCount>& values) {
  if (!wanted) return;
  ALEXNET_UNROLL
  for (int i = 0; i < kCount; ++i) values.v[i] = relu(values.v[i]);
}

/// y = f(x + bias of the channel); without bias or without activation where those are not wanted.
template <class T, int kWidth>
struct BiasActivation {
  Map<const T> x;
  Map<T> y;
  const float* bias;  // [channels], or null
  bool activated;
  Activation activation;
  Order<kWidth> order;

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const MapPlace place = order(index);
    Floats<kWidth> v = load<kWidth>(address<kWidth>(x, image, place.pixel, place.channel));
    ALEXNET_UNROLL
    for (int i = 0; i < kWidth; ++i) {
      if (bias) v.v[i] += bias[place.channel + i];
      if (activated) v.v[i] = activate(activation, v.v[i]);
    }
    store<kWidth>(address<kWidth>(y, image, place.pixel, place.channel), v);
  }
};

/// dx = dy f'(x), f' from its output y.
template <class T, int kWidth>
struct ActivationBackward {
  Map<const T> y, dy;
  Map<T> dx;
  Derivative derivative;
  Order<kWidth> order;

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const MapPlace place = order(index);
    const Floats<kWidth> output = load<kWidth>(address<kWidth>(y, image, place.pixel, place.channel));
    const Floats<kWidth> v = load<kWidth>(address<kWidth>(dy, image, place.pixel, place.channel));
    store<kWidth>(address<kWidth>(dx, image, place.pixel, place.channel),
                  times_derivative(derivative, v, output));
  }
};

template <class Run, class T>
void run_bias_activation(const Run& run, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                         const float* bias, std::optional<Activation> activation) {
  check_alike(x_view, y_view, /*same_size=*/true);
  const auto go = [&]<int kWidth>() {
    const BiasActivation<T, kWidth> op{map_of(x, x_view),
                                       map_of(y, y_view),
                                       bias,
                                       activation.has_value(),
                                       activation.value_or(Activation::kRelu),
                                       order_of<kWidth>(x_view, x_view.pixels())};
    run.each(op, x_view.images, threads_of<kWidth>(x_view, x_view.pixels()));
  };
  with_width(fits_vectors(x, x_view) && fits_vectors(y, y_view), go);
}

template <class Run, class T>
void run_activation_backward(const Run& run, const T* y, const MapView& y_view, const T* dy,
                             const MapView& dy_view, T* dx, const MapView& dx_view, Activation activation) {
  check_alike(y_view, dy_view, /*same_size=*/true);
  check_alike(y_view, dx_view, /*same_size=*/true);
  const auto go = [&]<int kWidth>() {
    const ActivationBackward<T, kWidth> op{map_of(y, y_view), map_of(dy, dy_view), map_of(dx, dx_view),
                                           derivative_of(activation),
                                           order_of<kWidth>(y_view, y_view.pixels())};
    run.each(op, y_view.images, threads_of<kWidth>(y_view, y_view.pixels()));
  };
  with_width(fits_vectors(y, y_view) && fits_vectors(dy, dy_view) && fits_vectors(dx, dx_view), go);
}

}  // namespace alexnet::cuda
