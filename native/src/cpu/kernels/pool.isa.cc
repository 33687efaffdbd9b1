// Max-pooling that stands alone.
#include "cpu/kernels/isa_kernels.h"
#include "cpu/kernels/parallel.h"
#include "cpu/kernels/pool_rows.h"
#include "cpu/kernels/simd_math.h"

namespace alexnet::ALEXNET_ISA {

template <class T>
void pool_forward(const T* x, const MapView& x_view, T* y, const MapView& y_view, uint8_t* argmax,
                  const PoolSpec& pool) {
  const auto rows = [&](int64_t image, int64_t first, int64_t last, int) {
    for (int64_t oh = first; oh < last; ++oh) {
      const int64_t top = oh * pool.stride;
      const int64_t row_count = top + pool.size <= x_view.height ? pool.size : x_view.height - top;
      for (int64_t b = 0; b < x_view.blocks; ++b) {
        const T* window_rows[16];
        for (int64_t i = 0; i < row_count; ++i) window_rows[i] = x + x_view.offset(image, b, top + i, 0);
        const int64_t place = ((image * x_view.blocks + b) * y_view.height + oh) * y_view.width * 16;
        pool_row(window_rows, row_count, x_view.width, x_view.pixel_stride,
                 y + y_view.offset(image, b, oh, 0), y_view.pixel_stride, y_view.width,
                 argmax ? argmax + place : nullptr, pool);
      }
    }
  };
  parallel_rows(y_view.images, y_view.height, cpu::team_size(y_view.images * y_view.height), rows);
}

template <class T>
void pool_backward(const T* x, const MapView& x_view, const T* dy, const MapView& dy_view,
                   const uint8_t* argmax, T* dx, const MapView& dx_view, const PoolSpec& pool,
                   std::optional<Activation> activation) {
  const Derivative derivative = derivative_of(activation);
  const int64_t blocks = dx_view.blocks, width = dx_view.width;
  const int threads = cpu::team_size(dx_view.images * dx_view.height);
  const cpu::Scratch scratch(threads, unpool_pixels(width, dy_view.width, pool) * 16);
  const auto rows = [&](int64_t image, int64_t first, int64_t last, int thread) {
    float* gradient = scratch.of_thread(thread);
    for (int64_t h = first; h < last; ++h) {
      for (int64_t b = 0; b < blocks; ++b) {
        const auto unpooling = Unpooling<T>::of(dy, dy_view, argmax, image, b, width, pool);
        unpooling.row(h, gradient);
        T* to = dx + dx_view.offset(image, b, h, 0);
        const T* output = derivative == Derivative::kOne ? nullptr : x + x_view.offset(image, b, h, 0);
        for (int64_t w = 0; w < width; ++w) {
          F16 d = load(gradient + w * 16);
          __builtin_prefetch(to + w * dx_view.pixel_stride + dx_view.row_stride, /*write=*/1);
          if (derivative != Derivative::kOne) {
            const T* at = output + w * x_view.pixel_stride;
            __builtin_prefetch(at + x_view.row_stride);
            d = times_derivative(derivative, d, load(at));
          }
          store(to + w * dx_view.pixel_stride, d);
        }
      }
    }
  };
  parallel_rows(dx_view.images, dx_view.height, threads, rows);
}

#define ALEXNET_INSTANTIATE(T)                                                                         \
  template void pool_forward(const T*, const MapView&, T*, const MapView&, uint8_t*, const PoolSpec&); \
  template void pool_backward(const T*, const MapView&, const T*, const MapView&, const uint8_t*, T*,  \
                              const MapView&, const PoolSpec&, std::optional<Activation>);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)

}  // namespace alexnet::ALEXNET_ISA
