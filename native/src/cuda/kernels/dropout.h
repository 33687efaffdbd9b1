// Dropout by counter (paper section 4.2): which units stay is worked out again on the way back, so that no
// mask is stored. The rule is spec/dropout.h's.
#pragma once

#include <optional>

#include "cuda/kernels/activation.h"
#include "cuda/kernels/draws.h"
#include "cuda/kernels/kernels.h"

namespace alexnet::cuda {

/// The rule for one pass, with its threshold in whole steps of the draw.
struct KeepRule {
  uint64_t seed;
  uint32_t layer;
  uint32_t threshold;    // kept where the draw's 24 bits are not below it
  const uint32_t* step;  // in device memory, so that a recorded step can be run again with another number
  int64_t total_features, feature_offset, first_image;

  ALEXNET_HD bool keeps(uint32_t word) const { return (word >> 8) >= threshold; }
  ALEXNET_HD Words words(uint64_t block) const {
    return stream_words(seed, RandomPurpose::kDropout, *step, layer, block);
  }
  ALEXNET_HD uint64_t element(int64_t image, int64_t feature) const {
    return static_cast<uint64_t>((first_image + image) * total_features + feature_offset + feature);
  }

  /// Of kCount units whose features are neighbours.
  template <int kCount>
  ALEXNET_HD void keep_run(int64_t image, int64_t feature, bool (&kept)[kCount]) const {
    if (threshold == 0) {  // a test pass
      ALEXNET_UNROLL
      for (int i = 0; i < kCount; ++i) kept[i] = true;
      return;
    }
    const uint64_t first = element(image, feature);
    Words drawn = words(first / 4);
    ALEXNET_UNROLL
    for (int i = 0; i < kCount; ++i) {
      const uint64_t e = first + static_cast<uint64_t>(i);
      if (i > 0 && e % 4 == 0) drawn = words(e / 4);
      const auto word = static_cast<uint32_t>(e % 4);
      kept[i] = keeps(word == 0 ? drawn.w[0] : word == 1 ? drawn.w[1] : word == 2 ? drawn.w[2] : drawn.w[3]);
    }
  }
};

inline KeepRule keep_rule(const DropoutDraw& draw) {
  // uniform01(word) >= p  <=>  word >> 8 >= ceil(p 2^24): p 2^24 is exact in double.
  const double units = draw.drop_probability * 0x1p24;
  auto threshold = static_cast<uint32_t>(units);
  if (static_cast<double>(threshold) < units) ++threshold;
  return {draw.seed,           draw.layer,          threshold,       draw.step,
          draw.total_features, draw.feature_offset, draw.first_image};
}

/// y = kept ? x * scale : 0, times f' where `derivative` is one: the same function forward (kOne) and back.
template <class T, int kWidth>
struct Dropout {
  Map<const T> x, output;  // output: of the activation; data null where derivative is kOne
  Map<T> y;
  KeepRule rule;
  float scale;
  Derivative derivative;
  int32_t pixels;
  Order<kWidth> order;

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const MapPlace place = order(index);
    bool kept[kWidth];
    if (pixels == 1) {
      rule.keep_run<kWidth>(image, place.channel, kept);
    } else {
      ALEXNET_UNROLL
      for (int i = 0; i < kWidth; ++i) {  // features of neighbouring channels lie a map apart
        bool one[1];
        rule.keep_run<1>(image, static_cast<int64_t>(place.channel + i) * pixels + place.pixel, one);
        kept[i] = one[0];
      }
    }
    Floats<kWidth> v = load<kWidth>(address<kWidth>(x, image, place.pixel, place.channel));
    ALEXNET_UNROLL
    for (int i = 0; i < kWidth; ++i) v.v[i] = kept[i] ? v.v[i] * scale : 0.0f;
    if (derivative != Derivative::kOne) {
      const Floats<kWidth> out = load<kWidth>(address<kWidth>(output, image, place.pixel, place.channel));
      v = times_derivative(derivative, v, out);
    }
    store<kWidth>(address<kWidth>(y, image, place.pixel, place.channel), v);
  }
};

template <class Run, class T>
void run_dropout(const Run& run, const T* x, const MapView& x_view, const T* output,
                 const MapView& output_view, T* y, const MapView& y_view, const DropoutDraw& draw,
                 std::optional<Activation> activation) {
  check_alike(x_view, y_view, /*same_size=*/true);
  if (!(draw.drop_probability >= 0 && draw.drop_probability < 1) || !draw.step)
    throw Error(ErrorCode::kInvalidArgument, "dropout needs a share in [0, 1) and the step's number");
  if (activation) check_alike(x_view, output_view, /*same_size=*/true);
  const bool output_fits = !activation || fits_vectors(output, output_view);
  with_width(output_fits && fits_vectors(x, x_view) && fits_vectors(y, y_view), [&]<int kWidth>() {
    const Dropout<T, kWidth> op{map_of(x, x_view),
                                map_of(output, output_view),
                                map_of(y, y_view),
                                keep_rule(draw),
                                draw.scale,
                                derivative_of(activation),
                                static_cast<int32_t>(x_view.pixels()),
                                order_of<kWidth>(x_view, x_view.pixels())};
    run.each(op, x_view.images, threads_of<kWidth>(x_view, x_view.pixels()));
  });
}

template <class Run, class T>
void run_dropout_forward(const Run& run, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                         const DropoutDraw& draw) {
  run_dropout(run, x, x_view, static_cast<const T*>(nullptr), x_view, y, y_view, draw, std::nullopt);
}

template <class Run, class T>
void run_dropout_backward(const Run& run, const T* dy, const MapView& dy_view, const T* output,
                          const MapView& output_view, T* dx, const MapView& dx_view, const DropoutDraw& draw,
                          std::optional<Activation> activation) {
  run_dropout(run, dy, dy_view, output, output_view, dx, dx_view, draw, activation);
}

}  // namespace alexnet::cuda
