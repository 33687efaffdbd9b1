// Local response normalisation and max-pooling in one pass. The normalised map, the largest activation of
// the net, is never stored: its rows live in a buffer of pool.size rows that stays in the cache.
#include "cpu/kernels/isa_kernels.h"
#include "cpu/kernels/lrn_pixel.h"
#include "cpu/kernels/parallel.h"
#include "cpu/kernels/pool_rows.h"

namespace alexnet::ALEXNET_ISA {
namespace {

/// LRN of one map row into normalised[(block * width + w) * 16 + lane]. x and view (by value: strides stay in
/// registers) are at the row's first pixel. The hardware foresees little of many short streams, so each
/// pixel asks for the one below it.
template <class Pixel, class T>
ALEXNET_INLINE void normalise_row(const Pixel& pixel, const T* x, MapView view, float* normalised) {
  for (int64_t w = 0; w < view.width; ++w, x += view.pixel_stride, normalised += 16) {
    const auto get = [&](int64_t b) ALEXNET_LAMBDA {
      __builtin_prefetch(x + b * view.block_stride + view.row_stride);
      return load(x + b * view.block_stride);
    };
    const auto put = [&](int64_t b, const F16& v)
                         ALEXNET_LAMBDA { store(normalised + b * view.width * 16, v); };
    pixel.forward(get, put);
  }
}

/// The way back for one map row; gradient[(block * row_pixels + w) * 16 + lane] is that of the LRN's output.
template <class Pixel, class T>
ALEXNET_INLINE void normalise_row_backward(const Pixel& pixel, const T* x, MapView x_view,
                                           const float* gradient, int64_t row_pixels, T* dx, MapView dx_view,
                                           Derivative derivative) {
  for (int64_t w = 0; w < x_view.width; ++w) {
    const auto get = [&](int64_t b) ALEXNET_LAMBDA {
      __builtin_prefetch(x + b * x_view.block_stride + x_view.row_stride);
      __builtin_prefetch(dx + b * dx_view.block_stride + dx_view.row_stride, /*write=*/1);
      return load(x + b * x_view.block_stride);
    };
    const auto gradient_of = [&](int64_t b) ALEXNET_LAMBDA { return load(gradient + b * row_pixels * 16); };
    const auto put = [&](int64_t b, const F16& output, const F16& v) ALEXNET_LAMBDA {
      store(dx + b * dx_view.block_stride, times_derivative(derivative, v, output));
    };
    pixel.backward(get, gradient_of, put);
    x += x_view.pixel_stride, dx += dx_view.pixel_stride, gradient += 16;
  }
}

}  // namespace

template <class T>
void lrn_pool_forward(const T* x, const MapView& x_view, T* y, const MapView& y_view, uint8_t* argmax,
                      const LrnSpec& lrn, const PoolSpec& pool) {
  const int64_t blocks = x_view.blocks, height = x_view.height, width = x_view.width;
  const int64_t row_floats = blocks * width * 16;
  const int64_t pixel_memory = lrn_memory(lrn, blocks);
  const int threads = cpu::team_size(y_view.images * y_view.height);
  const cpu::Scratch scratch(threads, pixel_memory + pool.size * row_floats);

  with_lrn_pixel(lrn, [&]<class Pixel>() {
    const auto rows = [&](int64_t image, int64_t first, int64_t last, int thread) {
      const Pixel pixel(lrn, blocks, scratch.of_thread(thread));
      float* normalised = scratch.of_thread(thread) + pixel_memory;  // row h lies in slot h % pool.size
      int64_t done = 0;
      for (int64_t oh = first; oh < last; ++oh) {
        const int64_t top = oh * pool.stride;
        const int64_t row_count = top + pool.size <= height ? pool.size : height - top;
        for (int64_t h = done > top ? done : top; h < top + row_count; ++h) {
          float* slot = normalised + h % pool.size * row_floats;
          normalise_row(pixel, x + x_view.offset(image, 0, h, 0), x_view, slot);
        }
        done = top + row_count;
        for (int64_t b = 0; b < blocks; ++b) {
          const float* window_rows[16];
          for (int64_t i = 0; i < row_count; ++i) {
            window_rows[i] = normalised + (top + i) % pool.size * row_floats + b * width * 16;
          }
          const int64_t place = ((image * blocks + b) * y_view.height + oh) * y_view.width * 16;
          pool_row(window_rows, row_count, width, 16, y + y_view.offset(image, b, oh, 0), y_view.pixel_stride,
                   y_view.width, argmax ? argmax + place : nullptr, pool);
        }
      }
    };
    parallel_rows(y_view.images, y_view.height, threads, rows);
  });
}

template <class T>
void lrn_pool_backward(const T* x, const MapView& x_view, const T* dy, const MapView& dy_view,
                       const uint8_t* argmax, T* dx, const MapView& dx_view, const LrnSpec& lrn,
                       const PoolSpec& pool, std::optional<Activation> activation) {
  const Derivative derivative = derivative_of(activation);
  const int64_t blocks = x_view.blocks, width = x_view.width;
  const int64_t row_pixels = unpool_pixels(width, dy_view.width, pool);
  const int64_t pixel_memory = lrn_memory(lrn, blocks);
  const int threads = cpu::team_size(x_view.images * x_view.height);
  const cpu::Scratch scratch(threads, pixel_memory + blocks * row_pixels * 16);

  with_lrn_pixel(lrn, [&]<class Pixel>() {
    const auto rows = [&](int64_t image, int64_t first, int64_t last, int thread) {
      const Pixel pixel(lrn, blocks, scratch.of_thread(thread));
      float* gradient = scratch.of_thread(thread) + pixel_memory;
      for (int64_t h = first; h < last; ++h) {
        for (int64_t b = 0; b < blocks; ++b) {
          const auto unpooling = Unpooling<T>::of(dy, dy_view, argmax, image, b, width, pool);
          unpooling.row(h, gradient + b * row_pixels * 16);
        }
        normalise_row_backward(pixel, x + x_view.offset(image, 0, h, 0), x_view, gradient, row_pixels,
                               dx + dx_view.offset(image, 0, h, 0), dx_view, derivative);
      }
    };
    parallel_rows(x_view.images, x_view.height, threads, rows);
  });
}

#define ALEXNET_INSTANTIATE(T)                                                                            \
  template void lrn_pool_forward(const T*, const MapView&, T*, const MapView&, uint8_t*, const LrnSpec&,  \
                                 const PoolSpec&);                                                        \
  template void lrn_pool_backward(const T*, const MapView&, const T*, const MapView&, const uint8_t*, T*, \
                                  const MapView&, const LrnSpec&, const PoolSpec&,                        \
                                  std::optional<Activation>);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)

}  // namespace alexnet::ALEXNET_ISA
