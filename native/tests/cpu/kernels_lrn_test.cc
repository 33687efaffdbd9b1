// Local response normalisation against the formula in double, on every instruction set and layout.
#include "kernels_norm_reference.h"

namespace alexnet::testing {
namespace {

struct Case {
  int64_t images, channels, height, width;
  LrnSpec lrn;
  std::optional<Activation> activation;
};

// A large alpha makes the window's part weigh as much as k, so that an error in it shows.
const Case kCases[] = {
    {2, 48, 5, 7, {5, 2.0, 0.3, 0.75, false}, Activation::kRelu},
    {1, 128, 3, 4, {5, 1.0, 0.5, 0.75, true}, std::nullopt},
    {1, 20, 4, 3, {5, 2.0, 0.3, 0.75, false}, Activation::kTanh},
    {1, 20, 2, 3, {5, 2.0, 0.3, 0.6, false}, Activation::kSigmoid},
    {1, 48, 2, 3, {3, 2.0, 0.3, 0.75, false}, Activation::kRelu},
    {1, 20, 2, 3, {7, 1.5, 0.3, 0.5, false}, std::nullopt},
    {1, 40, 1, 2, {9, 1.0, 0.2, 1.25, true}, std::nullopt},
    {1, 7, 1, 1, {21, 1.0, 0.2, 0.75, false}, std::nullopt},
};

template <class T>
void check_case(const Case& c) {
  const Maps x = random_maps<T>(c.images, c.channels, c.height, c.width, -1, 1, 1);
  const Maps dy = random_maps<T>(c.images, c.channels, c.height, c.width, -1, 1, 2);
  const Maps y_expected = lrn_reference(x, c.lrn);
  const Maps dx_expected = lrn_backward_reference(x, dy, c.lrn, c.activation);
  CAPTURE(c.channels);
  CAPTURE(c.lrn.size);
  on_every_path([&](Isa isa, Layout in, Layout out) {
    const Stored<T> stored_x(x, in);
    Stored<T> y(c.images, c.channels, c.height, c.width, out);
    ALEXNET_ON(isa, lrn_forward(stored_x.data(), stored_x.view, y.data(), y.view, c.lrn));
    CHECK(worst_error(y.maps(), y_expected, 0.1) < tolerance<T>());

    const Stored<T> stored_dy(dy, out);
    Stored<T> dx(c.images, c.channels, c.height, c.width, in);
    ALEXNET_ON(isa, lrn_backward(stored_x.data(), stored_x.view, stored_dy.data(), stored_dy.view, dx.data(),
                                 dx.view, c.lrn, c.activation));
    CHECK(worst_error(dx.maps(), dx_expected, 0.1) < tolerance<T>());

    Stored<T> in_place(dy, out);
    ALEXNET_ON(isa, lrn_backward(stored_x.data(), stored_x.view, in_place.data(), in_place.view,
                                 in_place.data(), in_place.view, c.lrn, c.activation));
    CHECK(worst_error(in_place.maps(), dx_expected, 0.1) < tolerance<T>());
  });
}

TEST_CASE("LRN and its gradient equal the formula in double") {
  for (const Case& c : kCases) {
    check_case<float>(c);
    check_case<Bf16>(c);
  }
}

TEST_CASE("the double reference's gradient equals the difference quotient") {
  const LrnSpec lrn{3, 1.5, 0.3, 0.6, false};
  Maps x = random_maps<float>(1, 9, 1, 1, -1, 1, 3);
  const Maps dy = random_maps<float>(1, 9, 1, 1, -1, 1, 4);
  const Maps dx = lrn_backward_reference(x, dy, lrn, std::nullopt);
  const auto loss = [&] {
    const Maps y = lrn_reference(x, lrn);
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

TEST_CASE("the paper's constants at activations of hundreds") {
  const LrnSpec lrn{};  // size 5, k 2, alpha 1e-4, beta 0.75
  const Maps x = random_maps<float>(1, 48, 3, 3, 0, 500, 5);
  const Maps expected = lrn_reference(x, lrn);
  on_every_path([&](Isa isa, Layout in, Layout out) {
    const Stored<float> stored(x, in);
    Stored<float> y(1, 48, 3, 3, out);
    ALEXNET_ON(isa, lrn_forward(stored.data(), stored.view, y.data(), y.view, lrn));
    CHECK(worst_error(y.maps(), expected, 0) < 2e-6);
  });
}

TEST_CASE("any power equals three quarters by square roots") {
  // beta next to 0.75 takes the logarithm's way; over s from 2 to 1e5 the two must agree.
  LrnSpec roots{}, logarithm{};
  logarithm.beta = 0.75 + 1e-9;
  const Maps x = random_maps<float>(1, 32, 4, 4, 0, 20000, 6);
  for (Isa isa : isas()) {
    const Stored<float> stored(x, Layout::kBlocked);
    Stored<float> a(1, 32, 4, 4, Layout::kBlocked), b(1, 32, 4, 4, Layout::kBlocked);
    ALEXNET_ON(isa, lrn_forward(stored.data(), stored.view, a.data(), a.view, roots));
    ALEXNET_ON(isa, lrn_forward(stored.data(), stored.view, b.data(), b.view, logarithm));
    CHECK(worst_error(a.maps(), b.maps(), 0) < 3e-6);
  }
}

TEST_CASE("LRN gives the same bits for one, two and three threads") {
  const Maps x = random_maps<float>(2, 48, 5, 3, -1, 1, 7);
  for (Isa isa : isas()) {
    const Stored<float> stored(x, Layout::kBlocked);
    check_threads([&] {
      Stored<float> y(2, 48, 5, 3, Layout::kBlocked);
      ALEXNET_ON(isa, lrn_forward(stored.data(), stored.view, y.data(), y.view, LrnSpec{}));
      return y.memory();
    });
    check_threads([&] {
      Stored<float> dx(2, 48, 5, 3, Layout::kBlocked);
      ALEXNET_ON(isa, lrn_backward(stored.data(), stored.view, stored.data(), stored.view, dx.data(), dx.view,
                                   LrnSpec{}, Activation::kRelu));
      return dx.memory();
    });
  }
}

}  // namespace
}  // namespace alexnet::testing
