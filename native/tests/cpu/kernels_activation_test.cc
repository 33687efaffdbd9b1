// Activations over their whole range, and their derivatives from their outputs.
#include "kernels_testing.h"

namespace alexnet::testing {
namespace {

constexpr Activation kAll[] = {Activation::kRelu, Activation::kTanh, Activation::kSigmoid};

double reference(Activation activation, double x) {
  return activation == Activation::kRelu   ? std::max(x, 0.0)
         : activation == Activation::kTanh ? std::tanh(x)
                                           : 1 / (1 + std::exp(-x));
}

TEST_CASE("activations on arrays are right to a few units in the last place, from -80 to 80") {
  std::vector<float> x;
  for (double v = -80; v <= 80; v += 0.0371) x.push_back(static_cast<float>(v));
  for (double v = 1e-30; v < 1; v *= 1.7) x.insert(x.end(), {static_cast<float>(v), static_cast<float>(-v)});
  while (x.size() % 16 != 5) x.push_back(0);  // the end of the array is shorter than a register
  for (Isa isa : isas()) {
    for (Activation activation : kAll) {
      std::vector<float> y(x.size() + 1, 77.0f);
      ALEXNET_ON(isa, activation_forward(x.data(), y.data(), static_cast<int64_t>(x.size()), activation));
      CHECK(y.back() == 77.0f);
      double worst = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        const double expected = reference(activation, x[i]);
        worst = std::max(worst, std::abs(y[i] - expected) / std::max(std::abs(expected), 1e-37));
      }
      CAPTURE(isa_name(isa));
      CAPTURE(static_cast<int>(activation));
      CHECK(worst < 1e-6);
    }
  }
}

TEST_CASE("extreme and undefined inputs") {
  std::vector<float> x(16, 0.0f);
  x[0] = 1000.0f, x[1] = -1000.0f, x[2] = INFINITY, x[3] = -INFINITY, x[4] = NAN;
  for (Isa isa : isas()) {
    std::vector<float> y(16);
    ALEXNET_ON(isa, activation_forward(x.data(), y.data(), 16, Activation::kTanh));
    CHECK(y[0] == 1.0f);
    CHECK(y[1] == -1.0f);
    CHECK(y[2] == 1.0f);
    CHECK(y[3] == -1.0f);
    CHECK(std::isnan(y[4]));
    ALEXNET_ON(isa, activation_forward(x.data(), y.data(), 16, Activation::kSigmoid));
    CHECK(y[0] == 1.0f);
    CHECK(y[1] < 1e-37f);
    CHECK(y[1] >= 0.0f);
    CHECK(y[2] == 1.0f);
    CHECK(std::isnan(y[4]));
    ALEXNET_ON(isa, activation_forward(x.data(), y.data(), 16, Activation::kRelu));
    CHECK(y[0] == 1000.0f);
    CHECK(y[1] == 0.0f);
    CHECK(std::isnan(y[4]));  // a diverged run must not look like one that has stopped learning
  }
}

template <class T>
void check_maps(Activation activation) {
  const Maps x = random_maps<T>(2, 20, 3, 5, -3, 3, 1), dy = random_maps<T>(2, 20, 3, 5, -1, 1, 2);
  Maps y_expected = x;
  for (double& v : y_expected.values) v = reference(activation, v);
  on_every_path([&](Isa isa, Layout in, Layout out) {
    const Stored<T> stored_x(x, in);
    Stored<T> y(2, 20, 3, 5, out), in_place(x, in);
    ALEXNET_ON(isa, activation_forward(stored_x.data(), stored_x.view, y.data(), y.view, activation));
    CHECK(worst_error(y.maps(), y_expected, 0.01) < tolerance<T>());
    ALEXNET_ON(
        isa, activation_forward(in_place.data(), in_place.view, in_place.data(), in_place.view, activation));
    CHECK(in_place.maps().values == y.maps().values);

    const Maps output = y.maps();
    Maps dx_expected = dy;
    for (size_t i = 0; i < dy.values.size(); ++i) {
      dx_expected.values[i] *= derivative_from_output(activation, output.values[i]);
    }
    const Stored<T> stored_dy(dy, in);
    Stored<T> dx(2, 20, 3, 5, in);
    ALEXNET_ON(isa, activation_backward_from_output(y.data(), y.view, stored_dy.data(), stored_dy.view,
                                                    dx.data(), dx.view, activation));
    CHECK(worst_error(dx.maps(), dx_expected, 0.01) < tolerance<T>());
  });
}

TEST_CASE("activations on maps keep padding lanes zero, in place or not, and give their gradient") {
  for (Activation activation : kAll) {
    check_maps<float>(activation);
    check_maps<Bf16>(activation);
  }
}

TEST_CASE("gradients on arrays, with an end shorter than a register, for any team") {
  const int64_t count = 3 * 4096 * 4 + 7;
  const auto n = static_cast<size_t>(count);
  std::vector<float> y(n), dy(n);
  for (size_t i = 0; i < n; ++i) {
    y[i] = static_cast<float>(i % 101) / 101.0f - 0.3f;
    dy[i] = static_cast<float>(i % 37) - 18.0f;
  }
  for (Isa isa : isas()) {
    for (Activation activation : kAll) {
      check_threads([&] {
        std::vector<float> dx(n);
        ALEXNET_ON(isa, activation_backward_from_output(y.data(), dy.data(), dx.data(), count, activation));
        double worst = 0;
        for (size_t i = 0; i < n; ++i) {
          worst = std::max(worst, std::abs(dx[i] - dy[i] * derivative_from_output(activation, y[i])));
        }
        CHECK(worst < 1e-5);
        return dx;
      });
    }
  }
}

}  // namespace
}  // namespace alexnet::testing
