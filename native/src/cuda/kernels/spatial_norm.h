// Response normalisation over a window inside each map, the extra layer of the original 2012 code:
//   y = x s^-beta,  s = k + alpha sum_window x^2
// The way back goes twice over the map: first every pixel's share dy x s^(-beta - 1) into working memory,
// then each pixel sums its neighbours' shares.
#pragma once

#include <algorithm>
#include <optional>

#include "cuda/kernels/activation.h"
#include "cuda/kernels/norm.h"

namespace alexnet::cuda {

/// A map's pixels around a pixel; positions outside the map count as nothing.
template <int kWidth>
struct Neighbourhood {
  int32_t height, width, half;

  /// The sum of term(pixel) over the window around `pixel`.
  template <class Term>
  ALEXNET_HD Floats<kWidth> sum(int32_t pixel, const Term& term) const {
    const int32_t h = pixel / width, w = pixel % width;
    const int32_t top = h < half ? 0 : h - half, bottom = h + half < height ? h + half : height - 1;
    const int32_t left = w < half ? 0 : w - half, right = w + half < width ? w + half : width - 1;
    Floats<kWidth> total = zeros<kWidth>();
    for (int32_t i = top; i <= bottom; ++i) {
      for (int32_t j = left; j <= right; ++j) {
        const Floats<kWidth> v = term(i * width + j);
        ALEXNET_UNROLL
        for (int c = 0; c < kWidth; ++c) total.v[c] += v.v[c];
      }
    }
    return total;
  }
};

/// What the three kernels share: a map and its constants.
template <class T, int kWidth>
struct SpatialScale {
  Map<const T> x;
  Neighbourhood<kWidth> near;
  NormConstants norm;

  struct Square {
    const SpatialScale& scale;
    int64_t image;
    int32_t channel;
    ALEXNET_HD Floats<kWidth> operator()(int32_t pixel) const {
      Floats<kWidth> v = load<kWidth>(address<kWidth>(scale.x, image, pixel, channel));
      ALEXNET_UNROLL
      for (int i = 0; i < kWidth; ++i) v.v[i] *= v.v[i];
      return v;
    }
  };

  ALEXNET_HD Floats<kWidth> squares(int64_t image, int32_t pixel, int32_t channel) const {
    return near.sum(pixel, Square{*this, image, channel});
  }
};

template <class T, int kWidth>
struct SpatialNormForward {
  SpatialScale<T, kWidth> scale;
  Map<T> y;
  Order<kWidth> order;

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const MapPlace place = order(index);
    const Floats<kWidth> squares = scale.squares(image, place.pixel, place.channel);
    Floats<kWidth> v = load<kWidth>(address<kWidth>(scale.x, image, place.pixel, place.channel));
    ALEXNET_UNROLL
    for (int i = 0; i < kWidth; ++i) v.v[i] *= norm_powers<(kWidth > 1)>(scale.norm, squares.v[i]).scale;
    store<kWidth>(address<kWidth>(y, image, place.pixel, place.channel), v);
  }
};

/// shares = dy x s^(-beta - 1), in float.
template <class T, int kWidth>
struct SpatialNormShares {
  SpatialScale<T, kWidth> scale;
  Map<const T> dy;
  Map<float> shares;
  Order<kWidth> order;

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const MapPlace place = order(index);
    const Floats<kWidth> squares = scale.squares(image, place.pixel, place.channel);
    const Floats<kWidth> x = load<kWidth>(address<kWidth>(scale.x, image, place.pixel, place.channel));
    Floats<kWidth> v = load<kWidth>(address<kWidth>(dy, image, place.pixel, place.channel));
    ALEXNET_UNROLL
    for (int i = 0; i < kWidth; ++i)
      v.v[i] *= x.v[i] * norm_powers<(kWidth > 1)>(scale.norm, squares.v[i]).slope;
    store<kWidth>(address<kWidth>(shares, image, place.pixel, place.channel), v);
  }
};

/// dx = dy s^-beta - 2 alpha beta x sum_window shares, times f' of the activation whose output x is.
template <class T, int kWidth>
struct SpatialNormBackward {
  SpatialScale<T, kWidth> scale;
  Map<const T> dy;
  Map<const float> shares;
  Map<T> dx;
  Derivative before;
  Order<kWidth> order;

