// Local response normalisation over neighbouring maps of one column (paper section 3.3), alone or as what a
// pooling reads, and its way back, alone or out of a pooling:
//   y = x s^-beta,  s = k + alpha sum_window x^2
//   dx = dy s^-beta - 2 alpha beta x sum_{windows that hold it} dy x s^(-beta - 1)
// A thread takes eight channels of a pixel and reads their neighbours too: recomputing a neighbour's s is
// cheaper than telling it to other threads. The way back out of a pooling is the one kernel of a step that is
// bound by its instructions and not by its bytes: some 850 (sm_90) for eight channels in bf16, which for the
// paper's first layer at batch 1024 are a millisecond of an H100's time, while its 1.4 GB pass in half of
// that. Windows other than five, powers other than 3/4, and maps that are
// not whole vectors, take one channel a thread.
#pragma once

#include <optional>
#include <type_traits>

#include "cuda/kernels/activation.h"
#include "cuda/kernels/norm.h"
#include "cuda/kernels/pool_gradient.h"

namespace alexnet::cuda {

/// Channels [channel - kReach, channel + 8 + kReach) of a pixel, zero outside the map; get(count, channel)
/// reads within it.
template <int kReach, class Get>
ALEXNET_HD Floats<kVector + 2 * kReach> around(int32_t channel, int32_t channels, const Get& get) {
  if constexpr (requires { get.template around<kReach>(channel, channels); })
    return get.template around<kReach>(channel, channels);
  Floats<kVector + 2 * kReach> all = zeros<kVector + 2 * kReach>();
  if (channel > 0) {
    const Floats<kReach> before = get.template operator()<kReach>(channel - kReach);
    ALEXNET_UNROLL
    for (int i = 0; i < kReach; ++i) all.v[i] = before.v[i];
  }
  const Floats<kVector> own = get.template operator()<kVector>(channel);
  ALEXNET_UNROLL
  for (int i = 0; i < kVector; ++i) all.v[kReach + i] = own.v[i];
  if (channel + kVector < channels) {
    const Floats<kReach> after = get.template operator()<kReach>(channel + kVector);
    ALEXNET_UNROLL
    for (int i = 0; i < kReach; ++i) all.v[kReach + kVector + i] = after.v[i];
  }
  return all;
}

/// Reads channels of one pixel of a map.
template <class T>
struct PixelReader {
  Map<const T> map;
  int64_t image;
  int32_t pixel;

  template <int kCount>
  ALEXNET_HD Floats<kCount> operator()(int32_t channel) const {
    return load<kCount>(address<kCount>(map, image, pixel, channel));
  }
};

/// The squares of five values, the middle one at `i`.
template <int kCount>
ALEXNET_HD float five_squares(const Floats<kCount>& x, int i) {
  return x.v[i - 2] * x.v[i - 2] + x.v[i - 1] * x.v[i - 1] + x.v[i] * x.v[i] + x.v[i + 1] * x.v[i + 1] +
         x.v[i + 2] * x.v[i + 2];
}

/// LRN(x) of kWidth channels: what a kernel reads that normalises on the way.
template <class T, int kWidth>
struct Normalised {
  Map<const T> x;
  int32_t channels;
  NormConstants norm;

  ALEXNET_HD Floats<kWidth> get(int64_t image, int32_t pixel, int32_t channel) const {
    Floats<kWidth> y;
    if constexpr (kWidth == 1) {
      y.v[0] = to_float(*address<1>(x, image, pixel, channel)) *
               norm_powers<false>(norm, squares(image, pixel, channel)).scale;
    } else {
      const Floats<kWidth + 4> v = around<2>(channel, channels, PixelReader<T>{x, image, pixel});
      ALEXNET_UNROLL
      for (int i = 0; i < kWidth; ++i)
        y.v[i] = v.v[i + 2] * norm_powers<true>(norm, five_squares(v, i + 2)).scale;
    }
    return y;
  }

