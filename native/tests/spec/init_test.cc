// The canonical initial parameters and the dropout rule depend on their keys alone.
#include <cmath>

#include <doctest/doctest.h>

#include "spec/dropout.h"
#include "spec/init.h"
#include "spec/presets.h"

using namespace alexnet;

TEST_CASE("initial weights have their layer's deviation and a mean of zero") {
  const NetPlan plan = test::preset_plan("code-2012");
  for (const size_t index : {1u, 2u}) {  // 307,200 and 884,736 weights
    const std::vector<float> w = initial_weights(plan, index, 1);
    REQUIRE(static_cast<int64_t>(w.size()) == plan.layers[index].weight_count());
    double sum = 0, squares = 0;
    for (const float v : w) sum += v, squares += double{v} * v;
    const double n = static_cast<double>(w.size()), sigma = plan.layers[index].spec.init.sigma;
    CHECK(std::abs(sum / n) < 5 * sigma / std::sqrt(n));                         // five standard errors
    CHECK(std::abs(std::sqrt(squares / n) / sigma - 1) < 5 / std::sqrt(2 * n));  // five standard errors
  }
}

TEST_CASE("He's deviation is sqrt(2 / fan-in), unless the layer says its own") {
  const NetPlan plan = test::preset_plan("alexnet");
  CHECK(init_sigma(plan.layers[1]) == doctest::Approx(std::sqrt(2.0 / (48 * 25))));
  CHECK(init_sigma(plan.layers[2]) == doctest::Approx(std::sqrt(2.0 / (256 * 9))));
  CHECK(init_sigma(plan.layers[0]) == doctest::Approx(std::sqrt(2.0 / 363)));
  CHECK(init_sigma(plan.layers[7]) == 0.01);
}

TEST_CASE("a weight can be drawn alone, and seeds and layers differ") {
  const NetPlan plan = test::preset_plan("paper-2012");
  const std::vector<float> w = initial_weights(plan, 0, 7);
  REQUIRE(w.size() == 96 * 3 * 121);
  for (const size_t element : {0u, 1u, 2u, 3u, 4u, 1001u, 34847u}) {
    CHECK(initial_weight(plan, 0, 7, element) == w[element]);
    CHECK(initial_weight(plan, 0, 8, element) != w[element]);
    CHECK(initial_weight(plan, 1, 7, element) != w[element]);
  }
}

TEST_CASE("biases are the layer's constant") {
  const NetPlan plan = test::preset_plan("paper-2012");
  CHECK(initial_biases(plan, 0) == std::vector<float>(96, 0.0f));
  CHECK(initial_biases(plan, 1) == std::vector<float>(256, 1.0f));
}

TEST_CASE("dropout drops its share, differently at every step and layer") {
  constexpr uint64_t kCount = 100000;
  int64_t kept = 0, other_step = 0, other_layer = 0;
  for (uint64_t e = 0; e < kCount; ++e) {
    const bool keep = dropout_keep(3, 10, 5, e, 0.3);
    kept += keep;
    other_step += keep != dropout_keep(3, 11, 5, e, 0.3);
    other_layer += keep != dropout_keep(3, 10, 6, e, 0.3);
  }
  // Five standard errors: sqrt(0.3 * 0.7 / n) = 0.0014; two independent masks differ in 0.42 of all places.
  CHECK(std::abs(kept / double{kCount} - 0.7) < 0.0073);
  CHECK(std::abs(other_step / double{kCount} - 0.42) < 0.008);
  CHECK(std::abs(other_layer / double{kCount} - 0.42) < 0.008);
  CHECK(dropout_keep(3, 10, 5, 17, 0.0));
}
