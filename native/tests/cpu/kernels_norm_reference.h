// Local response normalisation and pooling in double, written as the formulas read.
#pragma once

#include "kernels_testing.h"

namespace alexnet::testing {

inline double lrn_alpha(const LrnSpec& lrn) {
  return lrn.alpha_over_n ? lrn.alpha / static_cast<double>(lrn.size) : lrn.alpha;
}

/// s = k + alpha * sum over the window's maps of x^2.
inline double lrn_sum(const Maps& x, const LrnSpec& lrn, int64_t n, int64_t c, int64_t h, int64_t w) {
  double sum = 0;
  const int64_t first = c - lrn.size / 2;
  for (int64_t i = std::max<int64_t>(0, first); i < std::min(x.channels, first + lrn.size); ++i) {
    sum += x.at(n, i, h, w) * x.at(n, i, h, w);
  }
  return lrn.k + lrn_alpha(lrn) * sum;
}

template <class Body>
void each_value(const Maps& maps, const Body& body) {
  for (int64_t n = 0; n < maps.images; ++n) {
    for (int64_t c = 0; c < maps.channels; ++c) {
      for (int64_t h = 0; h < maps.height; ++h) {
        for (int64_t w = 0; w < maps.width; ++w) body(n, c, h, w);
      }
    }
  }
}

inline Maps lrn_reference(const Maps& x, const LrnSpec& lrn) {
  Maps y(x.images, x.channels, x.height, x.width);
  each_value(x, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
    y.at(n, c, h, w) = x.at(n, c, h, w) * std::pow(lrn_sum(x, lrn, n, c, h, w), -lrn.beta);
  });
  return y;
}

/// Sums d y_i / d x_j * dy_i over every i whose window holds j.
inline Maps lrn_backward_reference(const Maps& x, const Maps& dy, const LrnSpec& lrn,
                                   std::optional<Activation> activation) {
  Maps dx(x.images, x.channels, x.height, x.width);
  each_value(x, [&](int64_t n, int64_t i, int64_t h, int64_t w) {
    const double s = lrn_sum(x, lrn, n, i, h, w), d = dy.at(n, i, h, w);
    dx.at(n, i, h, w) += d * std::pow(s, -lrn.beta);
    const int64_t first = i - lrn.size / 2;
    for (int64_t j = std::max<int64_t>(0, first); j < std::min(x.channels, first + lrn.size); ++j) {
      dx.at(n, j, h, w) -= d * x.at(n, i, h, w) * lrn.beta * std::pow(s, -lrn.beta - 1) * lrn_alpha(lrn) * 2 *
                           x.at(n, j, h, w);
    }
  });
  for (size_t i = 0; i < dx.values.size(); ++i) {
    dx.values[i] *= derivative_from_output(activation, x.values[i]);
  }
  return dx;
}

inline int64_t pooled_size(int64_t in, const PoolSpec& pool) {
  const int64_t rest = in - pool.size;
  return 1 + (pool.rounding == Rounding::kCeil ? (rest + pool.stride - 1) / pool.stride : rest / pool.stride);
}

/// The winner's place in its window, row * size + column: the first of the largest.
struct Pooled {
  Maps values;
  std::vector<int> places;  // in the order of values
};
inline Pooled pool_reference(const Maps& x, const PoolSpec& pool) {
  Pooled out{Maps(x.images, x.channels, pooled_size(x.height, pool), pooled_size(x.width, pool)), {}};
  each_value(out.values, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
    double best = -INFINITY;
    int place = 0;
    for (int64_t i = 0; i < pool.size && h * pool.stride + i < x.height; ++i) {
      for (int64_t j = 0; j < pool.size && w * pool.stride + j < x.width; ++j) {
        const double v = x.at(n, c, h * pool.stride + i, w * pool.stride + j);
        if (v > best) best = v, place = static_cast<int>(i * pool.size + j);
      }
    }
    out.values.at(n, c, h, w) = best;
    out.places.push_back(place);
  });
  return out;
}

inline Maps unpool_reference(const Maps& dy, const std::vector<int>& places, int64_t height, int64_t width,
                             const PoolSpec& pool) {
  Maps dx(dy.images, dy.channels, height, width);
  size_t i = 0;
  each_value(dy, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
    const int64_t place = places[i++];
    dx.at(n, c, h * pool.stride + place / pool.size, w * pool.stride + place % pool.size) +=
        dy.at(n, c, h, w);
  });
  return dx;
}

/// A kernel's argmax (dense nChw16c) in the order of Maps::values.
inline std::vector<int> places_of(const std::vector<uint8_t>& argmax, const Maps& shape) {
  std::vector<int> places;
  const MapView view = cpu::blocked_view(shape.images, shape.channels, shape.height, shape.width);
  each_value(shape, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
    places.push_back(argmax[static_cast<size_t>(view.offset(n, c / 16, h, w) + c % 16)]);
  });
  return places;
}

}  // namespace alexnet::testing
