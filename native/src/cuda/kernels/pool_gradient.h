// Where the gradient of a map comes from: straight from a tensor, or through a max-pooling whose winners were
// kept. The pooling's way back gathers: each pixel asks the windows above it, in row order, so that nothing
// is added up by chance.
#pragma once

#include "alexnet/net_spec.h"
#include "cuda/kernels/maps.h"

namespace alexnet::cuda {

/// A gradient that lies in memory.
template <class T>
struct DirectGradient {
  Map<const T> dy;
  int32_t width;

  /// kCount channels of the pixel in row h, column w.
  template <int kCount>
  ALEXNET_HD Floats<kCount> get(int64_t image, int32_t h, int32_t w, int32_t channel) const {
    return load<kCount>(dy.at(image, h * width + w, channel));
  }
};

/// The gradient of a pooling's input: the sum of dy over the windows in which the pixel won.
template <class T>
struct PooledGradient {
  Map<const T> dy;
  Map<const uint8_t> winners;
  int32_t out_height, out_width, size, stride;

  template <int kCount>
  ALEXNET_HD Floats<kCount> get(int64_t image, int32_t h, int32_t w, int32_t channel) const {
    Floats<kCount> sum = zeros<kCount>();
    const int32_t first_row = h < size ? 0 : (h - size) / stride + 1;
    const int32_t first_column = w < size ? 0 : (w - size) / stride + 1;
    const int32_t last_row = h / stride < out_height ? h / stride : out_height - 1;
    const int32_t last_column = w / stride < out_width ? w / stride : out_width - 1;
    for (int32_t row = first_row; row <= last_row; ++row) {
      for (int32_t column = first_column; column <= last_column; ++column) {
        const int32_t window = row * out_width + column;
        const int32_t place = (h - row * stride) * size + (w - column * stride);
        const Floats<kCount> d = load<kCount>(dy.at(image, window, channel));
        const Packed<uint8_t, kCount> won = load_packed<kCount>(winners.at(image, window, channel));
        ALEXNET_UNROLL
        for (int i = 0; i < kCount; ++i) sum.v[i] += won.v[i] == place ? d.v[i] : 0.0f;
      }
    }
    return sum;
  }
};

template <class T>
DirectGradient<T> direct_gradient(const T* dy, const MapView& view) {
  return {map_of(dy, view), static_cast<int32_t>(view.width)};
}

template <class T>
PooledGradient<T> pooled_gradient(const T* dy, const MapView& view, const uint8_t* winners,
                                  const PoolSpec& pool) {
  return {map_of(dy, view),
          map_of(winners, dense_like(view)),
          static_cast<int32_t>(view.height),
          static_cast<int32_t>(view.width),
          static_cast<int32_t>(pool.size),
          static_cast<int32_t>(pool.stride)};
}

/// Whether a pooling's gradient and its winners (dense, one byte each) can be read eight at a time.
template <class T>
bool fits_vectors(const T* dy, const MapView& view, const uint8_t* winners) {
  return fits_vectors(dy, view) && reinterpret_cast<uintptr_t>(winners) % kVector == 0;
}

/// Throws kInvalidArgument unless `out` can be the pooling of `in` and a winner's place fits a byte.
inline void check_pool(const MapView& in, const MapView& out, const PoolSpec& pool) {
  check_alike(in, out, /*same_size=*/false);
  if (pool.size < 1 || pool.size > 16 || pool.stride < 1)
    throw Error(ErrorCode::kInvalidArgument,
                "a pooling window must be 1 to 16 wide and its stride at least 1");
  if ((out.height - 1) * pool.stride >= in.height || (out.width - 1) * pool.stride >= in.width)
    throw Error(ErrorCode::kInvalidArgument, "a pooling window would begin outside its map");
}

}  // namespace alexnet::cuda