  /// The sum of squares of one channel's window of any size.
  ALEXNET_HD float squares(int64_t image, int32_t pixel, int32_t channel) const {
    const int32_t first = channel < norm.half ? 0 : channel - norm.half;
    const int32_t last = channel + norm.half < channels ? channel + norm.half : channels - 1;
    float sum = 0;
    for (int32_t c = first; c <= last; ++c) {
      const float v = to_float(*address<1>(x, image, pixel, c));
      sum += v * v;
    }
    return sum;
  }
};

template <class T, int kWidth>
struct LrnForward {
  Normalised<T, kWidth> source;
  Map<T> y;
  bool relu_after;
  Order<kWidth> order;

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const MapPlace place = order(index);
    Floats<kWidth> v = source.get(image, place.pixel, place.channel);
    relu_where(relu_after, v);
    store<kWidth>(address<kWidth>(y, image, place.pixel, place.channel), v);
  }
};

/// `Gradient` is DirectGradient or PooledGradient of the normalised map. A ReLU after the normalisation (and
/// the pooling) lets through what had a positive x, for s is positive.
template <class T, int kWidth, class Gradient>
struct LrnBackward {
  Normalised<T, kWidth> source;
  Gradient gradient;
  Map<T> dx;
  int32_t width;
  bool relu_after;
  Derivative before;  // of the activation whose output x is
  Order<kWidth> order;

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const MapPlace place = order(index);
    const auto gradient_at = gradient.at(image, place.pixel / width, place.pixel % width);
    const PixelReader<T> x_at{source.x, image, place.pixel};
    Floats<kWidth> result;
    if constexpr (kWidth == 1)
      result = one(x_at, gradient_at, place.channel);
    else
      result = five(x_at, gradient_at, place.channel);
    store<kWidth>(address<kWidth>(dx, image, place.pixel, place.channel), result);
  }

 private:
  /// Eight channels in windows of five.
  template <class GradientAt>
  ALEXNET_HD Floats<kWidth> five(const PixelReader<T>& x_at, const GradientAt& gradient_at,
                                 int32_t channel) const {
    const Floats<kWidth + 8> x = around<4>(channel, source.channels, x_at);
    Floats<kWidth + 4> d = around<2>(channel, source.channels, gradient_at);
    if (relu_after) {
      ALEXNET_UNROLL
      for (int i = 0; i < kWidth + 4; ++i) d.v[i] = x.v[i + 2] > 0 ? d.v[i] : 0.0f;
    }
    Floats<kWidth> own, result;
    ALEXNET_UNROLL
    for (int i = 0; i < kWidth + 4; ++i) {
      const NormPowers powers = norm_powers<true>(source.norm, five_squares(x, i + 2));
      if (i >= 2 && i < kWidth + 2) own.v[i - 2] = d.v[i] * powers.scale;
      d.v[i] *= x.v[i + 2] * powers.slope;
    }
    Floats<kWidth> own_x;
    ALEXNET_UNROLL
    for (int i = 0; i < kWidth; ++i) {
      const float shares = d.v[i] + d.v[i + 1] + d.v[i + 2] + d.v[i + 3] + d.v[i + 4];
      own_x.v[i] = x.v[i + 4];
      result.v[i] = own.v[i] - source.norm.slope * own_x.v[i] * shares;
    }
    return times_derivative(before, result, own_x);
  }

  /// One channel in a window of any size.
  template <class GradientAt>
  ALEXNET_HD Floats<1> one(const PixelReader<T>& x_at, const GradientAt& gradient_at, int32_t channel) const {
    const NormConstants& norm = source.norm;
    const int32_t first = channel < norm.half ? 0 : channel - norm.half;
    const int32_t last = channel + norm.half < source.channels ? channel + norm.half : source.channels - 1;
    const Floats<1> own_x = x_at.template operator()<1>(channel);
    float own = 0, shares = 0;
    for (int32_t c = first; c <= last; ++c) {
      const float x = x_at.template operator()<1>(c).v[0];
      float d = gradient_at.template operator()<1>(c).v[0];
      if (relu_after && !(x > 0)) d = 0;
      const NormPowers powers = norm_powers<false>(norm, source.squares(x_at.image, x_at.pixel, c));
      if (c == channel) own = d * powers.scale;
      shares += d * x * powers.slope;
    }
    return times_derivative(before, Floats<1>{{own - norm.slope * own_x.v[0] * shares}}, own_x);
  }
};

