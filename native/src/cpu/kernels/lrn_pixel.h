// Local response normalisation of one pixel over all channels of its column, for *.isa.cc files: one pass
// over the channel blocks with the neighbours in registers. Paper section 3.3:
//   y = x s^-beta,  s = k + alpha sum_window x^2
//   dx = dy s^-beta - 2 alpha beta x sum_{windows that hold it} dy x s^(-beta - 1)
#pragma once

#include "cpu/kernels/simd_math.h"

namespace alexnet::ALEXNET_ISA {

/// s^-beta and s^(-beta - 1).
struct LrnPowers {
  F16 scale, slope;
};

/// beta = 3/4, by square roots alone.
struct ThreeQuarters {
  explicit ThreeQuarters(double) {}
  ALEXNET_INLINE LrnPowers operator()(const F16& s) const {
    const F16 r = reciprocal_sqrt(s);  // s^-1/2
    const F16 inverse = r * r;         // s^-1
    const F16 q = reciprocal_sqrt(r);  // s^1/4
    return {inverse * q, inverse * inverse * q};
  }
};

/// Any beta.
struct AnyPower {
  explicit AnyPower(double beta) : beta_(static_cast<float>(beta)) {}
  ALEXNET_INLINE LrnPowers operator()(const F16& s) const {
    const F16 scale = exp(splat(-beta_) * log(s));
    return {scale, scale / s};
  }
  float beta_;
};

/// The window of five channels, sums from neighbouring registers. `previous`, `current`, `next` are
/// consecutive blocks; lane c of the result sums channels c - 2 .. c + 2 of the current block.
struct WindowOfFive {
  static constexpr bool kIsFive = true;
  WindowOfFive(int64_t, float*, int64_t) {}
  static ALEXNET_INLINE F16 sum(const F16& previous, const F16& current, const F16& next) {
    return ((slide<14>(previous, current) + slide<15>(previous, current)) + current) +
           (slide<1>(current, next) + slide<2>(current, next));
  }
};

/// A window of any odd size, sums through memory.
struct AnyWindow {
  static constexpr bool kIsFive = false;
  /// `memory`: floats_for(size, blocks) floats.
  AnyWindow(int64_t size, float* memory, int64_t blocks)
      : half_(size / 2),
        squares_(memory + margin_for(size)),
        weights_(squares_ + blocks * 16 + 2 * margin_for(size)) {
    for (int64_t i = 0; i < floats_for(size, blocks); ++i) memory[i] = 0;
  }
  static int64_t margin_for(int64_t size) { return (size + 15) / 16 * 16; }
  static int64_t floats_for(int64_t size, int64_t blocks) { return 2 * (blocks * 16 + 2 * margin_for(size)); }
  /// Lane c sums channels c - half .. c + half of `values`, c a channel of the block.
  ALEXNET_INLINE F16 sum(const float* values, int64_t block) const {
    F16 total = splat(0.0f);
    for (int64_t j = -half_; j <= half_; ++j) total = total + load(values + block * 16 + j);
    return total;
  }
  int64_t half_;
  float* squares_;  // of the pixel's values, with zeros on both sides
  float* weights_;  // dy x s^(-beta - 1), likewise
};

template <class Power, class Window>
class LrnPixel {
 public:
  LrnPixel(const LrnSpec& lrn, int64_t blocks, float* memory)
      : power_(lrn.beta), window_(lrn.size, memory, blocks), blocks_(blocks) {
    const double alpha = lrn.alpha_over_n ? lrn.alpha / static_cast<double>(lrn.size) : lrn.alpha;
    k_ = static_cast<float>(lrn.k);
    alpha_ = static_cast<float>(alpha);
    slope_ = static_cast<float>(2 * alpha * lrn.beta);
  }

