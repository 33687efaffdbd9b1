// The original code's response norm inside each map, against the formula in double.
#include "kernels_norm_reference.h"

namespace alexnet::testing {
namespace {

double window_sum(const Maps& x, const SpatialNormSpec& norm, int64_t n, int64_t c, int64_t h, int64_t w) {
  double sum = 0;
  const int64_t top = h - norm.size / 2, left = w - norm.size / 2;
  for (int64_t i = std::max<int64_t>(0, top); i < std::min(x.height, top + norm.size); ++i) {
    for (int64_t j = std::max<int64_t>(0, left); j < std::min(x.width, left + norm.size); ++j) {
      sum += x.at(n, c, i, j) * x.at(n, c, i, j);
    }
  }
  return norm.k + norm.alpha * sum;
}

Maps forward_reference(const Maps& x, const SpatialNormSpec& norm) {
  Maps y = x;
  each_value(x, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
    y.at(n, c, h, w) = x.at(n, c, h, w) * std::pow(window_sum(x, norm, n, c, h, w), -norm.beta);
  });
  return y;
}

Maps backward_reference(const Maps& x, const Maps& dy, const SpatialNormSpec& norm,
                        std::optional<Activation> activation) {
  Maps dx(x.images, x.channels, x.height, x.width);
  each_value(x, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
    const double s = window_sum(x, norm, n, c, h, w), d = dy.at(n, c, h, w);
    dx.at(n, c, h, w) += d * std::pow(s, -norm.beta);
    const double weight = d * x.at(n, c, h, w) * norm.beta * std::pow(s, -norm.beta - 1) * norm.alpha * 2;
    const int64_t top = h - norm.size / 2, left = w - norm.size / 2;
    for (int64_t i = std::max<int64_t>(0, top); i < std::min(x.height, top + norm.size); ++i) {
      for (int64_t j = std::max<int64_t>(0, left); j < std::min(x.width, left + norm.size); ++j) {
        dx.at(n, c, i, j) -= weight * x.at(n, c, i, j);
      }
    }
  });
  for (size_t i = 0; i < dx.values.size(); ++i) {
    dx.values[i] *= derivative_from_output(activation, x.values[i]);
  }
  return dx;
}

struct Case {
  int64_t images, channels, height, width;
  SpatialNormSpec norm;
  std::optional<Activation> activation;
};
const Case kCases[] = {
    {2, 20, 13, 13, {5, 1.0, 0.2, 0.75}, Activation::kRelu},
    {1, 16, 3, 9, {5, 1.0, 0.2, 0.75}, std::nullopt},  // a map lower than the window
    {1, 40, 6, 5, {3, 2.0, 0.3, 0.5}, Activation::kTanh},
    {1, 16, 6, 7, {7, 1.5, 0.3, 0.75}, Activation::kSigmoid},
};

template <class T>
void check_case(const Case& c) {
  const Maps x = random_maps<T>(c.images, c.channels, c.height, c.width, -1, 1, 1);
  const Maps dy = random_maps<T>(c.images, c.channels, c.height, c.width, -1, 1, 2);
  const Maps y_expected = forward_reference(x, c.norm);
  const Maps dx_expected = backward_reference(x, dy, c.norm, c.activation);
  CAPTURE(c.height);
  CAPTURE(c.norm.size);
  on_every_path([&](Isa isa, Layout in, Layout out) {
    const Stored<T> stored_x(x, in), stored_dy(dy, out);
    Stored<T> y(c.images, c.channels, c.height, c.width, out),
        dx(c.images, c.channels, c.height, c.width, in);
    ALEXNET_ON(isa, spatial_norm_forward(stored_x.data(), stored_x.view, y.data(), y.view, c.norm));
    CHECK(worst_error(y.maps(), y_expected, 0.1) < tolerance<T>());
    ALEXNET_ON(isa, spatial_norm_backward(stored_x.data(), stored_x.view, stored_dy.data(), stored_dy.view,
                                          dx.data(), dx.view, c.norm, c.activation));
    CHECK(worst_error(dx.maps(), dx_expected, 0.1) < tolerance<T>());
    Stored<T> in_place(dy, out);
    ALEXNET_ON(isa, spatial_norm_backward(stored_x.data(), stored_x.view, in_place.data(), in_place.view,
                                          in_place.data(), in_place.view, c.norm, c.activation));
    CHECK(worst_error(in_place.maps(), dx_expected, 0.1) < tolerance<T>());
  });
}

TEST_CASE("the response norm inside a map and its gradient equal the formula in double") {
  for (const Case& c : kCases) {
    check_case<float>(c);
    check_case<Bf16>(c);
  }
}

TEST_CASE("the double reference's gradient equals the difference quotient") {
  const SpatialNormSpec norm{3, 1.5, 0.3, 0.6};
  Maps x = random_maps<float>(1, 1, 5, 6, -1, 1, 3);
  const Maps dy = random_maps<float>(1, 1, 5, 6, -1, 1, 4);
  const Maps dx = backward_reference(x, dy, norm, std::nullopt);
  const auto loss = [&] {
    const Maps y = forward_reference(x, norm);
    double sum = 0;
    for (size_t i = 0; i < y.values.size(); ++i) sum += y.values[i] * dy.values[i];
    return sum;
  };
  for (size_t i = 0; i < x.values.size(); ++i) {
    const double value = x.values[i], step = 1e-5;
    x.values[i] = value + step;
    const double above = loss();
    x.values[i] = value - step;
    const double below = loss();
    x.values[i] = value;
    CHECK((above - below) / (2 * step) == doctest::Approx(dx.values[i]).epsilon(1e-7));
  }
}

TEST_CASE("the norm inside a map gives the same bits for one, two and three threads") {
  const Maps x = random_maps<float>(2, 48, 7, 5, -1, 1, 5);
  for (Isa isa : isas()) {
    const Stored<float> stored(x, Layout::kChannelsLast);
    check_threads([&] {
      Stored<float> y(2, 48, 7, 5, Layout::kBlocked);
      ALEXNET_ON(isa, spatial_norm_backward(stored.data(), stored.view, stored.data(), stored.view, y.data(),
                                            y.view, SpatialNormSpec{}, std::nullopt));
      return y.memory();
    });
  }
}

}  // namespace
}  // namespace alexnet::testing
