// Every preset gives the shapes and numbers that are on record (resources/presets, the paper, torchvision).
#include <doctest/doctest.h>

#include "spec/presets.h"

using namespace alexnet;
using test::Json;

namespace {

/// "96x55x55" of every layer's output after its ops.
std::string outputs(const NetPlan& plan) {
  std::string text;
  for (const LayerPlan& layer : plan.layers) {
    if (!text.empty()) text += ' ';
    text += std::to_string(layer.out.channels);
    text += 'x';
    text += std::to_string(layer.out.height);
    CHECK(layer.out.height == layer.out.width);
  }
  return text;
}

}  // namespace

TEST_CASE("the paper's net has the paper's numbers") {
  const NetPlan plan = test::preset_plan("paper-2012");
  CHECK(plan.parameters() == 60965224);
  CHECK(plan.units() == 659272);
  CHECK(plan.multiply_adds() == 724406816);
  CHECK(plan.training_flops() / 1e9 == doctest::Approx(4.14).epsilon(0.005));  // the record has 3 digits
  CHECK(plan.parameter_bytes() == 60965224 * 12);
  CHECK(outputs(plan) == "96x27 256x13 384x13 384x13 256x6 4096x1 4096x1 1000x1");
  CHECK(plan.layers[0].linear == Shape{96, 55, 55});
  CHECK(plan.layers[0].weight_shape() == std::vector<int64_t>{96, 3, 11, 11});
  CHECK(plan.layers[1].weight_shape() == std::vector<int64_t>{256, 48, 5, 5});
  CHECK(plan.layers[2].weight_shape() == std::vector<int64_t>{384, 256, 3, 3});
  CHECK(plan.layers[5].weight_shape() == std::vector<int64_t>{4096, 9216});
  CHECK(plan.layers[7].weight_shape() == std::vector<int64_t>{1000, 4096});
}

TEST_CASE("the columns exchange before conv3, fc6, fc7 and fc8 only") {
  const NetPlan plan = test::preset_plan("paper-2012");
  const Json description = Json::parse(describe_net(plan, 128));
  // pool2 to conv3, pool5 to fc6, fc6 to fc7, fc7 to fc8: half the maps, 4 bytes, 128 images.
  const std::vector<int64_t> expected{
      0, 0, 128 * 4 * 128 * 13 * 13, 0, 0, 128 * 4 * 128 * 6 * 6, 128 * 4 * 2048, 128 * 4 * 2048};
  int64_t total = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    CHECK(description["layers"][i]["exchangeBytes"] == expected[i]);
    CHECK(description["layers"][i]["gathers"] == (expected[i] > 0));
    total += expected[i];
  }
  CHECK(description["exchangeBytes"] == total);
  CHECK(total / 1e6 == doctest::Approx(15.5).epsilon(0.01));  // the record has 3 digits
  CHECK(plan.exchange_bytes(128, 2) == total / 2);
}

TEST_CASE("every preset parses, plans, names itself and has its known number of parameters") {
  const std::vector<std::pair<std::string, int64_t>> known{
      {"alexnet", 60965224},  {"paper-2012", 60965224},      {"code-2012", 60965224},
      {"caffenet", 60965224}, {"no-lrn-2012", 60965224},     {"no-overlap-2012", 60965224},
      {"owt-2014", 61100840}, {"no-traffic-2012", 60714408}, {"one-column-2012", 59798312}};
  CHECK(known.size() == test::kPresets.size());
  for (const auto& [name, parameters] : known) {
    CAPTURE(name);
    const Json file = test::preset_file(name);
    CHECK(file["name"] == name);
    CHECK(!file["title"].get<std::string>().empty());
    CHECK(!file["summary"].get<std::string>().empty());
    const RunConfig config = test::preset_config(name);
    CHECK(config.preset == name);
    CHECK(config.net.classes == 1000);
    CHECK(plan_net(config.net).parameters() == parameters);
    CHECK(!file["notes"].empty());
    for (const Json& note : file["notes"]) {
      CHECK(note.contains("value"));
      for (const char* field : {"field", "reason", "source"}) {
        CHECK(!note[field].get<std::string>().empty());
      }
    }
  }
}

