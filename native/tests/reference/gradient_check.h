// Central differences against an analytic gradient, in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "alexnet/random.h"
#include "reference/layers.h"

namespace alexnet::test {

using reference::Values;

/// `count` draws from N(0, 1), the same for the same seed.
inline Values random_values(size_t count, uint64_t seed) {
  const RandomStream stream{seed, RandomPurpose::kSample};
  Values values(count);
  for (size_t i = 0; i < count; ++i) {
    const auto words = stream.words(i);
    values[i] = gaussian_pair(words[0], words[1])[0];
  }
  return values;
}

/// A shuffle of `count` values 0.01 apart around 0: no two are near enough, and none near enough to 0,
/// for a difference quotient to step over a kink of max or ReLU.
inline Values spaced_values(size_t count, uint64_t seed) {
  const RandomStream stream{seed, RandomPurpose::kSample};
  Values values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = 0.01 * (static_cast<double>(i) - static_cast<double>(count) / 2 + 0.25);
  }
  for (size_t i = count; i > 1; --i) {
    std::swap(values[i - 1], values[uniform_below(stream.words(i)[0], static_cast<uint32_t>(i))]);
  }
  return values;
}

inline double dot(const Values& a, const Values& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// The largest difference between `gradient` and the central differences of `f` at `x`, relative to the
/// gradient's largest value or 1e-3 where that is larger. `f` reads x. Every `every`-th value is tried.
///
/// With a step of 1e-5 the truncation error is of the order 1e-10 and the rounding error 1e-16 / 1e-5 times
/// f, so that 1e-7 separates a right formula from a wrong one by far.
inline double gradient_error(Values& x, const Values& gradient, const std::function<double()>& f,
                             size_t every = 1, double step = 1e-5) {
  double largest = 1e-3, error = 0;
  for (const double g : gradient) largest = std::max(largest, std::abs(g));
  for (size_t i = 0; i < x.size(); i += every) {
    const double middle = x[i];
    x[i] = middle + step;
    const double above = f();
    x[i] = middle - step;
    const double below = f();
    x[i] = middle;
    error = std::max(error, std::abs((above - below) / (2 * step) - gradient[i]));
  }
  return error / largest;
}

inline constexpr double kGradientTolerance = 1e-7;

}  // namespace alexnet::test
