// What the kernels' tests share: maps as the reference has them (double, NCHW) and as a kernel reads them, in
// every layout, with a margin around that no kernel may touch.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "alexnet/error.h"
#include "cuda/kernels/values.h"
#include "launch.h"
#include "reference/layers.h"

namespace alexnet::cuda::testing {

using reference::Values;

/// A batch of maps.
struct Extent {
  int64_t images, channels, height, width;

  Shape shape() const { return {channels, height, width}; }
  size_t count() const { return static_cast<size_t>(images * channels * height * width); }
};

/// Rounded to T, so that a kernel and the reference start from the same numbers.
template <class T>
double rounded(double v) {
  return to_float(from_float<T>(static_cast<float>(v)));
}

template <class T>
Values random_values(size_t count, double low, double high, unsigned seed) {
  Values values(count);
  std::mt19937 draw(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  for (double& v : values) v = rounded<T>(uniform(draw));
  return values;
}

enum class Layout { kChannelsLast, kSecondHalf, kPlanar };
inline std::string layout_name(Layout layout) {
  return layout == Layout::kChannelsLast ? "NHWC" : layout == Layout::kSecondHalf ? "half of NHWC" : "NCHW";
}
inline constexpr Layout kLayouts[] = {Layout::kChannelsLast, Layout::kSecondHalf, Layout::kPlanar};

inline MapView view_of(const Extent& e, Layout layout) {
  if (layout == Layout::kPlanar) return planar_view(e.images, e.channels, e.height, e.width);
  if (layout == Layout::kChannelsLast) return channels_last_view(e.images, e.channels, e.height, e.width);
  return channels_of(channels_last_view(e.images, 2 * e.channels, e.height, e.width), e.channels);
}

/// Maps stored for a kernel.
template <class T>
class Stored {
 public:
  Stored(const Extent& extent, Layout layout) : view(view_of(extent, layout)), extent_(extent) {
    first_ = kMargin + (layout == Layout::kSecondHalf ? extent.channels : 0);
    memory_.assign(static_cast<size_t>(extent.images * view.image_stride + 2 * kMargin),
                   from_float<T>(kMark));
  }
  Stored(const Extent& extent, Layout layout, const Values& values) : Stored(extent, layout) {
    size_t i = 0;
    each([&](T& v) { v = from_float<T>(static_cast<float>(values[i++])); });
  }
  T* data() { return memory_.data() + first_; }
  const T* data() const { return memory_.data() + first_; }

  /// In the reference's order; checks that nothing else was written.
  Values values() {
    Values result;
    std::vector<bool> inside(memory_.size());
    each([&](T& v) {
      inside[static_cast<size_t>(&v - memory_.data())] = true;
      result.push_back(to_float(v));
    });
    bool outside_is_whole = true;
    for (size_t i = 0; i < memory_.size(); ++i)
      if (!inside[i] && to_float(memory_[i]) != kMark) outside_is_whole = false;
    CHECK(outside_is_whole);
    return result;
  }

  MapView view;

 private:
  static constexpr int64_t kMargin = 64;
  static constexpr float kMark = -2048;  // exact in both types

  template <class Body>
  void each(const Body& body) {
    for (int64_t n = 0; n < extent_.images; ++n)
      for (int64_t c = 0; c < extent_.channels; ++c)
        for (int64_t h = 0; h < extent_.height; ++h)
          for (int64_t w = 0; w < extent_.width; ++w)
            body(memory_[static_cast<size_t>(first_ + view.offset(n, c, h, w))]);
  }

  Extent extent_;
  Vector<T> memory_;
  int64_t first_;
};

/// Winners of a pooling in the reference's order, from dense bytes in y's layout.
inline std::vector<int> places_of(const Vector<uint8_t>& winners, const Extent& e, Layout layout) {
  const MapView dense = dense_like(view_of(e, layout));
  std::vector<int> places;
  for (int64_t n = 0; n < e.images; ++n)
    for (int64_t c = 0; c < e.channels; ++c)
      for (int64_t h = 0; h < e.height; ++h)
        for (int64_t w = 0; w < e.width; ++w)
          places.push_back(winners[static_cast<size_t>(dense.offset(n, c, h, w))]);
  return places;
}

/// How far a result may lie from the reference, relative to |reference| + `typical`. fp32: a few roundings of
/// 6e-8 each. bf16: one rounding of the result, at most 2^-8 of it, with a little room for a float that
/// rounds the other way.
template <class T>
double tolerance() {
  return std::is_same_v<T, float> ? 4e-6 : 0x1.04p-8;
}

/// The largest |got - expected| / (|expected| + typical).
inline double worst_error(const Values& got, const Values& expected, double typical) {
  REQUIRE(got.size() == expected.size());
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double error = std::abs(got[i] - expected[i]) / (std::abs(expected[i]) + typical);
    worst = std::isnan(error) ? INFINITY : std::max(worst, error);
  }
  return worst;
}

/// dy f'(.), f' from f's output y; as it is without an activation.
inline Values through(std::optional<Activation> activation, const Values& y, const Values& dy) {
  return activation ? reference::activation_backward(y, dy, *activation) : dy;
}

inline const std::optional<Activation> kActivations[] = {std::nullopt, Activation::kRelu, Activation::kTanh,
                                                         Activation::kSigmoid};

/// Whether calling throws Error(kInvalidArgument).
template <class Call>
bool refused(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code() == ErrorCode::kInvalidArgument;
  }
  return false;
}

}  // namespace alexnet::cuda::testing
