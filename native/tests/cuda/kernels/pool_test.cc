// Max-pooling, alone and over normalised maps: values, winners, ties, edges, strips, the way back.
#include "cuda/kernels/pool.h"

#include "maps_testing.h"

namespace alexnet::cuda::testing {
namespace {

struct Case {
  Extent in;
  PoolSpec pool;
};

const Case kCases[] = {
    {{2, 16, 13, 13}, {3, 2, Rounding::kFloor}}, {{1, 48, 9, 7}, {3, 2, Rounding::kFloor}},
    {{1, 8, 6, 9}, {3, 2, Rounding::kCeil}},     {{1, 20, 6, 6}, {3, 2, Rounding::kCeil}},
    {{2, 8, 8, 12}, {2, 2, Rounding::kFloor}},   {{1, 7, 9, 7}, {4, 3, Rounding::kCeil}},
    {{1, 16, 12, 7}, {5, 1, Rounding::kFloor}},  {{1, 8, 3, 3}, {3, 2, Rounding::kFloor}},
    {{1, 8, 16, 17}, {16, 7, Rounding::kCeil}},
};

int64_t windows(int64_t length, const PoolSpec& pool) {
  const int64_t rest = length - pool.size;
  return 1 + (pool.rounding == Rounding::kCeil ? (rest + pool.stride - 1) / pool.stride : rest / pool.stride);
}

Extent pooled(const Case& c) {
  return {c.in.images, c.in.channels, windows(c.in.height, c.pool), windows(c.in.width, c.pool)};
}

/// The reference's places in x as places in the window.
std::vector<int> window_places(const reference::Pooled& result, const Case& c) {
  const Extent out = pooled(c);
  std::vector<int> places;
  for (size_t i = 0; i < result.argmax.size(); ++i) {
    const int64_t pixel = result.argmax[i] % (c.in.height * c.in.width);
    const auto window = static_cast<int64_t>(i) % (out.height * out.width);
    const int64_t row = pixel / c.in.width - window / out.width * c.pool.stride;
    const int64_t column = pixel % c.in.width - window % out.width * c.pool.stride;
    places.push_back(static_cast<int>(row * c.pool.size + column));
  }
  return places;
}

template <class T>
void check_pool(const Case& c) {
  const Extent out = pooled(c);
  const Values x = random_values<T>(c.in.count(), -1, 1, 1), dy = random_values<T>(out.count(), -1, 1, 2);
  const reference::Pooled expected =
      reference::pool_forward(x, c.in.images, c.in.shape(), out.shape(), c.pool);
  const Values unpooled = reference::pool_backward(expected.argmax, dy, x.size());
  for (const Layout layout : kLayouts) {
    CAPTURE(c.pool.size);
    CAPTURE(c.in.height);
    CAPTURE(layout_name(layout));
    const Stored<T> from(c.in, layout, x), gradient(out, layout, dy);
    Stored<T> y(out, layout), alone(out, layout), rectified(out, layout), dx(c.in, layout);
    Vector<uint8_t> winners(out.count(), 255);
    launch::pool_forward(from.data(), from.view, y.data(), y.view, winners.data(), c.pool, false);
    CHECK(y.values() == expected.y);
    CHECK(places_of(winners, out, layout) == window_places(expected, c));
    launch::pool_forward(from.data(), from.view, alone.data(), alone.view, static_cast<uint8_t*>(nullptr),
                         c.pool, false);
    CHECK(alone.values() == expected.y);
    launch::pool_forward(from.data(), from.view, rectified.data(), rectified.view, winners.data(), c.pool,
                         true);
    CHECK(rectified.values() == reference::activation_forward(expected.y, Activation::kRelu));
    for (const auto& activation : kActivations) {
      launch::pool_backward(activation ? from.data() : nullptr, from.view, gradient.data(), gradient.view,
                            winners.data(), dx.data(), dx.view, c.pool, activation);
      CHECK(worst_error(dx.values(), through(activation, x, unpooled), 0.1) < tolerance<T>());
    }
  }
}

TEST_CASE("pooling, its winners and its gradient equal the reference in every layout") {
  for (const Case& c : kCases) {
    check_pool<float>(c);
    check_pool<Bf16>(c);
  }
}

template <class T>
void check_lrn_pool(const Case& c, const LrnSpec& lrn, bool relu_after, std::optional<Activation> before) {
  const Extent out = pooled(c);
  const Values x = random_values<T>(c.in.count(), -1, 1, 3), dy = random_values<T>(out.count(), -1, 1, 4);
  const Values normalised = reference::lrn_forward(x, c.in.images, c.in.shape(), 1, lrn);
  reference::Pooled expected =
      reference::pool_forward(normalised, c.in.images, c.in.shape(), out.shape(), c.pool);
  if (relu_after) expected.y = reference::activation_forward(expected.y, Activation::kRelu);
  for (const Layout layout : kLayouts) {
    CAPTURE(c.pool.size);
    CAPTURE(c.in.channels);
    CAPTURE(layout_name(layout));
    const Stored<T> from(c.in, layout, x), gradient(out, layout, dy);
    Stored<T> y(out, layout), dx(c.in, layout);
    Vector<uint8_t> winners(out.count(), 255);
    launch::lrn_pool_forward(from.data(), from.view, y.data(), y.view, winners.data(), lrn, c.pool,
                             relu_after);
    CHECK(worst_error(y.values(), expected.y, 0.01) < tolerance<T>());
    // Where two of a window's values are equal in float another may win than in double: it must be as large.
    const std::vector<int> places = places_of(winners, out, layout), wanted = window_places(expected, c);
    std::vector<int64_t> argmax = expected.argmax;
    double behind = 0;
    for (size_t i = 0; i < places.size(); ++i) {
      argmax[i] += (places[i] / c.pool.size - wanted[i] / c.pool.size) * c.in.width +
                   (places[i] % c.pool.size - wanted[i] % c.pool.size);
      REQUIRE(argmax[i] >= 0);
      REQUIRE(argmax[i] < static_cast<int64_t>(x.size()));
      behind = std::max(behind, normalised[static_cast<size_t>(expected.argmax[i])] -
                                    normalised[static_cast<size_t>(argmax[i])]);
    }
    CHECK(behind < 1e-6);
    Values d = reference::pool_backward(argmax, dy, x.size());
    if (relu_after) d = reference::activation_backward(x, d, Activation::kRelu);
    const Values dx_expected =
        through(before, x, reference::lrn_backward(x, d, c.in.images, c.in.shape(), 1, lrn));
    launch::lrn_pool_backward(from.data(), from.view, gradient.data(), gradient.view, winners.data(),
                              dx.data(), dx.view, lrn, c.pool, relu_after, before);
    CHECK(worst_error(dx.values(), dx_expected, 0.1) < tolerance<T>());
  }
}

TEST_CASE("LRN with pooling in one pass equals the two, forward and back") {
  const LrnSpec five{5, 2.0, 0.3, 0.75, false};
  for (const Case& c : kCases) {
    check_lrn_pool<float>(c, five, false, Activation::kRelu);
    check_lrn_pool<Bf16>(c, five, false, Activation::kRelu);
    check_lrn_pool<float>(c, five, true, std::nullopt);
  }
  check_lrn_pool<float>(kCases[0], {5, 1.0, 0.4, 0.5, true}, false, Activation::kTanh);
  check_lrn_pool<float>(kCases[0], {3, 1.0, 0.4, 0.75, false}, false, Activation::kSigmoid);
}

#if !defined(ALEXNET_ON_DEVICE)
TEST_CASE("strips of every length give the same bits, also where a band is cut short") {
  const Case c{{1, 8, 24, 9}, {3, 2, Rounding::kCeil}};
  const Extent out = pooled(c);
  const Values x = random_values<float>(c.in.count(), -1, 1, 5);
  const reference::Pooled expected =
      reference::pool_forward(x, c.in.images, c.in.shape(), out.shape(), c.pool);
  const Stored<float> from(c.in, Layout::kChannelsLast, x);
  for (int32_t rows = 1; rows <= out.height; ++rows) {
    CAPTURE(rows);
    Stored<float> y(out, Layout::kChannelsLast);
    Vector<uint8_t> winners(out.count(), 255);
    const int64_t strips = (out.height + rows - 1) / rows * out.width;
    const PoolForward<float, 8, Plain<float, 8>, true> op{{map_of(from.data(), from.view)},
                                                          map_of(y.data(), y.view),
                                                          map_of(winners.data(), dense_like(y.view)),
                                                          static_cast<int32_t>(c.in.height),
                                                          static_cast<int32_t>(c.in.width),
                                                          static_cast<int32_t>(out.height),
                                                          static_cast<int32_t>(out.width),
                                                          3,
                                                          2,
                                                          rows,
                                                          false,
                                                          order_of<8>(y.view, strips)};
    OnHost{}.each(op, 1, strips);
    CHECK(y.values() == expected.y);
    CHECK(places_of(winners, out, Layout::kChannelsLast) == window_places(expected, c));
  }
  CHECK(strip_rows(1'000'000, 27) == 27);  // busy with whole columns
  CHECK(strip_rows(1, 27) == 2);
}
#endif

TEST_CASE("on a tie the first of the window wins and takes the whole gradient") {
  const Case c{{1, 8, 7, 7}, {3, 2, Rounding::kFloor}};
  const Extent out = pooled(c);
  const Stored<float> x(c.in, Layout::kChannelsLast, Values(c.in.count(), 0.25));
  Stored<float> y(out, Layout::kChannelsLast), fused(out, Layout::kChannelsLast);
  Vector<uint8_t> winners(out.count(), 255), fused_winners(out.count(), 255);
  launch::pool_forward(x.data(), x.view, y.data(), y.view, winners.data(), c.pool, false);
  launch::lrn_pool_forward(x.data(), x.view, fused.data(), fused.view, fused_winners.data(), LrnSpec{},
                           c.pool, false);
  CHECK(winners == Vector<uint8_t>(out.count(), 0));
  CHECK(fused_winners == winners);
}

TEST_CASE("a NaN at a window's beginning wins, elsewhere it loses, as on the CPU") {
  const Extent in{1, 8, 5, 5}, out{1, 8, 2, 2};
  const PoolSpec pool{3, 2, Rounding::kFloor};
  Values values(in.count(), 1.0);
  for (size_t c = 0; c < 8; ++c) values[c * 25 + 2] = NAN;  // row 0, column 2: begins the second window
  const Stored<float> x(in, Layout::kChannelsLast, values);
  Stored<float> y(out, Layout::kChannelsLast);
  launch::pool_forward(x.data(), x.view, y.data(), y.view, static_cast<uint8_t*>(nullptr), pool, true);
  const Values result = y.values();
  for (size_t c = 0; c < 8; ++c) {
    CHECK(result[c * 4] == 1.0);
    CHECK(std::isnan(result[c * 4 + 1]));
  }
}

TEST_CASE("poolings that do not fit are refused") {
  const Extent in{1, 8, 7, 7};
  Stored<float> x(in, Layout::kChannelsLast);
  const auto call = [&](const Extent& out, const PoolSpec& pool) {
    Stored<float> y(out, Layout::kChannelsLast);
    return refused([&] {
      launch::pool_forward(x.data(), x.view, y.data(), y.view, static_cast<uint8_t*>(nullptr), pool, false);
    });
  };
  CHECK_FALSE(call({1, 8, 3, 3}, {3, 2, Rounding::kFloor}));
  CHECK(call({1, 8, 5, 3}, {3, 2, Rounding::kFloor}));   // the last window begins outside
  CHECK(call({1, 16, 3, 3}, {3, 2, Rounding::kFloor}));  // other channels
  CHECK(call({1, 8, 1, 1}, {17, 2, Rounding::kFloor}));  // a winner's place is a byte
  Stored<float> dy({1, 8, 3, 3}, Layout::kChannelsLast);
  const Vector<uint8_t> winners(72);
  CHECK(refused([&] {
    launch::pool_backward(static_cast<const float*>(nullptr), x.view, static_cast<const float*>(dy.data()),
                          dy.view, winners.data(), x.data(), x.view, PoolSpec{3, 2, Rounding::kFloor},
                          Activation::kTanh);
  }));
}

}  // namespace
}  // namespace alexnet::cuda::testing
