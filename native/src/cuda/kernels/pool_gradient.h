// Where the gradient of a map comes from: straight from a tensor, or through a max-pooling whose winners were
// kept. The pooling's way back gathers: each pixel asks the windows above it, in row order, so that nothing
// is added up by chance.
#pragma once

#include <type_traits>

#include "alexnet/net_spec.h"
#include "cuda/kernels/maps.h"

namespace alexnet::cuda {

/// A gradient that lies in memory.
template <class T>
struct DirectGradient {
  Map<const T> dy;
  int32_t width;

  /// The gradient at one pixel.
  struct Pixel {
    Map<const T> dy;
    int64_t image;
    int32_t pixel;

    template <int kCount>
    ALEXNET_HD Floats<kCount> operator()(int32_t channel) const {
      return load<kCount>(address<kCount>(dy, image, pixel, channel));
    }
  };

  ALEXNET_HD Pixel at(int64_t image, int32_t h, int32_t w) const { return {dy, image, h * width + w}; }
};

/// The gradient of a pooling's input: the sum of dy over the windows in which the pixel won. kThreeByTwo:
/// windows of 3 every 2, of which at most two by two hold a pixel.
template <class T, bool kThreeByTwo>
struct PooledGradient {
  Map<const T> dy;
  Map<const uint8_t> winners;
  int32_t out_height, out_width, any_size, any_stride;

  ALEXNET_HD int32_t size() const { return kThreeByTwo ? 3 : any_size; }
  ALEXNET_HD int32_t stride() const { return kThreeByTwo ? 2 : any_stride; }

  struct Pixel {
    const PooledGradient& pool;
    int64_t image;
    int32_t h, w, first_row, last_row, first_column, last_column;  // of the windows that hold the pixel

    template <int kCount>
    ALEXNET_HD Floats<kCount> operator()(int32_t channel) const {
      Floats<kCount> sum = zeros<kCount>();
      each_window([&](int32_t row, int32_t column) { add(row, column, channel, sum); });
      return sum;
    }

    /// Channels [channel - kReach, channel + 8 + kReach), zero outside the map: every window is gone to once.
    template <int kReach>
    ALEXNET_HD Floats<kVector + 2 * kReach> around(int32_t channel, int32_t channels) const {
      Floats<kReach> before = zeros<kReach>(), after = zeros<kReach>();
      Floats<kVector> own = zeros<kVector>();
      each_window([&](int32_t row, int32_t column) {
        if (channel > 0) add(row, column, channel - kReach, before);
        add(row, column, channel, own);
        if (channel + kVector < channels) add(row, column, channel + kVector, after);
      });
      Floats<kVector + 2 * kReach> all;
      ALEXNET_UNROLL
      for (int i = 0; i < kReach; ++i) {
        all.v[i] = before.v[i];
        all.v[kReach + kVector + i] = after.v[i];
      }
      ALEXNET_UNROLL
      for (int i = 0; i < kVector; ++i) all.v[kReach + i] = own.v[i];
      return all;
    }

    template <class Add>
    ALEXNET_HD void each_window(const Add& add_window) const {
      if constexpr (kThreeByTwo) {
        ALEXNET_UNROLL
        for (int i = 0; i < 4; ++i) {
          const int32_t row = first_row + i / 2, column = first_column + i % 2;
          if (row <= last_row && column <= last_column) add_window(row, column);
        }
      } else {
        for (int32_t row = first_row; row <= last_row; ++row)
          for (int32_t column = first_column; column <= last_column; ++column) add_window(row, column);
      }
    }

    template <int kCount>
    ALEXNET_HD void add(int32_t row, int32_t column, int32_t channel, Floats<kCount>& sum) const {
      const int32_t window = row * pool.out_width + column;
      const int32_t place = (h - row * pool.stride()) * pool.size() + (w - column * pool.stride());
      const T* dy_at = address<kCount>(pool.dy, image, window, channel);
      const uint8_t* winners_at = address<kCount>(pool.winners, image, window, channel);
      if constexpr (kThreeByTwo && kCount > 1 && std::is_same_v<T, Bf16>) {
        add_pairs<kCount>(dy_at, winners_at, place, sum);
      } else {
        const Floats<kCount> d = load<kCount>(dy_at);
        const Packed<uint8_t, kCount> won = load_packed<kCount>(winners_at);
        ALEXNET_UNROLL
        for (int i = 0; i < kCount; ++i)
          if (won.v[i] == place) sum.v[i] += d.v[i];
      }
    }

    /// The same, but what did not win becomes zero four winners and two gradients at a time: taken one by one
    /// they would cost more than all else that the way back through a normalisation computes.
    template <int kCount>
    ALEXNET_HD static void add_pairs(const Bf16* dy, const uint8_t* winners, int32_t place,
                                     Floats<kCount>& sum) {
      constexpr int kTogether = kCount < 4 ? kCount : 4;
      using Word = std::conditional_t<kTogether == 4, uint32_t, uint16_t>;
      const auto pairs = load_packed<kCount / 2>(reinterpret_cast<const uint32_t*>(dy));
      const auto won = load_packed<kCount / kTogether>(reinterpret_cast<const Word*>(winners));
      ALEXNET_UNROLL
      for (int i = 0; i < kCount / 2; ++i) {
        // Places are below 9, so that nothing is borrowed from the next byte: its sign is set where it is
        // zero.
        const uint32_t other = won.v[2 * i / kTogether] ^ static_cast<uint32_t>(place) * 0x01010101u;
        const uint32_t mine = pairs.v[i] & halves_of_signs(0x80808080u - other, 2 * i % kTogether != 0);
        sum.v[2 * i] += float_of(mine << 16);
        sum.v[2 * i + 1] += float_of(mine & 0xFFFF0000u);
      }
    }
  };

  ALEXNET_HD Pixel at(int64_t image, int32_t h, int32_t w) const {
    const int32_t last_row = h / stride(), last_column = w / stride();
    return {*this,
            image,
            h,
            w,
            h < size() ? 0 : (h - size()) / stride() + 1,
            last_row < out_height ? last_row : out_height - 1,
            w < size() ? 0 : (w - size()) / stride() + 1,
            last_column < out_width ? last_column : out_width - 1};
  }
};

template <class T>
DirectGradient<T> direct_gradient(const T* dy, const MapView& view) {
  return {map_of(dy, view), static_cast<int32_t>(view.width)};
}

/// Calls go(gradient) with the PooledGradient that fits the pooling.
template <class T, class Go>
void with_pooled_gradient(const T* dy, const MapView& view, const uint8_t* winners, const PoolSpec& pool,
                          const Go& go) {
  const Map<const uint8_t> places = map_of(winners, dense_like(view));
  const auto height = static_cast<int32_t>(view.height), width = static_cast<int32_t>(view.width);
  const auto size = static_cast<int32_t>(pool.size), stride = static_cast<int32_t>(pool.stride);
  if (size == 3 && stride == 2)
    go(PooledGradient<T, true>{map_of(dy, view), places, height, width, size, stride});
  else
    go(PooledGradient<T, false>{map_of(dy, view), places, height, width, size, stride});
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