  /// put(block, y) for every block; get(block) is x.
  template <class Get, class Put>
  ALEXNET_INLINE void forward(const Get& get, const Put& put) const {
    if constexpr (Window::kIsFive) {
      F16 x = get(0), square_before = splat(0.0f), square = x * x;
      for (int64_t b = 0; b < blocks_; ++b) {
        const F16 x_next = b + 1 < blocks_ ? get(b + 1) : splat(0.0f);
        const F16 square_next = x_next * x_next;
        put(b, x * power_(scale(Window::sum(square_before, square, square_next))).scale);
        x = x_next, square_before = square, square = square_next;
      }
    } else {
      put_squares(get);
      for (int64_t b = 0; b < blocks_; ++b) {
        put(b, get(b) * power_(scale(window_.sum(window_.squares_, b))).scale);
      }
    }
  }

  /// put(block, x, dx) for every block; get(block) is x, gradient(block) is dy.
  template <class Get, class Gradient, class Put>
  ALEXNET_INLINE void backward(const Get& get, const Gradient& gradient, const Put& put) const {
    if constexpr (Window::kIsFive) {
      // Block b's dx needs the weights dy x s^(-beta - 1) of block b + 1: it is put one step later.
      F16 x = get(0), square_before = splat(0.0f), square = x * x;
      F16 x_before = splat(0.0f), direct_before = splat(0.0f);
      F16 weight_before2 = splat(0.0f), weight_before = splat(0.0f);
      for (int64_t b = 0; b < blocks_; ++b) {
        const F16 x_next = b + 1 < blocks_ ? get(b + 1) : splat(0.0f);
        const F16 square_next = x_next * x_next;
        const LrnPowers powers = power_(scale(Window::sum(square_before, square, square_next)));
        const F16 dy = gradient(b);
        const F16 weight = dy * x * powers.slope;
        if (b > 0) {
          const F16 sum = Window::sum(weight_before2, weight_before, weight);
          put(b - 1, x_before, direct_before - splat(slope_) * x_before * sum);
        }
        direct_before = dy * powers.scale;
        weight_before2 = weight_before, weight_before = weight;
        x_before = x, x = x_next, square_before = square, square = square_next;
      }
      const F16 sum = Window::sum(weight_before2, weight_before, splat(0.0f));
      put(blocks_ - 1, x_before, direct_before - splat(slope_) * x_before * sum);
    } else {
      put_squares(get);
      for (int64_t b = 0; b < blocks_; ++b) {
        const LrnPowers powers = power_(scale(window_.sum(window_.squares_, b)));
        store(window_.weights_ + b * 16, gradient(b) * get(b) * powers.slope);
      }
      for (int64_t b = 0; b < blocks_; ++b) {
        const F16 x = get(b);
        const F16 own = power_(scale(window_.sum(window_.squares_, b))).scale;
        const F16 sum = window_.sum(window_.weights_, b);
        put(b, x, gradient(b) * own - splat(slope_) * x * sum);
      }
    }
  }

 private:
  ALEXNET_INLINE F16 scale(const F16& sum_of_squares) const {
    return splat(k_) + splat(alpha_) * sum_of_squares;
  }
  template <class Get>
  ALEXNET_INLINE void put_squares(const Get& get) const {
    for (int64_t b = 0; b < blocks_; ++b) {
      const F16 x = get(b);
      store(window_.squares_ + b * 16, x * x);
    }
  }

  Power power_;
  Window window_;
  int64_t blocks_;
  float k_, alpha_, slope_;
};

/// Floats of working memory for one LrnPixel.
inline int64_t lrn_memory(const LrnSpec& lrn, int64_t blocks) {
  return AnyWindow::floats_for(lrn.size, blocks);
}

/// Calls body.template operator()<LrnPixel<...>>(): in registers for the constants that every published net
/// has, size 5 and beta 3/4, through memory for any others.
template <class Body>
void with_lrn_pixel(const LrnSpec& lrn, const Body& body) {
  if (lrn.size == 5 && lrn.beta == 0.75)
    return body.template operator()<LrnPixel<ThreeQuarters, WindowOfFive>>();
  body.template operator()<LrnPixel<AnyPower, AnyWindow>>();
}

}  // namespace alexnet::ALEXNET_ISA