TEST_CASE("a preset's notes state the values that its configuration has") {
  for (const char* name : test::kPresets) {
    const Json file = test::preset_file(name);
    for (const Json& note : file["notes"]) {
      std::string path = note["field"];
      if (path == "net") continue;  // "like another preset": no value of its own
      CAPTURE(name);
      CAPTURE(path);
      const Json* place = &file["config"];
      Json missing = path.ends_with(".bias") ? Json(0) : Json();
      while (!path.empty() && place != &missing) {
        const std::string key = path.substr(0, path.find('.'));
        path = key.size() < path.size() ? path.substr(key.size() + 1) : "";
        if (place->is_array()) {
          const auto layer = std::find_if(place->begin(), place->end(),
                                          [&](const Json& candidate) { return candidate["name"] == key; });
          REQUIRE(layer != place->end());
          place = &*layer;
        } else {
          place = place->contains(key) ? &(*place)[key] : &missing;
        }
      }
      CHECK(*place == note["value"]);
    }
  }
}

TEST_CASE("padding at the right and bottom edge gives conv1 its 55x55 maps") {
  const NetPlan plan = test::preset_plan("code-2012");
  CHECK(plan.layers[0].linear == Shape{96, 55, 55});
  CHECK(plan.layers[0].spec.padding.size == 0);
  CHECK(plan.layers[0].pad_right_bottom == 3);
  CHECK(plan.layers[1].pad_right_bottom == 2);
  CHECK(outputs(plan) == "96x27 256x13 384x13 384x13 256x6 4096x1 4096x1 1000x1");
}

TEST_CASE("the ablations differ from the code's net where they should") {
  CHECK(outputs(test::preset_plan("no-overlap-2012")) ==
        "96x28 256x13 384x13 384x13 256x6 4096x1 4096x1 1000x1");
  CHECK(outputs(test::preset_plan("one-column-2012")) ==
        "48x27 128x13 192x13 192x13 256x6 4096x1 4096x1 1000x1");
  CHECK(outputs(test::preset_plan("owt-2014")) == "64x27 192x13 384x13 256x13 256x6 4096x1 4096x1 1000x1");
  CHECK(outputs(test::preset_plan("caffenet")) == "96x27 256x13 384x13 384x13 256x6 4096x1 4096x1 1000x1");

  const NetPlan apart = test::preset_plan("no-traffic-2012");
  for (size_t i = 1; i < 7; ++i) {
    CHECK(apart.layers[i].groups == 2);
    CHECK(!apart.layers[i].gathers);
  }
  CHECK(apart.layers[7].gathers);
  CHECK(apart.layers[6].weight_shape() == std::vector<int64_t>{4096, 4096});

  for (const LayerPlan& layer : test::preset_plan("no-lrn-2012").layers) {
    for (const OpPlan& op : layer.ops) {
      CHECK(op.spec.kind != OpKind::kLrn);
      CHECK(op.spec.kind != OpKind::kSpatialNorm);
    }
  }
}

TEST_CASE("one column reads everything: no groups, no exchange") {
  const NetPlan plan = test::preset_plan("one-column-2012");
  for (const LayerPlan& layer : plan.layers) {
    CHECK(layer.groups == 1);
    CHECK(!layer.gathers);
  }
  CHECK(plan.exchange_bytes(128, 4) == 0);

  Json net = test::preset_json("paper-2012")["net"];
  net["columns"] = 1;  // "reads": "own" then means the one column there is
  const NetPlan joined = plan_net(parse_net_spec(net.dump()));
  CHECK(joined.layers[1].weight_shape() == std::vector<int64_t>{256, 96, 5, 5});
}

TEST_CASE("a description holds every shape") {
  const Json d = Json::parse(describe_net(test::preset_plan("paper-2012"), 2));
  CHECK(d["columns"] == 2);
  CHECK(d["inputSize"] == 224);
  CHECK(d["classes"] == 1000);
  CHECK(d["parameters"] == 60965224);
  CHECK(d["units"] == 659272);
  const Json& conv2 = d["layers"][1];
  CHECK(conv2["name"] == "conv2");
  CHECK(conv2["kind"] == "conv");
  CHECK(conv2["input"] == Json{96, 27, 27});
  CHECK(conv2["linear"] == Json{256, 27, 27});
  CHECK(conv2["output"] == Json{256, 13, 13});
  CHECK(conv2["groups"] == 2);
  CHECK(conv2["parameters"] == 256 * 48 * 25 + 256);
  CHECK(conv2["multiplyAdds"] == int64_t{256} * 48 * 25 * 27 * 27);
  CHECK(conv2["weightShape"] == Json{256, 48, 5, 5});
  CHECK(conv2["ops"] == Json{"activation", "lrn", "pool"});
  // Input, linear outputs, LRN and pool outputs; activation and dropout are done in place.
  const int64_t values =
      3 * 224 * 224 + 659272 + 290400 + 96 * 27 * 27 + 256 * 27 * 27 + 256 * 13 * 13 + 256 * 6 * 6;
  CHECK(d["activationBytes"] == values * 2 * 4);
}