/// Whether the fast kernels have these constants.
inline bool is_usual(const LrnSpec& lrn) { return lrn.size == 5 && norm_constants(lrn).three_quarters; }

inline void check_lrn(const LrnSpec& lrn) {
  if (lrn.size < 1 || lrn.size % 2 == 0 || !(lrn.k > 0))
    throw Error(ErrorCode::kInvalidArgument, "an LRN window must be odd and its k positive");
}

template <class T, int kWidth>
Normalised<T, kWidth> normalised(const T* x, const MapView& view, const LrnSpec& lrn) {
  return {map_of(x, view), static_cast<int32_t>(view.channels), norm_constants(lrn)};
}

template <class Run, class T>
void run_lrn_forward(const Run& run, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                     const LrnSpec& lrn, bool relu_after) {
  check_lrn(lrn);
  check_alike(x_view, y_view, /*same_size=*/true);
  with_width(is_usual(lrn) && fits_vectors(x, x_view) && fits_vectors(y, y_view), [&]<int kWidth>() {
    const LrnForward<T, kWidth> op{normalised<T, kWidth>(x, x_view, lrn), map_of(y, y_view), relu_after,
                                   order_of<kWidth>(x_view, x_view.pixels())};
    run.each(op, x_view.images, threads_of<kWidth>(x_view, x_view.pixels()));
  });
}

template <class Run, class T, class Gradient>
void run_lrn_backward_from(const Run& run, const T* x, const MapView& x_view, const Gradient& gradient,
                           bool gradient_fits, T* dx, const MapView& dx_view, const LrnSpec& lrn,
                           bool relu_after, std::optional<Activation> before) {
  check_lrn(lrn);
  check_alike(x_view, dx_view, /*same_size=*/true);
  const bool vectors = is_usual(lrn) && gradient_fits && fits_vectors(x, x_view) && fits_vectors(dx, dx_view);
  with_width(vectors, [&]<int kWidth>() {
    const LrnBackward<T, kWidth, Gradient> op{
        normalised<T, kWidth>(x, x_view, lrn),    gradient,   map_of(dx, dx_view),
        static_cast<int32_t>(x_view.width),       relu_after, derivative_of(before),
        order_of<kWidth>(x_view, x_view.pixels())};
    run.each(op, x_view.images, threads_of<kWidth>(x_view, x_view.pixels()));
  });
}

template <class Run, class T>
void run_lrn_backward(const Run& run, const T* x, const MapView& x_view, const T* dy, const MapView& dy_view,
                      T* dx, const MapView& dx_view, const LrnSpec& lrn, bool relu_after,
                      std::optional<Activation> before) {
  check_alike(x_view, dy_view, /*same_size=*/true);
  run_lrn_backward_from(run, x, x_view, direct_gradient(dy, dy_view), fits_vectors(dy, dy_view), dx, dx_view,
                        lrn, relu_after, before);
}

template <class Run, class T>
void run_lrn_pool_backward(const Run& run, const T* x, const MapView& x_view, const T* dy,
                           const MapView& dy_view, const uint8_t* winners, T* dx, const MapView& dx_view,
                           const LrnSpec& lrn, const PoolSpec& pool, bool relu_after,
                           std::optional<Activation> before) {
  check_pool(x_view, dy_view, pool);
  with_pooled_gradient(dy, dy_view, winners, pool, [&](const auto& gradient) {
    run_lrn_backward_from(run, x, x_view, gradient, fits_vectors(dy, dy_view, winners), dx, dx_view, lrn,
                          relu_after, before);
  });
}

}  // namespace alexnet::cuda
