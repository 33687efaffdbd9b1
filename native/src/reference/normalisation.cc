// Both response normalisations. They differ only in which values are neighbours, and being a neighbour is
// mutual, so that one formula serves both and both directions:
//   s = k + alpha sum(x^2 of the neighbours), y = x s^-beta,
//   dx = dy s^-beta - 2 alpha beta x sum(dy x s^(-beta-1) of the neighbours).
#include "reference/layers.h"

#include <algorithm>
#include <cmath>

namespace alexnet::reference {

namespace {

struct Constants {
  double k, alpha, beta;
};

/// The sum of v over the maps within `half` of each map, in the same column.
Values sum_across_maps(const Values& v, int64_t batch, const Shape& shape, int columns, int64_t half) {
  const int64_t pixels = shape.height * shape.width;
  Values sums(v.size());
  for (int64_t n = 0; n < batch; ++n) {
    for (int column = 0; column < columns; ++column) {
      const Range maps = column_range(shape.channels, columns, column);
      for (int64_t c = maps.begin; c < maps.end; ++c) {
        const int64_t first = std::max(maps.begin, c - half), last = std::min(maps.end - 1, c + half);
        for (int64_t other = first; other <= last; ++other) {
          for (int64_t p = 0; p < pixels; ++p) {
            sums[(n * shape.channels + c) * pixels + p] += v[(n * shape.channels + other) * pixels + p];
          }
        }
      }
    }
  }
  return sums;
}

/// The sum of v over the pixels within `half` rows and columns of each pixel, in the same map.
Values sum_inside_maps(const Values& v, int64_t batch, const Shape& shape, int64_t half) {
  Values sums(v.size());
  for (int64_t map = 0; map < batch * shape.channels; ++map) {
    const int64_t base = map * shape.height * shape.width;
    for (int64_t i = 0; i < shape.height; ++i) {
      for (int64_t j = 0; j < shape.width; ++j) {
        double sum = 0;
        for (int64_t u = std::max<int64_t>(0, i - half); u <= std::min(shape.height - 1, i + half); ++u) {
          for (int64_t w = std::max<int64_t>(0, j - half); w <= std::min(shape.width - 1, j + half); ++w) {
            sum += v[base + u * shape.width + w];
          }
        }
        sums[base + i * shape.width + j] = sum;
      }
    }
  }
  return sums;
}

/// s of every value.
template <typename Sum>
Values scales(const Values& x, const Constants& c, const Sum& sum) {
  Values squares(x.size());
  for (size_t i = 0; i < x.size(); ++i) squares[i] = x[i] * x[i];
  Values s = sum(squares);
  for (double& value : s) value = c.k + c.alpha * value;
  return s;
}

template <typename Sum>
Values forward(const Values& x, const Constants& c, const Sum& sum) {
  Values y = scales(x, c, sum);
  for (size_t i = 0; i < x.size(); ++i) y[i] = x[i] * std::pow(y[i], -c.beta);
  return y;
}

template <typename Sum>
Values backward(const Values& x, const Values& dy, const Constants& c, const Sum& sum) {
  const Values s = scales(x, c, sum);
  Values shares(x.size());
  for (size_t i = 0; i < x.size(); ++i) shares[i] = dy[i] * x[i] * std::pow(s[i], -c.beta - 1);
  const Values spread = sum(shares);
  Values dx(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    dx[i] = dy[i] * std::pow(s[i], -c.beta) - 2 * c.alpha * c.beta * x[i] * spread[i];
  }
  return dx;
}

Constants constants(const LrnSpec& lrn) {
  return {lrn.k, lrn.alpha_over_n ? lrn.alpha / static_cast<double>(lrn.size) : lrn.alpha, lrn.beta};
}

Constants constants(const SpatialNormSpec& norm) { return {norm.k, norm.alpha, norm.beta}; }

}  // namespace

Values lrn_forward(const Values& x, int64_t batch, const Shape& shape, int columns, const LrnSpec& lrn) {
  return forward(x, constants(lrn),
                 [&](const Values& v) { return sum_across_maps(v, batch, shape, columns, lrn.size / 2); });
}

Values lrn_backward(const Values& x, const Values& dy, int64_t batch, const Shape& shape, int columns,
                    const LrnSpec& lrn) {
  return backward(x, dy, constants(lrn),
                  [&](const Values& v) { return sum_across_maps(v, batch, shape, columns, lrn.size / 2); });
}

Values spatial_norm_forward(const Values& x, int64_t batch, const Shape& shape, const SpatialNormSpec& norm) {
  return forward(x, constants(norm),
                 [&](const Values& v) { return sum_inside_maps(v, batch, shape, norm.size / 2); });
}

Values spatial_norm_backward(const Values& x, const Values& dy, int64_t batch, const Shape& shape,
                             const SpatialNormSpec& norm) {
  return backward(x, dy, constants(norm),
                  [&](const Values& v) { return sum_inside_maps(v, batch, shape, norm.size / 2); });
}

}  // namespace alexnet::reference
