// The draws: their distributions, and that they depend on nothing but seed, epoch and image.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "alexnet/sampling.h"

namespace {

using namespace alexnet;

Preprocessing paper_preprocessing() {
  Preprocessing pre;
  pre.mean = MeanMode::kNone;
  // Measured on ImageNet with the original code (grey levels, RGB).
  pre.colour_deviations = {121.7801, 37.0939, 19.7208};
  pre.colour_axes = {-.5635, -.5762, -.5920, -.7126, -.0235, .7012, .4180, -.8170, .3973};
  return pre;
}

}  // namespace

TEST_CASE("crop offsets are uniform over 33 x 33 and half the images are mirrored") {
  const Preprocessing pre = paper_preprocessing();
  const AugmentationSpec spec;
  const int draws = 33 * 33 * 100;
  std::vector<int> counts(33 * 33);
  int mirrored = 0;
  for (int i = 0; i < draws; ++i) {
    const Sample sample = training_sample(spec, pre, 42, 3, static_cast<uint64_t>(i));
    const bool inside = sample.top >= 0 && sample.top <= 32 && sample.left >= 0 && sample.left <= 32;
    if (!inside) FAIL("offset ", sample.top, ", ", sample.left);
    ++counts[sample.top * 33 + sample.left];
    mirrored += sample.mirror;
  }
  double chi_squared = 0;
  for (const int count : counts) chi_squared += (count - 100.0) * (count - 100.0) / 100.0;
  // 1088 degrees of freedom: mean 1088, deviation 46.6; five deviations either way.
  CHECK(chi_squared > 1088 - 5 * 46.6);
  CHECK(chi_squared < 1088 + 5 * 46.6);
  // Deviation of the share of mirrored: 0.5 / sqrt(draws) = 0.0015.
  CHECK(std::abs(mirrored / static_cast<double>(draws) - 0.5) < 5 * 0.0015);
}

TEST_CASE("colour noise has the covariance that sigma and the axes give") {
  const Preprocessing pre = paper_preprocessing();
  AugmentationSpec spec;
  spec.colour_noise = 0.1;
  const int draws = 200000;
  double sum[3] = {}, products[9] = {};
  for (int i = 0; i < draws; ++i) {
    const Sample sample = training_sample(spec, pre, 7, 0, static_cast<uint64_t>(i));
    for (int a = 0; a < 3; ++a) {
      sum[a] += sample.colour[a];
      for (int b = 0; b < 3; ++b) products[a * 3 + b] += double{sample.colour[a]} * sample.colour[b];
    }
  }
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      double expected = 0, scale_a = 0, scale_b = 0;
      for (int i = 0; i < 3; ++i) {
        const double variance = 0.01 * pre.colour_deviations[i] * pre.colour_deviations[i];
        expected += variance * pre.colour_axes[i * 3 + a] * pre.colour_axes[i * 3 + b];
        scale_a += variance * pre.colour_axes[i * 3 + a] * pre.colour_axes[i * 3 + a];
        scale_b += variance * pre.colour_axes[i * 3 + b] * pre.colour_axes[i * 3 + b];
      }
      // A sample covariance deviates by at most sqrt(2 / draws) = 0.32 % of the variances: five times that.
      CHECK(std::abs(products[a * 3 + b] / draws - expected) < 0.016 * std::sqrt(scale_a * scale_b));
    }
    CHECK(std::abs(sum[a] / draws) < 5 * 8.0 / std::sqrt(draws));  // deviations of a channel: about 8 levels
  }
}

TEST_CASE("a draw depends on seed, epoch and image alone") {
  const Preprocessing pre = paper_preprocessing();
  const AugmentationSpec spec;
  const auto key = [](const Sample& s) { return std::tuple(s.top, s.left, s.mirror, s.colour); };
  const Sample once = training_sample(spec, pre, 1, 2, 3);
  CHECK(key(once) == key(training_sample(spec, pre, 1, 2, 3)));
  CHECK(key(once) != key(training_sample(spec, pre, 2, 2, 3)));
  CHECK(key(once) != key(training_sample(spec, pre, 1, 3, 3)));
  CHECK(key(once) != key(training_sample(spec, pre, 1, 2, 4)));
  // Each part is drawn for itself: switching one off leaves the others.
  AugmentationSpec less = spec;
  less.mirror = false;
  less.colour_noise = 0;
  const Sample plain = training_sample(less, pre, 1, 2, 3);
  CHECK(plain.top == once.top);
  CHECK(plain.left == once.left);
  CHECK_FALSE(plain.mirror);
  CHECK(plain.colour == std::array<float, 3>{});
  less = spec;
  less.crop = CropMode::kCentre;
  const Sample centre = training_sample(less, pre, 1, 2, 3);
  CHECK(centre.top == 16);
  CHECK(centre.left == 16);
  CHECK(centre.mirror == once.mirror);
  CHECK(centre.colour == once.colour);
}

TEST_CASE("the ten test crops are centre and corners, then mirrored") {
  Preprocessing pre;
  pre.crop_size = 224;
  const auto samples = ten_crop_samples(pre);
  const int expected[5][2] = {{16, 16}, {0, 0}, {0, 32}, {32, 0}, {32, 32}};
  for (size_t i = 0; i < 10; ++i) {
    CHECK(samples[i].top == expected[i % 5][0]);
    CHECK(samples[i].left == expected[i % 5][1]);
    CHECK(samples[i].mirror == (i >= 5));
    CHECK(samples[i].colour == std::array<float, 3>{});
  }
  pre.crop_size = 227;
  CHECK(centre_sample(pre).top == 14);
  CHECK_FALSE(centre_sample(pre).mirror);
}

TEST_CASE("an epoch's order is a permutation keyed by seed and epoch") {
  for (const uint32_t count : {0u, 1u, 2u, 5u, 1000u}) {
    std::vector<uint32_t> order = epoch_order(1, 2, count, true);
    CHECK(order == epoch_order(1, 2, count, true));
    if (count == 1000) {
      CHECK(order != epoch_order(1, 3, count, true));
      CHECK(order != epoch_order(2, 2, count, true));
    }
    std::sort(order.begin(), order.end());
    CHECK(order == epoch_order(1, 2, count, false));
    for (uint32_t i = 0; i < count; ++i) REQUIRE(order[i] == i);
  }
}

TEST_CASE("all orders of five images are equally frequent") {
  std::vector<int> counts(120);
  const int draws = 120 * 200;
  for (int epoch = 0; epoch < draws; ++epoch) {
    const auto order = epoch_order(9, static_cast<uint32_t>(epoch), 5, true);
    int rank = 0;
    for (int i = 0; i < 5; ++i) {
      int smaller = 0;
      for (int j = i + 1; j < 5; ++j) smaller += order[j] < order[i];
      rank = rank * (5 - i) + smaller;
    }
    ++counts[rank];
  }
  double chi_squared = 0;
  for (const int count : counts) chi_squared += (count - 200.0) * (count - 200.0) / 200.0;
  CHECK(chi_squared < 119 + 5 * std::sqrt(2.0 * 119));  // 119 degrees of freedom, five deviations
}
