// Max-pooling, alone and fused with LRN: values, winners, ties, the way back, threads.
#include "alexnet/error.h"
#include "kernels_norm_reference.h"

namespace alexnet::testing {
namespace {

struct Case {
  int64_t images, channels, height, width;
  PoolSpec pool;
  std::optional<Activation> activation;
};

const Case kCases[] = {
    {1, 20, 55, 55, {3, 2, Rounding::kFloor}, Activation::kRelu},
    {1, 48, 27, 27, {3, 2, Rounding::kFloor}, Activation::kTanh},
    {1, 128, 13, 13, {3, 2, Rounding::kFloor}, std::nullopt},
    {1, 16, 6, 9, {3, 2, Rounding::kCeil}, Activation::kSigmoid},
    {3, 20, 8, 12, {2, 2, Rounding::kFloor}, Activation::kRelu},
    {1, 7, 9, 7, {4, 3, Rounding::kCeil}, Activation::kRelu},
    {1, 16, 11, 10, {2, 3, Rounding::kFloor}, std::nullopt},
    {1, 16, 12, 7, {5, 1, Rounding::kFloor}, std::nullopt},
};

template <class T>
void check_pool(const Case& c) {
  const Maps x = random_maps<T>(c.images, c.channels, c.height, c.width, -1, 1, 1);
  const Pooled expected = pool_reference(x, c.pool);
  const Maps& shape = expected.values;
  const Maps dy = random_maps<T>(c.images, c.channels, shape.height, shape.width, -1, 1, 2);
  Maps dx_expected = unpool_reference(dy, expected.places, c.height, c.width, c.pool);
  for (size_t i = 0; i < x.values.size(); ++i) {
    dx_expected.values[i] *= derivative_from_output(c.activation, x.values[i]);
  }
  CAPTURE(c.height);
  CAPTURE(c.pool.size);
  on_every_path([&](Isa isa, Layout in, Layout out) {
    const Stored<T> stored_x(x, in);
    Stored<T> y(c.images, c.channels, shape.height, shape.width, out);
    std::vector<uint8_t> argmax(static_cast<size_t>(y.view.padded_count()), 255);
    ALEXNET_ON(isa, pool_forward(stored_x.data(), stored_x.view, y.data(), y.view, argmax.data(), c.pool));
    CHECK(y.maps().values == expected.values.values);
    CHECK(places_of(argmax, shape) == expected.places);

    Stored<T> y_alone(c.images, c.channels, shape.height, shape.width, out);
    ALEXNET_ON(
        isa, pool_forward<T>(stored_x.data(), stored_x.view, y_alone.data(), y_alone.view, nullptr, c.pool));
    CHECK(y_alone.maps().values == expected.values.values);

    const Stored<T> stored_dy(dy, out);
    Stored<T> dx(c.images, c.channels, c.height, c.width, in);
    ALEXNET_ON(isa, pool_backward(stored_x.data(), stored_x.view, stored_dy.data(), stored_dy.view,
                                  argmax.data(), dx.data(), dx.view, c.pool, c.activation));
    CHECK(worst_error(dx.maps(), dx_expected, 0.01) < tolerance<T>());
  });
}

TEST_CASE("pooling, its winners and its gradient equal the definition") {
  for (const Case& c : kCases) {
    check_pool<float>(c);
    check_pool<Bf16>(c);
  }
}

template <class T>
void check_lrn_pool(const Case& c, const LrnSpec& lrn) {
  const Maps x = random_maps<T>(c.images, c.channels, c.height, c.width, -1, 1, 3);
  const Maps normalised = lrn_reference(x, lrn);
  const Pooled expected = pool_reference(normalised, c.pool);
  const Maps& shape = expected.values;
  const Maps dy = random_maps<T>(c.images, c.channels, shape.height, shape.width, -1, 1, 4);
  CAPTURE(c.height);
  CAPTURE(c.pool.size);
  CAPTURE(lrn.size);
  on_every_path([&](Isa isa, Layout in, Layout out) {
    const Stored<T> stored_x(x, in);
    Stored<T> y(c.images, c.channels, shape.height, shape.width, out);
    std::vector<uint8_t> argmax(static_cast<size_t>(y.view.padded_count()), 255);
    ALEXNET_ON(
        isa, lrn_pool_forward(stored_x.data(), stored_x.view, y.data(), y.view, argmax.data(), lrn, c.pool));
    CHECK(worst_error(y.maps(), expected.values, 0.01) < tolerance<T>());

    // Where two values of a window are equal in float, the winner may be another one than in double: it
    // must be as large as the largest.
    const std::vector<int> places = places_of(argmax, shape);
    size_t i = 0;
    double worst = 0;
    each_value(shape, [&](int64_t n, int64_t ch, int64_t h, int64_t w) {
      const int64_t row = h * c.pool.stride + places[i] / c.pool.size;
      const int64_t column = w * c.pool.stride + places[i] % c.pool.size;
      ++i;
      const bool inside = row < c.height && column < c.width;
      worst = inside ? std::max(worst, shape.at(n, ch, h, w) - normalised.at(n, ch, row, column)) : INFINITY;
    });
    CHECK(worst < 1e-6);

    const Stored<T> stored_dy(dy, out);
    Stored<T> dx(c.images, c.channels, c.height, c.width, in);
    ALEXNET_ON(isa, lrn_pool_backward(stored_x.data(), stored_x.view, stored_dy.data(), stored_dy.view,
                                      argmax.data(), dx.data(), dx.view, lrn, c.pool, c.activation));
    const Maps unpooled = unpool_reference(dy, places, c.height, c.width, c.pool);
    CHECK(worst_error(dx.maps(), lrn_backward_reference(x, unpooled, lrn, c.activation), 0.1) <
          tolerance<T>());
  });
}

TEST_CASE("LRN with pooling in one pass equals the two, forward and backward") {
  for (const Case& c : kCases) {
    check_lrn_pool<float>(c, {5, 2.0, 0.3, 0.75, false});
    check_lrn_pool<Bf16>(c, {5, 2.0, 0.3, 0.75, false});
  }
  check_lrn_pool<float>(kCases[3], {3, 1.0, 0.5, 0.6, true});
}

TEST_CASE("on a tie the first of the window wins, and takes the whole gradient") {
  for (Isa isa : isas()) {
    const PoolSpec pool{3, 2, Rounding::kFloor};
    const Maps zeros(1, 16, 7, 7);
    const Stored<float> x(zeros, Layout::kBlocked);
    Stored<float> y(1, 16, 3, 3, Layout::kBlocked), fused(1, 16, 3, 3, Layout::kBlocked);
    std::vector<uint8_t> argmax(9 * 16, 255), fused_argmax(9 * 16, 255);
    ALEXNET_ON(isa, pool_forward(x.data(), x.view, y.data(), y.view, argmax.data(), pool));
    ALEXNET_ON(isa, lrn_pool_forward(x.data(), x.view, fused.data(), fused.view, fused_argmax.data(),
                                     LrnSpec{}, pool));
    CHECK(argmax == std::vector<uint8_t>(9 * 16, 0));
    CHECK(fused_argmax == argmax);

    Maps ones(1, 16, 3, 3);
    std::fill(ones.values.begin(), ones.values.end(), 1.0);
    const Stored<float> dy(ones, Layout::kBlocked);
    Stored<float> dx(1, 16, 7, 7, Layout::kBlocked);
    ALEXNET_ON(isa, pool_backward(x.data(), x.view, dy.data(), dy.view, argmax.data(), dx.data(), dx.view,
                                  pool, std::nullopt));
    const Maps result = dx.maps();
    each_value(result, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
      const bool corner = h % 2 == 0 && w % 2 == 0 && h < 6 && w < 6;
      REQUIRE(result.at(n, c, h, w) == (corner ? 1.0 : 0.0));
    });
  }
}

TEST_CASE("a pixel that wins in four windows gets the sum of their gradients") {
  for (Isa isa : isas()) {
    const PoolSpec pool{3, 2, Rounding::kFloor};
    Maps peak(1, 16, 5, 5);
    for (int64_t c = 0; c < 16; ++c) peak.at(0, c, 2, 2) = 1;
    const Stored<float> x(peak, Layout::kChannelsLast);
    Stored<float> y(1, 16, 2, 2, Layout::kChannelsLast);
    std::vector<uint8_t> argmax(4 * 16);
    ALEXNET_ON(isa, pool_forward(x.data(), x.view, y.data(), y.view, argmax.data(), pool));
    Maps gradient(1, 16, 2, 2);
    each_value(gradient, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
      gradient.at(n, c, h, w) = static_cast<double>(1 << (h * 2 + w)) * static_cast<double>(c + 1);
    });
    const Stored<float> dy(gradient, Layout::kBlocked);
    Stored<float> dx(1, 16, 5, 5, Layout::kBlocked);
    ALEXNET_ON(isa, pool_backward(x.data(), x.view, dy.data(), dy.view, argmax.data(), dx.data(), dx.view,
                                  pool, std::nullopt));
    const Maps result = dx.maps();
    each_value(result, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
      const double expected = h == 2 && w == 2 ? 15.0 * static_cast<double>(c + 1) : 0.0;
      REQUIRE(result.at(n, c, h, w) == expected);
    });
  }
}

