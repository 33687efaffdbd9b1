// What a run configuration says arrives in the RunConfig.
#include <doctest/doctest.h>

#include "spec/presets.h"

using namespace alexnet;
using test::Json;

TEST_CASE("paper-2012 trains as the paper says") {
  const RunConfig c = test::preset_config("paper-2012");
  CHECK(c.optimiser.learning_rate == 0.01);
  CHECK(c.optimiser.momentum == 0.9);
  CHECK(c.optimiser.weight_decay == 0.0005);
  CHECK(c.optimiser.batch_size == 128);
  CHECK(c.optimiser.bias_learning_rate_factor == 1);
  CHECK(c.optimiser.bias_weight_decay_factor == 0);
  CHECK(c.optimiser.schedule.kind == ScheduleKind::kPlateau);
  CHECK(c.optimiser.schedule.max_drops == 3);
  CHECK(c.optimiser.actions.empty());
  CHECK(c.epochs == 90);
  CHECK(!c.steps);
  CHECK(c.augmentation.colour_noise == 0.1);
  CHECK(c.augmentation.mean == MeanMode::kImage);
  CHECK(c.augmentation.mean_follows_crop);
  CHECK(c.input_gain == 1);
  CHECK(c.net.dropout_scale == DropoutScale::kTest);
  CHECK(!c.net.layers[0].then[1].lrn.alpha_over_n);
  for (const LayerSpec& layer : c.net.layers) {
    CAPTURE(layer.name);
    CHECK(!layer.init.he);
    CHECK(layer.init.sigma == 0.01);
    const bool zero = layer.name == "conv1" || layer.name == "conv3" || layer.name == "fc8";
    CHECK(layer.init.bias == (zero ? 0 : 1));
  }
}

TEST_CASE("code-2012 trains as the original code did") {
  const RunConfig c = test::preset_config("code-2012");
  CHECK(c.optimiser.schedule.kind == ScheduleKind::kSteps);
  CHECK(c.optimiser.schedule.epochs == std::vector<int64_t>{25, 51, 79});
  CHECK(c.optimiser.bias_learning_rate_factor == 2);
  CHECK(!c.optimiser.bias_rate_follows_schedule);
  REQUIRE(c.optimiser.actions.size() == 3);
  CHECK(c.optimiser.actions[0].kind == ActionKind::kColourNoise);
  CHECK(c.optimiser.actions[0].epoch == 67);
  CHECK(c.optimiser.actions[0].value == 0);
  CHECK(c.optimiser.actions[1].kind == ActionKind::kLayerRate);
  CHECK(c.optimiser.actions[1].layer == "conv1");
  CHECK(c.optimiser.actions[1].value == 1e-5);
  CHECK(c.optimiser.actions[2].kind == ActionKind::kFreeze);
  CHECK(c.optimiser.actions[2].epoch == 72);
  CHECK(!c.augmentation.mean_follows_crop);
  CHECK(c.input_gain == doctest::Approx(1 / 1.1));
  const LayerSpec& conv2 = c.net.layers[1];
  REQUIRE(conv2.then.size() == 4);
  CHECK(conv2.then[1].kind == OpKind::kLrn);
  CHECK(conv2.then[1].lrn.alpha_over_n);
  CHECK(conv2.then[2].kind == OpKind::kSpatialNorm);
  CHECK(conv2.then[2].spatial_norm.alpha == 4e-5);
  CHECK(c.net.layers[0].then[0].kind == OpKind::kLrn);
  CHECK(c.net.layers[0].then[2].kind == OpKind::kActivation);
  CHECK(c.net.layers[3].init.sigma == 0.03);
}

TEST_CASE("the default draws its weights after He and has no biases") {
  const RunConfig c = test::preset_config("alexnet");
  CHECK(c.net.columns == 2);
  CHECK(c.net.dropout_scale == DropoutScale::kTraining);
  CHECK(c.net.layers[3].init.he);
  CHECK(c.net.layers[3].init.bias == 0);
}

TEST_CASE("every other setting arrives") {
  Json json = test::preset_json("paper-2012");
  json.erase("epochs");
  json["steps"] = 1000;
  json["seed"] = 18446744073709551615u;
  json["shuffle"] = false;
  json["devices"] = {"cuda:0", "cuda:1"};
  json["precision"] = "bf16";
  json["threads"] = 3;
  json["validateEveryEpochs"] = 2;
  json["checkpoints"] = {{"everySteps", 50}, {"everyMinutes", 0.5}, {"keepLast", 7}};
  json["augmentation"] = {{"crop", "centre"}, {"mirror", false}, {"colourNoise", 0}, {"mean", "rgb"}};
  json["optimiser"]["schedule"] = {{"kind", "polynomial"}, {"power", 2}};
  json["optimiser"]["actions"] = {{{"epoch", 2}, {"kind", "unfreeze"}, {"layer", "conv2"}},
                                  {{"epoch", 2}, {"kind", "rate"}, {"rate", 0.5}}};
  const RunConfig c = parse_run_config(json.dump());
  CHECK(!c.epochs);
  CHECK(c.steps == 1000);
  CHECK(c.seed == 18446744073709551615u);
  CHECK(!c.shuffle);
  CHECK(c.devices == std::vector<std::string>{"cuda:0", "cuda:1"});
  CHECK(c.precision == Precision::kBf16);
  CHECK(c.threads == 3);
  CHECK(c.validate_every_epochs == 2);
  CHECK(c.checkpoint_every_steps == 50);
  CHECK(c.checkpoint_every_minutes == 0.5);
  CHECK(c.augmentation.crop == CropMode::kCentre);
  CHECK(!c.augmentation.mirror);
  CHECK(c.augmentation.colour_noise == 0);
  CHECK(c.augmentation.mean == MeanMode::kRgb);
  CHECK(c.optimiser.schedule.kind == ScheduleKind::kPolynomial);
  CHECK(c.optimiser.schedule.power == 2);
  CHECK(c.optimiser.actions[0].kind == ActionKind::kUnfreeze);
  CHECK(c.optimiser.actions[1].value == 0.5);
}

TEST_CASE("a run may do without validation") {
  Json json = test::preset_json("paper-2012");
  json["validateEveryEpochs"] = 0;
  CHECK(parse_run_config(json.dump()).validate_every_epochs == 0);
}

TEST_CASE("what is not given is the default") {
  const Json net{{"columns", 1},
                 {"inputSize", 8},
                 {"classes", 2},
                 {"layers",
                  {{{"name", "conv"}, {"kind", "conv"}, {"width", 4}, {"kernel", 3}},
                   {{"name", "fc"}, {"kind", "fc"}, {"width", "classes"}}}}};
  const RunConfig c = parse_run_config(Json{{"net", net}, {"steps", 1}}.dump());
  CHECK(c.devices == std::vector<std::string>{"cpu"});
  CHECK(c.optimiser.schedule.kind == ScheduleKind::kConstant);
  CHECK(c.optimiser.batch_size == 128);
  CHECK(c.seed == 1);
  CHECK(c.shuffle);
}
