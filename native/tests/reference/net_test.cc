// Whole nets: the gradient of every parameter against central differences, and what a net does as a whole.
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "alexnet/error.h"
#include "reference/gradient_check.h"
#include "reference/net.h"
#include "spec/dropout.h"
#include "spec/init.h"

using namespace alexnet;
using namespace alexnet::reference;
using test::random_values;
using Json = nlohmann::ordered_json;

namespace {

/// Everything the family has in one small net: two columns, both paddings, LRN before and after the
/// activation, the spatial norm, pools that overlap and are cut, layers that read one column and both,
/// dropout before and after the activation's layer, and a class count that does not divide by two.
Json small_net() {
  return Json::parse(R"({
    "columns": 2, "inputSize": 17, "classes": 5, "activation": "relu",
    "lrn": {"size": 3, "k": 2, "alpha": 0.2, "beta": 0.75},
    "spatialNorm": {"size": 3, "k": 1, "alpha": 0.1, "beta": 0.75},
    "pooling": {"size": 3, "stride": 2, "rounding": "ceil"}, "dropout": 0.4, "dropoutScale": "training",
    "init": {"kind": "he"},
    "layers": [
      {"name": "conv1", "kind": "conv", "width": 8, "kernel": 4, "stride": 2,
       "padding": {"size": 0, "rounding": "ceil"}, "then": ["lrn", "pool", "activation"], "bias": 0.1},
      {"name": "conv2", "kind": "conv", "width": 8, "kernel": 3, "padding": 1, "reads": "own",
       "then": ["activation", "lrn", "spatialNorm"], "lrn": {"alphaOverN": true}, "bias": 0.1},
      {"name": "conv3", "kind": "conv", "width": 6, "kernel": 3, "padding": 1, "reads": "both",
       "then": ["activation", "pool", "dropout"], "pooling": {"rounding": "floor"}, "bias": 0.1},
      {"name": "fc4", "kind": "fc", "width": 10, "reads": "own", "then": ["activation", "dropout"],
       "dropout": 0.2, "bias": 0.1},
      {"name": "fc5", "kind": "fc", "width": "classes", "reads": "both", "then": []}]})");
}

NetPlan plan_of(const Json& net) { return plan_net(parse_net_spec(net.dump())); }

constexpr DropoutKey kKey{11, 3};
const std::vector<int32_t> kLabels{4, -1, 0};

}  // namespace

TEST_CASE("a small net's gradients equal central differences, whatever its activation and dropout") {
  for (const char* activation : {"relu", "tanh", "sigmoid"}) {
    for (const char* scale : {"training", "test"}) {
      CAPTURE(std::string(activation) + ", " + scale);
      Json json = small_net();
      json["activation"] = activation;
      json["dropoutScale"] = scale;
      Net net(plan_of(json), 5);
      const Values images = random_values(3 * 3 * 17 * 17, 21);
      net.forward(images, 3, kKey);
      net.backward(kLabels);
      const auto f = [&] {
        const Values& logits = net.forward(images, 3, kKey);
        return softmax_cross_entropy(logits, kLabels, 5).loss;
      };
      for (Parameter& p : net.parameters()) {
        CAPTURE(p.name);
        const Values gradient = p.gradient;
        // Every 17th weight. Kinks of max and ReLU are met with probability 1e-6 times their number: with
        // these seeds none is.
        const size_t every = p.values.size() > 40 ? 17 : 1;
        CHECK(test::gradient_error(p.values, gradient, f, every, 1e-6) < 1e-6);
      }
    }
  }
}

TEST_CASE("a net without dropout in training is the net at test") {
  Json json = small_net();
  json["dropout"] = 0;
  json["layers"][3].erase("dropout");
  Net net(plan_of(json), 5);
  const Values images = random_values(3 * 3 * 17 * 17, 21);
  const Values test = net.forward(images, 3, std::nullopt);
  CHECK(net.forward(images, 3, kKey) == test);
}

TEST_CASE("the expected output under dropout's mask is the output at test, for both scales") {
  for (const char* scale : {"training", "test"}) {
    Json json = small_net();
    json["dropoutScale"] = scale;
    json["layers"][2]["then"] = {"activation", "pool"};  // only fc4 drops: what follows is linear
    Net net(plan_of(json), 5);
    const Values image = random_values(3 * 17 * 17, 22);
    const Values test = net.forward(image, 1, std::nullopt);
    Values mean(5);
    constexpr uint32_t kSteps = 4000;
    for (uint32_t step = 0; step < kSteps; ++step) {
      const Values& y = net.forward(image, 1, DropoutKey{1, step});
      for (size_t c = 0; c < 5; ++c) mean[c] += y[c] / kSteps;
    }
    // Ten units of size up to 1 drop with deviation below 0.5 each: five standard errors are below 0.13.
    for (size_t c = 0; c < 5; ++c) CHECK(std::abs(mean[c] - test[c]) < 0.13);
  }
}

