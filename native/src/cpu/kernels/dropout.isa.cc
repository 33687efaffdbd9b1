// Dropout: the draws of random.h's Philox4x32-10, sixteen counters at a time.
#include "alexnet/random.h"
#include "cpu/kernels/isa_kernels.h"
#include "cpu/kernels/map_loops.h"

namespace alexnet::ALEXNET_ISA {
namespace {

/// A RandomStream for dropout and the rule that keeps a unit.
class Draws {
 public:
  explicit Draws(const DropoutDraw& draw)
      : key0_(static_cast<uint32_t>(draw.seed)),
        key1_(static_cast<uint32_t>(draw.seed >> 32)),
        step_(draw.step),
        layer_bits_(draw.layer << 16) {
    // uniform01(word) >= p  <=>  word >> 8 >= ceil(p 2^24): p 2^24 is exact in double.
    const double units = draw.drop_probability * 0x1p24;
    threshold_ = static_cast<uint32_t>(units);
    if (static_cast<double>(threshold_) < units) ++threshold_;
  }

  /// kept[i] = whether element first + i is kept, i < count; `first` is a multiple of 4 and kept has room
  /// for count rounded up to 64.
  void fill(uint64_t first, int64_t count, uint8_t* kept) const {
    for (int64_t i = 0; i < count; i += 64) {
      uint32_t c0[16], c1[16], c2[16], c3[16];
      for (int j = 0; j < 16; ++j) {
        const uint64_t index = first / 4 + static_cast<uint64_t>(i / 4 + j);
        c0[j] = static_cast<uint32_t>(index);
        c1[j] = static_cast<uint32_t>(index >> 32) ^ layer_bits_;
        c2[j] = step_;
        c3[j] = static_cast<uint32_t>(RandomPurpose::kDropout);
      }
      uint32_t k0 = key0_, k1 = key1_;
      for (int round = 0; round < 10; ++round) {
#pragma omp simd
        for (int j = 0; j < 16; ++j) {
          const uint64_t p0 = uint64_t{0xD2511F53u} * c0[j];
          const uint64_t p1 = uint64_t{0xCD9E8D57u} * c2[j];
          c0[j] = static_cast<uint32_t>(p1 >> 32) ^ c1[j] ^ k0;
          c2[j] = static_cast<uint32_t>(p0 >> 32) ^ c3[j] ^ k1;
          c1[j] = static_cast<uint32_t>(p1);
          c3[j] = static_cast<uint32_t>(p0);
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
      }
      for (int j = 0; j < 16; ++j) {
        kept[i + 4 * j] = (c0[j] >> 8) >= threshold_;
        kept[i + 4 * j + 1] = (c1[j] >> 8) >= threshold_;
        kept[i + 4 * j + 2] = (c2[j] >> 8) >= threshold_;
        kept[i + 4 * j + 3] = (c3[j] >> 8) >= threshold_;
      }
    }
  }

 private:
  uint32_t key0_, key1_, step_, layer_bits_, threshold_;
};

/// Units that one fill() serves, and the buffer it needs when the first one is no multiple of 4.
constexpr int64_t kBatch = 1024, kBuffer = kBatch + 128;

ALEXNET_INLINE F16 dropped(const F16& x, const uint8_t* kept, const F16& scale) {
  return keep_where(bytes_equal(kept, 1), x * scale);
}

/// y = kept ? x * scale : 0 on `count` contiguous values.
template <class T>
ALEXNET_INLINE void drop_array(const T* x, T* y, const uint8_t* kept, int64_t count, float scale) {
  const F16 factor = splat(scale);
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) store(y + i, dropped(load(x + i), kept + i, factor));
  if (i < count) {
    uint8_t rest[16] = {};
    for (int64_t j = i; j < count; ++j) rest[j - i] = kept[j];
    store_first(y + i, dropped(load_first(x + i, count - i), rest, factor), count - i);
  }
}

}  // namespace

template <class T>
void dropout_forward(const T* x, T* y, uint8_t* kept, int64_t images, int64_t features, int64_t row_stride,
                     const DropoutDraw& draw) {
  const Draws draws(draw);
  const int64_t batches = (features + kBatch - 1) / kBatch;
  const auto ranges = [&](int64_t image, int64_t begin, int64_t end, int) {
    uint8_t buffer[kBuffer];
    const int64_t element = (draw.first_image + image) * draw.total_features + draw.feature_offset;
    for (int64_t batch = begin; batch < end; ++batch) {
      const int64_t first = batch * kBatch;
      const int64_t count = features - first < kBatch ? features - first : kBatch;
      const int64_t skip = (element + first) % 4;
      draws.fill(static_cast<uint64_t>(element + first - skip), count + skip, buffer);
      std::memcpy(kept + image * features + first, buffer + skip, static_cast<size_t>(count));
      drop_array(x + image * row_stride + first, y + image * row_stride + first, buffer + skip, count,
                 draw.scale);
    }
  };
  parallel_rows(images, batches, cpu::team_size(images * batches), ranges);
}

template <class T>
void dropout_forward(const T* x, const MapView& x_view, T* y, const MapView& y_view, uint8_t* kept,
                     const DropoutDraw& draw) {
  const Draws draws(draw);
  const int64_t pixels = x_view.height * x_view.width;
  // The draws of sixteen maps, in the order of features.
  const int64_t drawn_bytes = (16 * pixels + 3) / 64 * 64 + 128;
  const int threads = cpu::team_size(x_view.images * x_view.blocks);
  const cpu::Scratch scratch(threads, (drawn_bytes + 3) / 4);
  const F16 scale = splat(draw.scale);
  const auto planes = [&](int64_t image, int64_t first, int64_t last, int thread) {
    uint8_t* drawn = reinterpret_cast<uint8_t*>(scratch.of_thread(thread));
    for (int64_t b = first; b < last; ++b) {
      const int64_t lanes = x_view.channels - b * 16 < 16 ? x_view.channels - b * 16 : 16;
      const int64_t element =
          (draw.first_image + image) * draw.total_features + draw.feature_offset + b * 16 * pixels;
      const int64_t skip = element % 4;
      draws.fill(static_cast<uint64_t>(element - skip), lanes * pixels + skip, drawn);
      uint8_t* to = kept + (image * x_view.blocks + b) * pixels * 16;
      for (int64_t h = 0; h < x_view.height; ++h) {
        for (int64_t w = 0; w < x_view.width; ++w, to += 16) {
          const int64_t pixel = h * x_view.width + w;
          for (int64_t c = 0; c < 16; ++c) to[c] = c < lanes ? drawn[skip + c * pixels + pixel] : 0;
          store(y + y_view.offset(image, b, h, w),
                dropped(load(x + x_view.offset(image, b, h, w)), to, scale));
        }
      }
    }
  };
  parallel_rows(x_view.images, x_view.blocks, threads, planes);
}

template <class T>
void dropout_backward(const T* dy, T* dx, const uint8_t* kept, int64_t images, int64_t features,
                      int64_t row_stride, float scale) {
  const auto ranges = [&](int64_t begin, int64_t end, int) {
    for (int64_t image = begin; image < end; ++image) {
      drop_array(dy + image * row_stride, dx + image * row_stride, kept + image * features, features, scale);
    }
  };
  parallel_ranges(images, cpu::team_size(images * features / 4096), ranges);
}

template <class T>
void dropout_backward(const T* dy, const MapView& dy_view, T* dx, const MapView& dx_view, const uint8_t* kept,
                      float scale) {
  const F16 factor = splat(scale);
  for_each_pixel(dy_view, [&](int64_t image, int64_t b, int64_t h, int64_t w) ALEXNET_LAMBDA {
    const int64_t place = (((image * dy_view.blocks + b) * dy_view.height + h) * dy_view.width + w) * 16;
    store(dx + dx_view.offset(image, b, h, w),
          dropped(load(dy + dy_view.offset(image, b, h, w)), kept + place, factor));
  });
}

#define ALEXNET_INSTANTIATE(T)                                                                               \
  template void dropout_forward(const T*, T*, uint8_t*, int64_t, int64_t, int64_t, const DropoutDraw&);      \
  template void dropout_forward(const T*, const MapView&, T*, const MapView&, uint8_t*, const DropoutDraw&); \
  template void dropout_backward(const T*, T*, const uint8_t*, int64_t, int64_t, int64_t, float);            \
  template void dropout_backward(const T*, const MapView&, T*, const MapView&, const uint8_t*, float);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)

}  // namespace alexnet::ALEXNET_ISA
