// Local response normalisation, forward and back, with a ReLU or another activation on either side.
#include "cuda/kernels/lrn.h"

#include "maps_testing.h"

namespace alexnet::cuda::testing {
namespace {

struct Case {
  Extent extent;
  LrnSpec lrn;
};

// Alphas are large, so that the normalisation matters.
const Case kCases[] = {
    {{2, 48, 5, 4}, {5, 2.0, 0.3, 0.75, false}}, {{1, 8, 3, 3}, {5, 2.0, 0.3, 0.75, false}},
    {{1, 16, 2, 7}, {5, 1.0, 0.5, 0.75, true}},  {{2, 24, 3, 2}, {5, 1.5, 0.4, 0.6, false}},
    {{1, 20, 4, 3}, {5, 2.0, 0.3, 0.75, false}}, {{1, 16, 3, 3}, {3, 1.0, 0.5, 0.75, true}},
    {{1, 3, 4, 4}, {9, 2.0, 0.2, 1.2, false}},
};

bool alike(Layout a, Layout b) { return (a == Layout::kPlanar) == (b == Layout::kPlanar); }

template <class T>
void check_forward(const Case& c) {
  const Values x = random_values<T>(c.extent.count(), -1, 1, 1);
  const Values plain = reference::lrn_forward(x, c.extent.images, c.extent.shape(), 1, c.lrn);
  for (const bool relu_after : {false, true}) {
    const Values expected = relu_after ? reference::activation_forward(plain, Activation::kRelu) : plain;
    for (const Layout in : kLayouts) {
      for (const Layout out : kLayouts) {
        if (!alike(in, out)) continue;
        CAPTURE(c.extent.channels);
        CAPTURE(layout_name(in));
        CAPTURE(layout_name(out));
        const Stored<T> from(c.extent, in, x);
        Stored<T> y(c.extent, out);
        launch::lrn_forward(from.data(), from.view, y.data(), y.view, c.lrn, relu_after);
        CHECK(worst_error(y.values(), expected, 0.01) < tolerance<T>());
      }
    }
  }
}

template <class T>
void check_backward(const Case& c, std::optional<Activation> before, bool relu_after) {
  const Values x = random_values<T>(c.extent.count(), -1, 1, 2);
  const Values dy = random_values<T>(c.extent.count(), -1, 1, 3);
  const Values d = relu_after ? reference::activation_backward(x, dy, Activation::kRelu) : dy;
  const Values expected =
      through(before, x, reference::lrn_backward(x, d, c.extent.images, c.extent.shape(), 1, c.lrn));
  for (const Layout layout : kLayouts) {
    CAPTURE(c.extent.channels);
    CAPTURE(layout_name(layout));
    const Stored<T> stored_x(c.extent, layout, x), stored_dy(c.extent, layout, dy);
    Stored<T> dx(c.extent, layout);
    launch::lrn_backward(stored_x.data(), stored_x.view, stored_dy.data(), stored_dy.view, dx.data(), dx.view,
                         c.lrn, relu_after, before);
    CHECK(worst_error(dx.values(), expected, 0.1) < tolerance<T>());
  }
}

TEST_CASE("LRN equals the paper's formula in every layout, window and power") {
  for (const Case& c : kCases) {
    check_forward<float>(c);
    check_forward<Bf16>(c);
  }
}

TEST_CASE("LRN's gradient equals the reference's, with the activations before and a ReLU after") {
  for (const Case& c : kCases) {
    for (const auto& before : kActivations) check_backward<float>(c, before, false);
    check_backward<float>(c, std::nullopt, true);
    check_backward<Bf16>(c, Activation::kRelu, false);
    check_backward<Bf16>(c, std::nullopt, true);
  }
}

#if !defined(ALEXNET_ON_DEVICE)
TEST_CASE("windows of five over whole vectors, channels last, take eight channels a call") {
  const auto calls = [](const Extent& extent, Layout layout, const LrnSpec& lrn) {
    const Stored<Bf16> x(extent, layout, Values(extent.count(), 1.0));
    Stored<Bf16> y(extent, layout);
    const OnHost run;
    run_lrn_forward(run, x.data(), x.view, y.data(), y.view, lrn, false);
    return run.calls;
  };
  const LrnSpec five, three{3, 2, 1e-4, 0.75, false};
  CHECK(calls({2, 48, 3, 3}, Layout::kChannelsLast, five) == 2 * 6 * 9);
  CHECK(calls({2, 48, 3, 3}, Layout::kSecondHalf, five) == 2 * 6 * 9);
  CHECK(calls({2, 48, 3, 3}, Layout::kPlanar, five) == 2 * 48 * 9);
  CHECK(calls({2, 44, 3, 3}, Layout::kChannelsLast, five) == 2 * 44 * 9);
  CHECK(calls({2, 48, 3, 3}, Layout::kChannelsLast, three) == 2 * 48 * 9);
}
#endif

TEST_CASE("a column's half of a joined map is normalised by itself") {
  const Extent whole{2, 32, 3, 4};
  const LrnSpec lrn{5, 2.0, 0.3, 0.75, false};
  const Values x = random_values<float>(whole.count(), -1, 1, 4);
  const Values expected = reference::lrn_forward(x, 2, whole.shape(), 2, lrn);
  const Stored<float> joined(whole, Layout::kChannelsLast, x);
  Stored<float> y(whole, Layout::kChannelsLast);
  for (int64_t column = 0; column < 2; ++column)
    launch::lrn_forward(joined.data() + 16 * column, channels_of(joined.view, 16), y.data() + 16 * column,
                        channels_of(y.view, 16), lrn, false);
  CHECK(worst_error(y.values(), expected, 0.01) < tolerance<float>());
}

TEST_CASE("a NaN stays one through the normalisation and its ReLU") {
  const Extent extent{1, 8, 1, 1};
  Values x(8, 0.5);
  x[3] = NAN;
  const Stored<float> from(extent, Layout::kChannelsLast, x);
  Stored<float> y(extent, Layout::kChannelsLast);
  launch::lrn_forward(from.data(), from.view, y.data(), y.view, LrnSpec{}, true);
  const Values result = y.values();
  for (size_t c = 0; c < 8; ++c) CHECK(std::isnan(result[c]) == (c >= 1 && c <= 5));
}

TEST_CASE("arguments that do not fit are refused") {
  const Extent a{1, 8, 3, 3}, b{1, 8, 3, 2};
  Stored<float> x(a, Layout::kChannelsLast), y(b, Layout::kChannelsLast), planar(a, Layout::kPlanar);
  const auto call = [&](Stored<float>& to, const LrnSpec& lrn) {
    return refused([&] { launch::lrn_forward(x.data(), x.view, to.data(), to.view, lrn, false); });
  };
  CHECK_FALSE(call(x, {}));
  CHECK(call(y, {}));
  CHECK(call(planar, {}));
  CHECK(call(x, {4, 2, 1e-4, 0.75, false}));
  CHECK(call(x, {5, 0, 1e-4, 0.75, false}));
}

}  // namespace
}  // namespace alexnet::cuda::testing