  struct Share {
    const SpatialNormBackward& op;
    int64_t image;
    int32_t channel;
    ALEXNET_HD Floats<kWidth> operator()(int32_t pixel) const {
      return load<kWidth>(address<kWidth>(op.shares, image, pixel, channel));
    }
  };

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const MapPlace place = order(index);
    const Floats<kWidth> squares = scale.squares(image, place.pixel, place.channel);
    const Floats<kWidth> sum = scale.near.sum(place.pixel, Share{*this, image, place.channel});
    const Floats<kWidth> x = load<kWidth>(address<kWidth>(scale.x, image, place.pixel, place.channel));
    Floats<kWidth> v = load<kWidth>(address<kWidth>(dy, image, place.pixel, place.channel));
    ALEXNET_UNROLL
    for (int i = 0; i < kWidth; ++i) {
      v.v[i] = v.v[i] * norm_powers<(kWidth > 1)>(scale.norm, squares.v[i]).scale -
               scale.norm.slope * x.v[i] * sum.v[i];
    }
    store<kWidth>(address<kWidth>(dx, image, place.pixel, place.channel), times_derivative(before, v, x));
  }
};

inline void check_spatial_norm(const SpatialNormSpec& norm) {
  if (norm.size < 1 || norm.size % 2 == 0 || !(norm.k > 0))
    throw Error(ErrorCode::kInvalidArgument, "a spatial norm's window must be odd and its k positive");
}

template <class T, int kWidth>
SpatialScale<T, kWidth> spatial_scale(const T* x, const MapView& view, const SpatialNormSpec& norm) {
  return {map_of(x, view),
          {static_cast<int32_t>(view.height), static_cast<int32_t>(view.width),
           static_cast<int32_t>(norm.size / 2)},
          norm_constants(norm)};
}

template <class Run, class T>
void run_spatial_norm_forward(const Run& run, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                              const SpatialNormSpec& norm) {
  check_spatial_norm(norm);
  check_alike(x_view, y_view, /*same_size=*/true);
  const bool fast = norm_constants(norm).three_quarters;
  with_width(fast && fits_vectors(x, x_view) && fits_vectors(y, y_view), [&]<int kWidth>() {
    const SpatialNormForward<T, kWidth> op{spatial_scale<T, kWidth>(x, x_view, norm), map_of(y, y_view),
                                           order_of<kWidth>(x_view, x_view.pixels())};
    run.each(op, x_view.images, threads_of<kWidth>(x_view, x_view.pixels()));
  });
}

/// `shares`: working memory for `shares_count` floats, at least one image's values; with more, more images
/// are done at a time.
template <class Run, class T>
void run_spatial_norm_backward(const Run& run, const T* x, const MapView& x_view, const T* dy,
                               const MapView& dy_view, T* dx, const MapView& dx_view,
                               const SpatialNormSpec& norm, std::optional<Activation> before, float* shares,
                               int64_t shares_count) {
  check_spatial_norm(norm);
  check_alike(x_view, dy_view, /*same_size=*/true);
  check_alike(x_view, dx_view, /*same_size=*/true);
  const int64_t image_values = x_view.channels * x_view.pixels();
  const int64_t at_once = shares_count / image_values;
  if (at_once < 1)
    throw Error(ErrorCode::kInvalidArgument, "the spatial norm's working memory must hold an image, " +
                                                 std::to_string(image_values) + " floats");
  for (int64_t first = 0; first < x_view.images; first += at_once) {
    MapView part = x_view;
    part.images = std::min(at_once, x_view.images - first);
    const MapView shares_view = dense_like(part);
    const T* part_x = x + first * x_view.image_stride;
    const T* part_dy = dy + first * dy_view.image_stride;
    T* part_dx = dx + first * dx_view.image_stride;
    const bool vectors = norm_constants(norm).three_quarters && fits_vectors(part_x, x_view) &&
                         fits_vectors(part_dy, dy_view) && fits_vectors(part_dx, dx_view) &&
                         fits_vectors(shares, shares_view);
    with_width(vectors, [&]<int kWidth>() {
      const auto scale = spatial_scale<T, kWidth>(part_x, part, norm);
      const auto order = order_of<kWidth>(part, part.pixels());
      const int64_t threads = threads_of<kWidth>(part, part.pixels());
      const SpatialNormShares<T, kWidth> make{scale, map_of(part_dy, dy_view), map_of(shares, shares_view),
                                              order};
      run.each(make, part.images, threads);
      const SpatialNormBackward<T, kWidth> back{scale,
                                                map_of(part_dy, dy_view),
                                                map_of(static_cast<const float*>(shares), shares_view),
                                                map_of(part_dx, dx_view),
                                                derivative_of(before),
                                                order};
      run.each(back, part.images, threads);
    });
  }
}

}  // namespace alexnet::cuda