TEST_CASE("the first columns take what cannot be shared") {
  CHECK(column_range(1000, 2, 0).size() == 500);
  CHECK(column_range(11, 2, 0).begin == 0);
  CHECK(column_range(11, 2, 0).end == 6);
  CHECK(column_range(11, 2, 1).begin == 6);
  CHECK(column_range(11, 2, 1).end == 11);
  CHECK(column_range(7, 1, 0).size() == 7);
}

TEST_CASE("windows round down and up") {
  Json net = test::preset_json("paper-2012")["net"];
  net["pooling"] = {{"size", 2}, {"stride", 2}, {"rounding", "floor"}};
  CHECK(plan_net(parse_net_spec(net.dump())).layers[0].out == Shape{96, 27, 27});
  net["pooling"]["rounding"] = "ceil";
  CHECK(plan_net(parse_net_spec(net.dump())).layers[0].out == Shape{96, 28, 28});
}

TEST_CASE("widthFactor scales in blocks of 16 maps a column and leaves the classes alone") {
  Json net = test::preset_json("paper-2012")["net"];
  net["widthFactor"] = 0.25;
  net["classes"] = 10;
  const NetSpec quarter = parse_net_spec(net.dump());
  std::vector<int64_t> widths;
  for (const LayerSpec& layer : quarter.layers) widths.push_back(layer.width);
  // 96 / 4 = 24 lies between 0 and 32 (nearer 32); 256 / 4 = 64; 384 / 4 = 96; 4096 / 4 = 1024.
  CHECK(widths == std::vector<int64_t>{32, 64, 96, 96, 64, 1024, 1024, 10});
  net["widthFactor"] = 0.001;
  for (const LayerSpec& layer : parse_net_spec(net.dump()).layers) {
    CHECK(layer.width == (layer.name == "fc8" ? 10 : 32));
  }
}

TEST_CASE("ops that are switched off leave nothing behind") {
  Json net = test::preset_json("code-2012")["net"];
  net["lrn"] = false;
  net["dropout"] = 0;
  const NetSpec spec = parse_net_spec(net.dump());
  CHECK(spec.layers[0].then.size() == 2);  // pool, activation
  CHECK(spec.layers[1].then.size() == 3);  // activation, spatialNorm, pool
  CHECK(spec.layers[5].then.size() == 1);  // activation
}

TEST_CASE("a layer's own settings stand over the net's") {
  Json config = test::preset_json("code-2012");
  test::layer_json(config, "conv1")["lrn"] = {{"alpha", 0.5}};
  test::layer_json(config, "conv1")["pooling"] = {{"size", 5}};
  test::layer_json(config, "conv2")["lrn"] = nullptr;
  test::layer_json(config, "conv2")["init"] = {{"kind", "he"}};
  test::layer_json(config, "fc6")["dropout"] = 0.3;
  test::layer_json(config, "fc6")["biasLearningRateFactor"] = 3;
  const NetSpec net = parse_run_config(config.dump()).net;
  CHECK(net.layers[0].then[0].lrn.alpha == 0.5);
  CHECK(net.layers[0].then[0].lrn.size == 5);
  CHECK(net.layers[0].then[0].lrn.alpha_over_n);
  CHECK(net.layers[0].then[1].pool.size == 5);
  CHECK(net.layers[0].then[1].pool.stride == 2);
  CHECK(net.layers[1].then.size() == 3);
  CHECK(net.layers[1].init.he);
  CHECK(net.layers[1].init.bias == 1);
  CHECK(net.layers[2].init.sigma == 0.03);
  CHECK(net.layers[5].then[1].dropout == 0.3);
  CHECK(net.layers[5].bias_learning_rate_factor == 3);
}
