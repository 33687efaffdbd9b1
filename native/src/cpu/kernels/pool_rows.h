// Max-pooling of one row of windows of one channel block, and the way back, for *.isa.cc files.
#pragma once

#include "alexnet/net_spec.h"
#include "cpu/kernels/simd.h"

namespace alexnet::ALEXNET_ISA {

/// One row of windows. `rows` are the `row_count` map rows that exist under the windows (fewer than
/// pool.size at the bottom edge), `width` pixels `pixel_stride` apart. places (may be null): 16 bytes a
/// window.
template <int kSize, class From, class To>
ALEXNET_INLINE void pool_windows(const From* const* rows, int64_t row_count, int64_t width,
                                 std::ptrdiff_t pixel_stride, To* y, std::ptrdiff_t y_pixel_stride,
                                 int64_t windows, uint8_t* places, const PoolSpec& pool) {
  const int64_t size = kSize > 0 ? kSize : pool.size;
  for (int64_t ow = 0; ow < windows; ++ow) {
    const int64_t first = ow * pool.stride;
    const int64_t columns = kSize > 0 || first + size <= width ? size : width - first;
    F16 best = load(rows[0] + first * pixel_stride);
    Places place;
    for (int64_t i = 0; i < (kSize > 0 ? kSize : row_count); ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        const F16 v = load(rows[i] + (first + j) * pixel_stride);
        const Mask wins = greater(v, best);
        best = select(wins, v, best);
        place.set_where(wins, static_cast<int>(i * size + j));
      }
    }
    store(y + ow * y_pixel_stride, best);
    if (places) place.store(places + ow * 16);
  }
}

template <class From, class To>
ALEXNET_INLINE void pool_row(const From* const* rows, int64_t row_count, int64_t width,
                             std::ptrdiff_t pixel_stride, To* y, std::ptrdiff_t y_pixel_stride,
                             int64_t windows, uint8_t* places, const PoolSpec& pool) {
  // The usual window unrolls where all of it lies inside the map; the rest is the general loop.
  int64_t whole = 0;
  if (pool.size == 3 && row_count == 3 && width >= 3) {
    whole = (width - 3) / pool.stride + 1;
    whole = whole < windows ? whole : windows;
    pool_windows<3>(rows, row_count, width, pixel_stride, y, y_pixel_stride, whole, places, pool);
  }
  if (whole == windows) return;
  const From* rest[16];
  for (int64_t i = 0; i < row_count; ++i) rest[i] = rows[i] + whole * pool.stride * pixel_stride;
  pool_windows<0>(rest, row_count, width - whole * pool.stride, pixel_stride, y + whole * y_pixel_stride,
                  y_pixel_stride, windows - whole, places ? places + whole * 16 : nullptr, pool);
}

/// The gradient of one map row from the windows above it: gradient[w * 16 + lane] for w < width. The
/// buffer holds unpool_pixels() pixels.
template <class T>
struct Unpooling {
  const T* dy;            // of the image's block
  const uint8_t* places;  // of the image's block
  std::ptrdiff_t row_stride, pixel_stride;
  int64_t out_height, out_width, width, size, stride;

  /// Of one block of one image. `argmax` is dense, as pool_forward leaves it; `width` is the input map's.
  static ALEXNET_INLINE Unpooling of(const T* dy, const MapView& dy_view, const uint8_t* argmax,
                                     int64_t image, int64_t block, int64_t width, const PoolSpec& pool) {
    return {dy + dy_view.offset(image, block, 0, 0),
            argmax + (image * dy_view.blocks + block) * dy_view.height * dy_view.width * 16,
            dy_view.row_stride,
            dy_view.pixel_stride,
            dy_view.height,
            dy_view.width,
            width,
            pool.size,
            pool.stride};
  }

  ALEXNET_INLINE void row(int64_t h, float* gradient) const {
    const int64_t first = h < size ? 0 : (h - size) / stride + 1;
    const int64_t last = h / stride < out_height ? h / stride + 1 : out_height;
    if (size == 3 && stride == 2 && last - first == 1) return three_by_two<1>(h, first, gradient);
    if (size == 3 && stride == 2 && last - first == 2) return three_by_two<2>(h, first, gradient);
    for (int64_t w = 0; w < width; ++w) store(gradient + w * 16, splat(0.0f));
    for (int64_t oh = first; oh < last; ++oh) {
      for (int64_t ow = 0; ow < out_width; ++ow) {
        const F16 d = load(dy + oh * row_stride + ow * pixel_stride);
        const uint8_t* place = places + (oh * out_width + ow) * 16;
        for (int64_t j = 0; j < size; ++j) {
          float* to = gradient + (ow * stride + j) * 16;
          const Mask won = bytes_equal(place, static_cast<int>((h - oh * stride) * size + j));
          store(to, add_where(won, load(to), d));
        }
      }
    }
  }

 private:
  // Windows of 3 every 2 pixels: window ow gives pixel 2 ow its first and, with window ow + 1, pixel
  // 2 ow + 2 its last column, so that each pixel is written once.
  template <int kRows>
  ALEXNET_INLINE void three_by_two(int64_t h, int64_t first, float* gradient) const {
    F16 carry = splat(0.0f);
    for (int64_t ow = 0; ow < out_width; ++ow) {
      F16 left = carry, middle = splat(0.0f), right = splat(0.0f);
      for (int i = 0; i < kRows; ++i) {
        const int64_t oh = first + i;
        const int place = static_cast<int>((h - oh * 2) * 3);
        const F16 d = load(dy + oh * row_stride + ow * pixel_stride);
        const uint8_t* won = places + (oh * out_width + ow) * 16;
        left = add_where(bytes_equal(won, place), left, d);
        middle = add_where(bytes_equal(won, place + 1), middle, d);
        right = add_where(bytes_equal(won, place + 2), right, d);
      }
      store(gradient + ow * 32, left);
      store(gradient + ow * 32 + 16, middle);
      carry = right;
    }
    store(gradient + out_width * 32, carry);
    for (int64_t w = 2 * out_width + 1; w < width; ++w) store(gradient + w * 16, splat(0.0f));
  }
};

/// Pixels of a gradient row: a window at the right edge may reach beyond the map.
inline int64_t unpool_pixels(int64_t width, int64_t out_width, const PoolSpec& pool) {
  const int64_t reached = (out_width - 1) * pool.stride + pool.size;
  return reached > width ? reached : width;
}

}  // namespace alexnet::ALEXNET_ISA