TEST_CASE("the net applies dropout's factor where its spec says") {
  for (const bool at_test : {false, true}) {
    Json json = small_net();
    json["dropoutScale"] = at_test ? "test" : "training";
    Net net(plan_of(json), 5);
    const Values image = random_values(3 * 17 * 17, 22);
    net.forward(image, 1, std::nullopt);
    const std::vector<OpTrace>& test = net.traces()[3].ops;  // fc4: activation, dropout of 0.2
    for (size_t e = 0; e < 10; ++e) {
      CHECK(test[1].y[e] == doctest::Approx(test[0].y[e] * (at_test ? 0.8 : 1)).epsilon(1e-14));
    }
    net.forward(image, 1, kKey);
    const std::vector<OpTrace>& training = net.traces()[3].ops;
    for (size_t e = 0; e < 10; ++e) {
      const double factor = training[1].kept[e] ? (at_test ? 1 : 1 / 0.8) : 0;
      CHECK(training[1].y[e] == doctest::Approx(training[0].y[e] * factor).epsilon(1e-14));
    }
  }
}

TEST_CASE("dropout's mask is the shared rule over the joined layer") {
  const NetPlan plan = plan_of(small_net());
  Net net(plan, 5);
  net.forward(random_values(3 * 3 * 17 * 17, 21), 3, kKey);
  const OpTrace& dropped = net.traces()[3].ops[1];
  REQUIRE(dropped.kept.size() == 30);
  for (size_t e = 0; e < 30; ++e) CHECK(dropped.kept[e] == dropout_keep(11, 3, 3, e, 0.2));
}

TEST_CASE("columns that never meet are two nets") {
  Json json = small_net();
  for (const int layer : {2, 3}) json["layers"][layer]["reads"] = "own";
  json["layers"][4]["width"] = 6;
  json["classes"] = 6;
  json["layers"][4]["reads"] = "own";
  Net both(plan_of(json), 5);

  Json half = json;
  half["columns"] = 1;
  half["classes"] = 3;
  for (Json& layer : half["layers"]) layer["width"] = layer["width"].get<int>() / 2;
  const Values images = random_values(2 * 3 * 17 * 17, 23);
  const Values logits = both.forward(images, 2, std::nullopt);
  for (size_t column = 0; column < 2; ++column) {
    Net one(plan_of(half), 5);
    for (Parameter& p : one.parameters()) {
      const Values& joined = both.parameter(p.name).values;
      REQUIRE(joined.size() == 2 * p.values.size());
      p.values.assign(joined.begin() + static_cast<int64_t>(column * p.values.size()),
                      joined.begin() + static_cast<int64_t>((column + 1) * p.values.size()));
    }
    const Values alone = one.forward(images, 2, std::nullopt);
    for (size_t n = 0; n < 2; ++n) {
      for (size_t c = 0; c < 3; ++c) CHECK(alone[3 * n + c] == logits[6 * n + 3 * column + c]);
    }
  }
}

TEST_CASE("a net starts from the canonical draw") {
  const NetPlan plan = plan_of(small_net());
  Net net(plan, 77);
  const Values& w = net.parameter("conv2.weight").values;
  REQUIRE(w.size() == 8 * 4 * 9);
  for (size_t e = 0; e < w.size(); ++e) CHECK(w[e] == initial_weight(plan, 1, 77, e));
  CHECK(net.parameter("conv2.bias").values == Values(8, static_cast<double>(0.1f)));
  CHECK(net.parameter("conv2.bias").velocity == Values(8, 0.0));
  CHECK_THROWS_AS(net.parameter("conv9.weight"), Error);
}

TEST_CASE("rates and decays follow the optimiser and the layer") {
  OptimiserSpec o;
  o.bias_learning_rate_factor = 2;
  o.bias_rate_follows_schedule = false;
  LayerSpec layer{};
  layer.learning_rate_factor = 3;
  layer.bias_learning_rate_factor = 5;
  layer.weight_decay_factor = 7;
  const Rates weight = parameter_rates(o, layer, /*bias=*/false, 0.001);
  CHECK(weight.rate == doctest::Approx(0.003));
  CHECK(weight.decay == doctest::Approx(0.0035));
  CHECK(weight.momentum == 0.9);
  const Rates bias = parameter_rates(o, layer, /*bias=*/true, 0.001);
  CHECK(bias.rate == doctest::Approx(0.01 * 2 * 5));
  CHECK(bias.decay == 0);
  o.bias_rate_follows_schedule = true;
  CHECK(parameter_rates(o, layer, /*bias=*/true, 0.001).rate == doctest::Approx(0.001 * 2 * 5));
}

TEST_CASE("a small net learns its batch by heart") {
  Json json = small_net();
  json["dropout"] = 0;
  json["layers"][3].erase("dropout");
  Net net(plan_of(json), 5);
  const Values images = random_values(4 * 3 * 17 * 17, 24);
  const std::vector<int32_t> labels{0, 1, 2, 3};
  OptimiserSpec optimiser;
  double first = 0, last = 0;
  for (uint32_t step = 0; step < 60; ++step) {
    net.forward(images, 4, DropoutKey{1, step});
    last = net.backward(labels).loss;
    if (step == 0) first = last;
    net.step(optimiser, 0.02);
  }
  CHECK(first > 1);
  CHECK(last < 0.1 * first);
}

TEST_CASE("calls that make no sense are refused") {
  Net net(plan_of(small_net()), 5);
  CHECK_THROWS_AS(net.backward(kLabels), Error);
  CHECK_THROWS_AS(net.forward(Values(10), 1, std::nullopt), Error);
}
