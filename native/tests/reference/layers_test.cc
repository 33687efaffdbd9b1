// Small cases worked out by hand.
#include <cmath>

#include <doctest/doctest.h>

#include "reference/gradient_check.h"

using namespace alexnet;
using namespace alexnet::reference;
using test::random_values;

TEST_CASE("a convolution is a sum of products, not flipped") {
  const Values x{1, 2, 3, 4, 5, 6, 7, 8, 9}, w{1, 10, 100, 1000};
  const LinearShape s{1, {1, 3, 3}, {1, 2, 2}, 2, 2, 1, 0, 1};
  CHECK(linear_forward(x, w, {0.5}, s) == Values{5421.5, 6532.5, 8754.5, 9865.5});
}

TEST_CASE("zeros surround the input, or follow it at the right and bottom") {
  const Values x{1, 2, 3, 4}, ones(9, 1.0);
  const LinearShape around{1, {1, 2, 2}, {1, 2, 2}, 3, 3, 1, 1, 1};
  CHECK(linear_forward(x, ones, {0}, around) == Values{10, 10, 10, 10});
  const LinearShape after{1, {1, 2, 2}, {1, 1, 1}, 3, 3, 2, 0, 1};
  const Values places{1, 2, 4, 8, 16, 32, 64, 128, 256};
  CHECK(linear_forward(x, places, {0}, after) == Values{1 * 1 + 2 * 2 + 3 * 8 + 4 * 16});
}

TEST_CASE("two groups are two convolutions side by side") {
  const LinearShape both{1, {4, 5, 5}, {6, 3, 3}, 3, 3, 2, 1, 2};
  const LinearShape half{1, {2, 5, 5}, {3, 3, 3}, 3, 3, 2, 1, 1};
  const Values x = random_values(100, 1), w = random_values(6 * 2 * 9, 2), b = random_values(6, 3);
  const Values y = linear_forward(x, w, b, both);
  for (size_t g = 0; g < 2; ++g) {
    const Values xg(x.begin() + 50 * g, x.begin() + 50 * (g + 1));
    const Values wg(w.begin() + 54 * g, w.begin() + 54 * (g + 1));
    const Values bg(b.begin() + 3 * g, b.begin() + 3 * (g + 1));
    CHECK(linear_forward(xg, wg, bg, half) == Values(y.begin() + 27 * g, y.begin() + 27 * (g + 1)));
  }
}