TEST_CASE("pooling gives the same bits for one, two and three threads") {
  const PoolSpec pool{3, 2, Rounding::kFloor};
  const Maps x = random_maps<float>(2, 20, 13, 9, -1, 1, 5);
  const Maps dy = random_maps<float>(2, 20, 6, 4, -1, 1, 6);
  for (Isa isa : isas()) {
    const Stored<float> stored_x(x, Layout::kBlocked), stored_dy(dy, Layout::kBlocked);
    std::vector<uint8_t> argmax(static_cast<size_t>(stored_dy.view.padded_count()));
    check_threads([&] {
      Stored<float> y(2, 20, 6, 4, Layout::kBlocked);
      ALEXNET_ON(isa, lrn_pool_forward(stored_x.data(), stored_x.view, y.data(), y.view, argmax.data(),
                                       LrnSpec{}, pool));
      std::vector<float> all = y.memory();
      all.insert(all.end(), argmax.begin(), argmax.end());
      return all;
    });
    check_threads([&] {
      Stored<float> dx(2, 20, 13, 9, Layout::kBlocked);
      ALEXNET_ON(isa,
                 lrn_pool_backward(stored_x.data(), stored_x.view, stored_dy.data(), stored_dy.view,
                                   argmax.data(), dx.data(), dx.view, LrnSpec{}, pool, Activation::kRelu));
      return dx.memory();
    });
    check_threads([&] {
      Stored<float> dx(2, 20, 13, 9, Layout::kBlocked);
      ALEXNET_ON(isa, pool_backward<float>(nullptr, {}, stored_dy.data(), stored_dy.view, argmax.data(),
                                           dx.data(), dx.view, pool, std::nullopt));
      return dx.memory();
    });
  }
}

