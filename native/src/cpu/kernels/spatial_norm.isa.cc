// Response normalisation over a window inside each map, the extra layer of the original 2012 code:
//   y = x s^-beta,  s = k + alpha sum_window x^2
// Box sums are separable: along rows into a plane of the channel block, then down its columns.
#include "cpu/kernels/isa_kernels.h"
#include "cpu/kernels/lrn_pixel.h"
#include "cpu/kernels/parallel.h"

namespace alexnet::ALEXNET_ISA {
namespace {

/// sums[(h * width + w) * 16 + lane] = sum of value(h, w + j), |j| <= half, inside the map.
template <class Value>
ALEXNET_INLINE void row_sums(int64_t height, int64_t width, int64_t half, float* sums, const Value& value) {
  for (int64_t h = 0; h < height; ++h) {
    for (int64_t w = 0; w < width; ++w) {
      const int64_t first = w < half ? 0 : w - half;
      const int64_t last = w + half < width ? w + half + 1 : width;
      F16 sum = splat(0.0f);
      for (int64_t i = first; i < last; ++i) sum = sum + value(h, i);
      store(sums + (h * width + w) * 16, sum);
    }
  }
}

ALEXNET_INLINE F16 column_sum(const float* row_sums, int64_t height, int64_t width, int64_t half, int64_t h,
                              int64_t w) {
  const int64_t first = h < half ? 0 : h - half;
  const int64_t last = h + half < height ? h + half + 1 : height;
  F16 sum = splat(0.0f);
  for (int64_t i = first; i < last; ++i) sum = sum + load(row_sums + (i * width + w) * 16);
  return sum;
}

template <class Body>
void with_power(double beta, const Body& body) {
  if (beta == 0.75) return body.template operator()<ThreeQuarters>();
  body.template operator()<AnyPower>();
}

}  // namespace

template <class T>
void spatial_norm_forward(const T* x, const MapView& x_view, T* y, const MapView& y_view,
                          const SpatialNormSpec& norm) {
  const int64_t height = x_view.height, width = x_view.width, half = norm.size / 2;
  const int threads = cpu::team_size(x_view.images * x_view.blocks);
  const cpu::Scratch scratch(threads, height * width * 16);
  const F16 k = splat(static_cast<float>(norm.k)), alpha = splat(static_cast<float>(norm.alpha));
  with_power(norm.beta, [&]<class Power>() {
    const Power power(norm.beta);
    const auto planes = [&](int64_t image, int64_t first, int64_t last, int thread) {
      float* sums = scratch.of_thread(thread);
      for (int64_t b = first; b < last; ++b) {
        const auto at = [&](int64_t h, int64_t w)
                            ALEXNET_LAMBDA { return load(x + x_view.offset(image, b, h, w)); };
        row_sums(height, width, half, sums, [&](int64_t h, int64_t w) ALEXNET_LAMBDA {
          const F16 v = at(h, w);
          return v * v;
        });
        for (int64_t h = 0; h < height; ++h) {
          for (int64_t w = 0; w < width; ++w) {
            const F16 s = k + alpha * column_sum(sums, height, width, half, h, w);
            store(y + y_view.offset(image, b, h, w), at(h, w) * power(s).scale);
          }
        }
      }
    };
    parallel_rows(x_view.images, x_view.blocks, threads, planes);
  });
}

template <class T>
void spatial_norm_backward(const T* x, const MapView& x_view, const T* dy, const MapView& dy_view, T* dx,
                           const MapView& dx_view, const SpatialNormSpec& norm,
                           std::optional<Activation> activation) {
  const Derivative derivative = derivative_of(activation);
  const int64_t height = x_view.height, width = x_view.width, half = norm.size / 2;
  const int64_t plane = height * width * 16;
  const int threads = cpu::team_size(x_view.images * x_view.blocks);
  const cpu::Scratch scratch(threads, 3 * plane);
  const F16 k = splat(static_cast<float>(norm.k)), alpha = splat(static_cast<float>(norm.alpha));
  const F16 slope = splat(static_cast<float>(2 * norm.alpha * norm.beta));
  with_power(norm.beta, [&]<class Power>() {
    const Power power(norm.beta);
    const auto planes = [&](int64_t image, int64_t first, int64_t last, int thread) {
      float* sums = scratch.of_thread(thread);
      float* weights = sums + plane;    // dy x s^(-beta - 1)
      float* direct = weights + plane;  // dy s^-beta
      for (int64_t b = first; b < last; ++b) {
        const auto at = [&](int64_t h, int64_t w)
                            ALEXNET_LAMBDA { return load(x + x_view.offset(image, b, h, w)); };
        row_sums(height, width, half, sums, [&](int64_t h, int64_t w) ALEXNET_LAMBDA {
          const F16 v = at(h, w);
          return v * v;
        });
        for (int64_t h = 0; h < height; ++h) {
          for (int64_t w = 0; w < width; ++w) {
            const F16 s = k + alpha * column_sum(sums, height, width, half, h, w);
            const LrnPowers powers = power(s);
            const F16 d = load(dy + dy_view.offset(image, b, h, w));
            store(weights + (h * width + w) * 16, d * at(h, w) * powers.slope);
            store(direct + (h * width + w) * 16, d * powers.scale);
          }
        }
        row_sums(height, width, half, sums,
                 [&](int64_t h, int64_t w) ALEXNET_LAMBDA { return load(weights + (h * width + w) * 16); });
        for (int64_t h = 0; h < height; ++h) {
          for (int64_t w = 0; w < width; ++w) {
            const F16 v = at(h, w);
            const F16 sum = column_sum(sums, height, width, half, h, w);
            const F16 d = load(direct + (h * width + w) * 16) - slope * v * sum;
            store(dx + dx_view.offset(image, b, h, w), times_derivative(derivative, d, v));
          }
        }
      }
    };
    parallel_rows(x_view.images, x_view.blocks, threads, planes);
  });
}

#define ALEXNET_INSTANTIATE(T)                                                                              \
  template void spatial_norm_forward(const T*, const MapView&, T*, const MapView&, const SpatialNormSpec&); \
  template void spatial_norm_backward(const T*, const MapView&, const T*, const MapView&, T*,               \
                                      const MapView&, const SpatialNormSpec&, std::optional<Activation>);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)

}  // namespace alexnet::ALEXNET_ISA
