// Every layer's backward pass against central differences of its forward pass.
#include <doctest/doctest.h>

#include "reference/gradient_check.h"

using namespace alexnet;
using namespace alexnet::reference;
using test::dot;
using test::gradient_error;
using test::kGradientTolerance;
using test::random_values;
using test::spaced_values;

namespace {

void check_linear(const LinearShape& s) {
  const size_t weights =
      static_cast<size_t>(s.out.channels * s.in.channels / s.groups * s.kernel_height * s.kernel_width);
  Values x = random_values(static_cast<size_t>(s.batch * s.in.count()), 1);
  Values w = random_values(weights, 2), b = random_values(static_cast<size_t>(s.out.channels), 3);
  const Values dy = random_values(static_cast<size_t>(s.batch * s.out.count()), 4);
  const auto f = [&] { return dot(linear_forward(x, w, b, s), dy); };
  const LinearGradients d = linear_backward(x, w, dy, s);
  CHECK(gradient_error(x, d.input, f) < kGradientTolerance);
  CHECK(gradient_error(w, d.weight, f) < kGradientTolerance);
  CHECK(gradient_error(b, d.bias, f) < kGradientTolerance);
}

}  // namespace

TEST_CASE("convolution: stride, groups, padding on all sides") {
  check_linear({2, {4, 7, 7}, {6, 4, 4}, 3, 3, 2, 1, 2});
}

TEST_CASE("convolution: zeros at the right and bottom only") {
  check_linear({2, {3, 6, 6}, {4, 3, 3}, 3, 3, 2, 0, 1});  // the last window covers rows 4, 5 and a zero
}

TEST_CASE("product: one group and two") {
  check_linear({3, {4, 2, 2}, {6, 1, 1}, 2, 2, 1, 0, 1});
  check_linear({3, {4, 2, 2}, {6, 1, 1}, 2, 2, 1, 0, 2});
}

TEST_CASE("activations") {
  for (const Activation kind : {Activation::kRelu, Activation::kTanh, Activation::kSigmoid}) {
    CAPTURE(static_cast<int>(kind));
    Values x = spaced_values(60, 5);
    const Values dy = random_values(x.size(), 6);
    const Values d = activation_backward(activation_forward(x, kind), dy, kind);
    CHECK(gradient_error(x, d, [&] { return dot(activation_forward(x, kind), dy); }) < kGradientTolerance);
  }
}

TEST_CASE("LRN: one column and two, alpha as it is and divided by n, both betas") {
  const Shape shape{8, 3, 3};
  for (const int columns : {1, 2}) {
    for (const bool over_n : {false, true}) {
      for (const double beta : {0.75, 0.5}) {
        const LrnSpec lrn{5, 2, 0.3, beta, over_n};
        Values x = random_values(2 * 72, 7);
        const Values dy = random_values(x.size(), 8);
        const Values d = lrn_backward(x, dy, 2, shape, columns, lrn);
        const auto f = [&] { return dot(lrn_forward(x, 2, shape, columns, lrn), dy); };
        CHECK(gradient_error(x, d, f) < kGradientTolerance);
      }
    }
  }
}

TEST_CASE("spatial norm") {
  const Shape shape{3, 6, 5};
  const SpatialNormSpec norm{5, 1, 0.2, 0.75};
  Values x = random_values(2 * 90, 9);
  const Values dy = random_values(x.size(), 10);
  const Values d = spatial_norm_backward(x, dy, 2, shape, norm);
  const auto f = [&] { return dot(spatial_norm_forward(x, 2, shape, norm), dy); };
  CHECK(gradient_error(x, d, f) < kGradientTolerance);
}

TEST_CASE("max-pool: overlapping, not overlapping, and a last window that is cut") {
  struct Case {
    Shape in, out;
    PoolSpec pool;
  };
  const Case cases[] = {{{2, 7, 7}, {2, 3, 3}, {3, 2, Rounding::kFloor}},
                        {{2, 6, 6}, {2, 3, 3}, {2, 2, Rounding::kFloor}},
                        {{2, 6, 6}, {2, 3, 3}, {3, 2, Rounding::kCeil}}};
  for (const Case& c : cases) {
    Values x = spaced_values(static_cast<size_t>(2 * c.in.count()), 11);
    const Pooled pooled = pool_forward(x, 2, c.in, c.out, c.pool);
    const Values dy = random_values(pooled.y.size(), 12);
    const Values d = pool_backward(pooled.argmax, dy, x.size());
    const auto f = [&] { return dot(pool_forward(x, 2, c.in, c.out, c.pool).y, dy); };
    CHECK(gradient_error(x, d, f) < kGradientTolerance);
  }
}

TEST_CASE("dropout with both scales") {
  Values x = random_values(50, 13);
  const Values dy = random_values(50, 14);
  std::vector<uint8_t> kept(50);
  for (size_t i = 0; i < kept.size(); ++i) kept[i] = i % 3 != 0;
  for (const DropoutScale scale : {DropoutScale::kTraining, DropoutScale::kTest}) {
    const auto f = [&] { return dot(dropout_training(x, kept, 0.4, scale), dy); };
    CHECK(gradient_error(x, dropout_training(dy, kept, 0.4, scale), f) < kGradientTolerance);
  }
}

TEST_CASE("softmax cross-entropy, with an image that only fills up the batch") {
  Values logits = random_values(4 * 6, 15);
  const std::vector<int32_t> labels{2, -1, 0, 5};
  const Loss loss = softmax_cross_entropy(logits, labels, 6);
  const auto f = [&] { return softmax_cross_entropy(logits, labels, 6).loss; };
  CHECK(gradient_error(logits, loss.gradient, f) < kGradientTolerance);
}
