// What the kernels' tests share: maps in double, their storage in every layout, and one loop over
// instruction sets, layouts and numbers of threads.
#pragma once

#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "cpu/kernels/isa_kernels.h"
#include "isa.h"
#include "omp_threads.h"

namespace alexnet::testing {

using cpu::Bf16;
using cpu::DropoutDraw, cpu::LossTotals, cpu::MapView, cpu::SgdStep;

/// Maps in double, [images, channels, height, width].
struct Maps {
  int64_t images, channels, height, width;
  std::vector<double> values;

  Maps(int64_t n, int64_t c, int64_t h, int64_t w)
      : images(n), channels(c), height(h), width(w), values(static_cast<size_t>(n * c * h * w)) {}
  double& at(int64_t n, int64_t c, int64_t h, int64_t w) {
    return values[static_cast<size_t>(((n * channels + c) * height + h) * width + w)];
  }
  double at(int64_t n, int64_t c, int64_t h, int64_t w) const {
    return const_cast<Maps*>(this)->at(n, c, h, w);
  }
};

inline double as_double(float v) { return v; }
inline double as_double(Bf16 v) {
  const uint32_t bits = uint32_t{v.bits} << 16;
  float f;
  std::memcpy(&f, &bits, sizeof f);
  return f;
}
inline void put(float* to, double v) { *to = static_cast<float>(v); }
/// Rounds to nearest, ties to even, by comparing the two neighbours: a second opinion on the kernels' way.
inline void put(Bf16* to, double v) {
  const float f = static_cast<float>(v);
  uint32_t bits;
  std::memcpy(&bits, &f, sizeof bits);
  const Bf16 low{static_cast<uint16_t>(bits >> 16)}, high{static_cast<uint16_t>((bits >> 16) + 1)};
  const double below = std::abs(as_double(low) - f), above = std::abs(as_double(high) - f);
  *to = below < above || (below == above && low.bits % 2 == 0) ? low : high;
}

/// Values in [low, high), rounded to T so that the kernel and the reference start from the same numbers.
template <class T>
Maps random_maps(int64_t n, int64_t c, int64_t h, int64_t w, double low, double high, unsigned seed) {
  Maps maps(n, c, h, w);
  std::mt19937 draw(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  for (double& v : maps.values) {
    T rounded;
    put(&rounded, uniform(draw));
    v = as_double(rounded);
  }
  return maps;
}

enum class Layout { kBlocked, kChannelsLast, kHalfOfJoined };
inline const char* layout_name(Layout layout) {
  return layout == Layout::kBlocked ? "nChw16c" : layout == Layout::kChannelsLast ? "NHWC" : "half of NHWC";
}

/// Maps stored for a kernel. Everything that is not a lane of the view is filled with a mark that no
/// kernel may touch.
template <class T>
class Stored {
 public:
  Stored(int64_t n, int64_t c, int64_t h, int64_t w, Layout layout) {
    view = layout == Layout::kBlocked ? cpu::blocked_view(n, c, h, w) : cpu::channels_last_view(n, c, h, w);
    first_ = kMargin;
    if (layout == Layout::kHalfOfJoined) {  // the second column of two
      view = cpu::channels_last_view(n, 2 * view.blocks * 16, h, w);
      first_ += view.blocks / 2 * 16;
      view = cpu::channels_of(view, c);
    }
    T mark;
    put(&mark, kMark);
    memory_.assign(static_cast<size_t>(n * view.image_stride + 2 * kMargin), mark);
    each_lane([&](T& v, int64_t, int64_t, int64_t, int64_t) { put(&v, 77); });
  }
  Stored(const Maps& maps, Layout layout)
      : Stored(maps.images, maps.channels, maps.height, maps.width, layout) {
    each_lane([&](T& v, int64_t image, int64_t channel, int64_t h, int64_t w) {
      put(&v, channel < view.channels ? maps.at(image, channel, h, w) : 0.0);
    });
  }
  T* data() { return memory_.data() + first_; }
  const T* data() const { return memory_.data() + first_; }

  /// The maps; checks that padding lanes are zero and that nothing outside the view was written.
  Maps maps() {
    Maps result(view.images, view.channels, view.height, view.width);
    std::vector<bool> inside(memory_.size());
    bool padding_is_zero = true, outside_is_whole = true;
    each_lane([&](T& v, int64_t image, int64_t channel, int64_t h, int64_t w) {
      inside[static_cast<size_t>(&v - memory_.data())] = true;
      if (channel < view.channels) {
        result.at(image, channel, h, w) = as_double(v);
      } else if (as_double(v) != 0) {
        padding_is_zero = false;
      }
    });
    for (size_t i = 0; i < memory_.size(); ++i) {
      if (!inside[i] && as_double(memory_[i]) != kMark) outside_is_whole = false;
    }
    CHECK(padding_is_zero);
    CHECK(outside_is_whole);
    return result;
  }
  const std::vector<T>& memory() const { return memory_; }

  MapView view;

 private:
  static constexpr int64_t kMargin = 64;
  static constexpr double kMark = -2048;  // exact in both types

  template <class Body>
  void each_lane(const Body& body) {
    for (int64_t n = 0; n < view.images; ++n) {
      for (int64_t c = 0; c < view.blocks * 16; ++c) {
        for (int64_t h = 0; h < view.height; ++h) {
          for (int64_t w = 0; w < view.width; ++w) {
            body(memory_[static_cast<size_t>(first_ + view.offset(n, c / 16, h, w) + c % 16)], n, c, h, w);
          }
        }
      }
    }
  }
  std::vector<T> memory_;
  int64_t first_;
};

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// The sets this machine can run.
inline std::vector<Isa> isas() {
  std::vector<Isa> sets{Isa::kBaseline};
  if (current_isa() >= Isa::kAvx2) sets.push_back(Isa::kAvx2);
  if (current_isa() >= Isa::kAvx512) sets.push_back(Isa::kAvx512);
  return sets;
}
inline const char* isa_name(Isa isa) {
  return isa == Isa::kAvx512 ? "avx512" : isa == Isa::kAvx2 ? "avx2" : "baseline";
}

/// Calls a kernel's form for one set: ALEXNET_ON(isa, lrn_forward(x, ...)).
#define ALEXNET_ON(isa, ...) \
  switch (isa) {             \
    case Isa::kBaseline:     \
      baseline::__VA_ARGS__; \
      break;                 \
    case Isa::kAvx2:         \
      avx2::__VA_ARGS__;     \
      break;                 \
    case Isa::kAvx512:       \
      avx512::__VA_ARGS__;   \
      break;                 \
  }

/// How far a kernel's result may lie from the reference, relative to |reference| + `typical`. fp32: a few
/// roundings and the reciprocal square root's 3e-7. bf16: one rounding of the result, 2^-9, with a little
/// room for a float that rounds the other way.
template <class T>
double tolerance() {
  return std::is_same_v<T, float> ? 1e-5 : 0x1.04p-8;
}

/// The largest |got - expected| / (|expected| + typical).
inline double worst_error(const Maps& got, const Maps& expected, double typical) {
  double worst = 0;
  for (size_t i = 0; i < got.values.size(); ++i) {
    const double error =
        std::abs(got.values[i] - expected.values[i]) / (std::abs(expected.values[i]) + typical);
    worst = std::isnan(error) ? INFINITY : std::max(worst, error);
  }
  return worst;
}

/// body(isa, layout of inputs, layout of outputs) for every set and four pairs of layouts.
template <class Body>
void on_every_path(const Body& body) {
  for (Isa isa : isas()) {
    const std::pair<Layout, Layout> pairs[] = {{Layout::kBlocked, Layout::kBlocked},
                                               {Layout::kChannelsLast, Layout::kHalfOfJoined},
                                               {Layout::kHalfOfJoined, Layout::kBlocked}};
    for (const auto& [in, out] : pairs) {
      CAPTURE(isa_name(isa));
      CAPTURE(layout_name(in));
      CAPTURE(layout_name(out));
      body(isa, in, out);
    }
  }
}

/// run() gives the bytes of a result; they must be the same for teams of one, two and three (under the thread
/// sanitizer: of one).
template <class Run>
void check_threads(const Run& run) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const auto one = run();
  for (int threads : {2, 3}) {
    omp_set_num_threads(test::omp_threads(threads));
    CAPTURE(threads);
    CHECK(same_bits(run(), one));
  }
  omp_set_num_threads(before);
}

/// f' from f's output.
inline double derivative_from_output(std::optional<Activation> activation, double y) {
  if (!activation) return 1;
  return *activation == Activation::kRelu   ? (y > 0 ? 1.0 : 0.0)
         : *activation == Activation::kTanh ? 1 - y * y
                                            : y * (1 - y);
}

}  // namespace alexnet::testing