TEST_CASE("a product reads its input flattened by channel, row, column") {
  const Values x{1, 2, 3, 4, 5, 6, 7, 8};  // two maps of 2x2
  const Values w{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
  CHECK(linear_forward(x, w, {0, 0.5}, {1, {2, 2, 2}, {2, 1, 1}, 2, 2, 1, 0, 1}) == Values{1, 6.5});
}

TEST_CASE("LRN divides by the neighbours of the same column") {
  const Values x{1, 2, 3, 4};
  const Shape shape{4, 1, 1};
  const LrnSpec lrn{3, 2, 0.5, 0.75, false};
  const auto expect = [](double value, double squares, double alpha) {
    return doctest::Approx(value * std::pow(2 + alpha * squares, -0.75)).epsilon(1e-14);
  };
  const Values one = lrn_forward(x, 1, shape, 1, lrn);
  CHECK(one[0] == expect(1, 1 + 4, 0.5));
  CHECK(one[1] == expect(2, 1 + 4 + 9, 0.5));
  CHECK(one[3] == expect(4, 9 + 16, 0.5));
  const Values two = lrn_forward(x, 1, shape, 2, lrn);
  CHECK(two[1] == expect(2, 1 + 4, 0.5));
  CHECK(two[2] == expect(3, 9 + 16, 0.5));
  const Values over_n = lrn_forward(x, 1, shape, 1, {3, 2, 0.5, 0.75, true});
  CHECK(over_n[1] == expect(2, 1 + 4 + 9, 0.5 / 3));
}

TEST_CASE("the spatial norm divides by the window around the pixel, cut at the map's edge") {
  const Values x{1, 2, 3, 4, 5, 6, 7, 8, 9};
  const Values y = spatial_norm_forward(x, 1, {1, 3, 3}, {3, 1, 0.1, 0.75});
  CHECK(y[0] == doctest::Approx(1 * std::pow(1 + 0.1 * (1 + 4 + 16 + 25), -0.75)).epsilon(1e-14));
  CHECK(y[4] == doctest::Approx(5 * std::pow(1 + 0.1 * 285, -0.75)).epsilon(1e-14));
}

TEST_CASE("of equal values in a pool's window the first in row order wins") {
  const Values x{1, 3, 3, 3, 0, 0, 2, 2, 2};
  const Pooled pooled = pool_forward(x, 1, {1, 3, 3}, {1, 2, 2}, {2, 1, Rounding::kFloor});
  CHECK(pooled.y == Values{3, 3, 3, 2});
  CHECK(pooled.argmax == std::vector<int64_t>{1, 1, 3, 7});
  // Place 1 is read by two windows: its gradients add up.
  CHECK(pool_backward(pooled.argmax, {1, 10, 100, 1000}, 9) == Values{0, 11, 0, 100, 0, 0, 0, 1000, 0});
}

TEST_CASE("a pool's last window covers what exists") {
  const Values x{-1, -2, -3, -4};
  const Pooled pooled = pool_forward(x, 1, {1, 2, 2}, {1, 1, 1}, {3, 2, Rounding::kCeil});
  CHECK(pooled.y == Values{-1});  // not a zero from outside the map
}

TEST_CASE("dropout scales in training or at test, never both") {
  const Values x{2, 4, 6};
  const std::vector<uint8_t> kept{1, 0, 1};
  CHECK(dropout_training(x, kept, 0.5, DropoutScale::kTraining) == Values{4, 0, 12});
  CHECK(dropout_training(x, kept, 0.5, DropoutScale::kTest) == Values{2, 0, 6});
  CHECK(dropout_test(x, 0.25, DropoutScale::kTraining) == x);
  CHECK(dropout_test(x, 0.25, DropoutScale::kTest) == Values{1.5, 3, 4.5});
}

TEST_CASE("activations at known points") {
  CHECK(activation_forward({-1, 0, 2}, Activation::kRelu) == Values{0, 0, 2});
  CHECK(activation_backward({0, 0, 2}, {5, 5, 5}, Activation::kRelu) == Values{0, 0, 5});
  CHECK(activation_forward({0}, Activation::kSigmoid) == Values{0.5});
  CHECK(activation_forward({1}, Activation::kTanh)[0] == doctest::Approx(0.761594155955765).epsilon(1e-14));
}

TEST_CASE("the loss of known logits") {
  const Values logits{0, 0, std::log(3.0), 0, 1000, 0, 7, 8};  // rows of two classes; the last is a filler
  const std::vector<int32_t> labels{0, 0, 1, -1};
  const Loss loss = softmax_cross_entropy(logits, labels, 2);
  CHECK(loss.images == 3);
  CHECK(loss.loss == doctest::Approx((std::log(2.0) + std::log(4.0 / 3) + 1000) / 3).epsilon(1e-14));
  CHECK(loss.top1_error == doctest::Approx(1.0 / 3).epsilon(1e-14));  // only the third image is missed
  CHECK(loss.top5_error == 0);
  CHECK(loss.gradient[0] == doctest::Approx(-0.5 / 3).epsilon(1e-14));
  CHECK(loss.gradient[3] == doctest::Approx(0.25 / 3).epsilon(1e-14));
  CHECK(loss.gradient[6] == 0);
  CHECK(loss.gradient[7] == 0);
  const Loss none = softmax_cross_entropy(logits, std::vector<int32_t>(4, -1), 2);
  CHECK(none.images == 0);
  CHECK(none.loss == 0);
  CHECK(none.gradient == Values(8, 0.0));
}

TEST_CASE("of equal logits the lower class comes first") {
  const Values logits{1, 5, 5, 5, 2, 0, 3};
  CHECK(is_hit(logits, 1, 1));
  CHECK(!is_hit(logits, 2, 1));
  CHECK(is_hit(logits, 2, 2));
  CHECK(is_hit(logits, 4, 5));
  CHECK(!is_hit(logits, 0, 5));
  CHECK(is_hit(logits, 0, 6));
}

TEST_CASE("the update keeps the rate inside the velocity") {
  Values w{2}, v{0.5};
  sgd_step(w, v, {3}, {/*rate=*/0.1, /*momentum=*/0.9, /*decay=*/0.01});
  CHECK(v[0] == doctest::Approx(0.9 * 0.5 - 0.01 * 0.1 * 2 - 0.1 * 3).epsilon(1e-14));
  CHECK(w[0] == doctest::Approx(2 + v[0]).epsilon(1e-14));
}
