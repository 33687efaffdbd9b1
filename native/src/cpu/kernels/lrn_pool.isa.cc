// Local response normalisation and max-pooling in one pass. The normalised map, the largest activation of
// the net, is never stored: its rows live in a buffer of pool.size rows that stays in the cache.
#include "cpu/kernels/isa_kernels.h"
#include "cpu/kernels/lrn_pixel.h"
#include "cpu/kernels/parallel.h"
#include "cpu/kernels/pool_rows.h"

namespace alexnet::ALEXNET_ISA {

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
          for (int64_t w = 0; w < width; ++w) {
            const T* from = x + x_view.offset(image, 0, h, w);
            float* to = slot + w * 16;
            pixel.forward([&](int64_t b) ALEXNET_LAMBDA { return load(from + b * x_view.block_stride); },
                          [&](int64_t b, const F16& v) ALEXNET_LAMBDA { store(to + b * width * 16, v); });
          }
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
  const int64_t blocks = x_view.blocks, width = x_view.width;
  const int64_t row_floats = unpool_pixels(width, dy_view.width, pool) * 16;
  const int64_t pixel_memory = lrn_memory(lrn, blocks);
  const int threads = cpu::team_size(x_view.images * x_view.height);
  const cpu::Scratch scratch(threads, pixel_memory + blocks * row_floats);

  with_lrn_pixel(lrn, [&]<class Pixel>() {
    with_derivative(activation, [&]<Derivative kKind>() {
      const auto rows = [&](int64_t image, int64_t first, int64_t last, int thread) {
        const Pixel pixel(lrn, blocks, scratch.of_thread(thread));
        float* gradient = scratch.of_thread(thread) + pixel_memory;
        for (int64_t h = first; h < last; ++h) {
          for (int64_t b = 0; b < blocks; ++b) {
            const Unpooling<T> unpooling{dy + dy_view.offset(image, b, 0, 0),
                                         argmax + (image * blocks + b) * dy_view.height * dy_view.width * 16,
                                         dy_view.row_stride,
                                         dy_view.pixel_stride,
                                         dy_view.height,
                                         dy_view.width,
                                         width,
                                         pool.size,
                                         pool.stride};
            unpooling.row(h, gradient + b * row_floats);
          }
          for (int64_t w = 0; w < width; ++w) {
            const T* output = x + x_view.offset(image, 0, h, w);
            const float* from = gradient + w * 16;
            T* to = dx + dx_view.offset(image, 0, h, w);
            pixel.backward([&](int64_t b) ALEXNET_LAMBDA { return load(output + b * x_view.block_stride); },
                           [&](int64_t b) ALEXNET_LAMBDA { return load(from + b * row_floats); },
                           [&](int64_t b, const F16& a, const F16& v) ALEXNET_LAMBDA {
                             store(to + b * dx_view.block_stride, times_derivative<kKind>(v, a));
                           });
          }
        }
      };
      parallel_rows(x_view.images, x_view.height, threads, rows);
    });
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