TEST_CASE("views that do not fit each other are refused") {
  const MapView in = cpu::blocked_view(1, 16, 7, 7), out = cpu::blocked_view(1, 16, 5, 5);
  std::vector<float> memory(16 * 49);
  std::vector<uint8_t> argmax(16 * 49);
  const auto pool = [&](const MapView& a, const MapView& b, PoolSpec spec) {
    cpu::pool_forward(memory.data(), a, memory.data(), b, argmax.data(), spec);
  };
  CHECK_THROWS_AS(pool(in, out, {3, 2, Rounding::kFloor}), Error);  // windows would lie outside the map
  CHECK_THROWS_AS(pool(in, cpu::blocked_view(1, 32, 3, 3), {3, 2, Rounding::kFloor}), Error);
  CHECK_THROWS_AS(pool(in, cpu::blocked_view(1, 16, 1, 1), {17, 1, Rounding::kFloor}), Error);
  CHECK_THROWS_AS(cpu::lrn_forward(memory.data(), in, memory.data(), out, LrnSpec{}), Error);
  LrnSpec no_k, even;
  no_k.k = 0;
  even.size = 4;
  CHECK_THROWS_AS(cpu::lrn_forward(memory.data(), in, memory.data(), in, no_k), Error);
  CHECK_THROWS_AS(cpu::lrn_forward(memory.data(), in, memory.data(), in, even), Error);
}

}  // namespace
}  // namespace alexnet::testing
