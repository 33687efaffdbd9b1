// The learning rate over a run, the actions of a configuration, steering, and what a checkpoint keeps of it.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "train/schedule.h"
#include "train/toy.h"

using namespace alexnet;
using toy::Json;
using train::Controls;

namespace {

/// Controls with the configuration and plan they refer to.
struct Set {
  explicit Set(const std::string& patch, int64_t total_steps = 100)
      : config(toy::config(patch)), plan(plan_net(config.net)), controls(config, plan, total_steps) {}
  RunConfig config;
  NetPlan plan;
  Controls controls;
};

/// "rate 0.1 conv1"-like texts of what was done.
std::vector<std::string> texts(const std::vector<Command>& commands) {
  std::vector<std::string> all;
  for (const Command& command : commands)
    all.push_back(std::string(toy::name_of(command.kind)) + " " + command.layer);
  return all;
}
using Texts = std::vector<std::string>;

std::string refusal(Controls& controls, const Command& command) {
  return scratch::error_of([&] { controls.apply(command); });
}

}  // namespace

TEST_CASE("a plateau divides by ten after `patience` stalls, at most `maxDrops` times, then stops") {
  Set set(R"({"optimiser":{"learningRate":1,
    "schedule":{"kind":"plateau","patience":2,"threshold":0.01,"maxDrops":3}}})");
  Controls& c = set.controls;
  CHECK(c.finish_epoch(0.9).empty());
  CHECK(c.finish_epoch(0.8).empty());    // better
  CHECK(c.finish_epoch(0.795).empty());  // better by less than the threshold: first stall
  CHECK(c.finish_epoch(0.7).empty());    // better: counts anew
  CHECK(c.finish_epoch(0.7).empty());
  double rate = 1;
  for (int drop = 1; drop <= 3; ++drop) {
    const auto done = c.finish_epoch(0.75);
    REQUIRE(texts(done) == Texts{"rate "});
    rate *= 0.1;
    CHECK(done[0].value == doctest::Approx(rate).epsilon(1e-12));
    CHECK(c.learning_rate(0) == done[0].value);
    CHECK(c.finish_epoch(0.7).empty());
  }
  CHECK_FALSE(c.over());
  CHECK(texts(c.finish_epoch(0.7)) == Texts{"stop "});
  CHECK(c.over());
  CHECK(c.learning_rate(0) == doctest::Approx(0.001).epsilon(1e-12));
}

TEST_CASE("a plateau without drops stops at its first stall") {
  Set set(R"({"optimiser":{"schedule":{"kind":"plateau","patience":1,"maxDrops":0}}})");
  CHECK(set.controls.finish_epoch(0.5).empty());
  CHECK(texts(set.controls.finish_epoch(0.5)) == Texts{"stop "});
}

TEST_CASE("a rate set by hand is what the plateau lowers next") {
  Set set(R"({"optimiser":{"schedule":{"kind":"plateau","patience":1}}})");
  CHECK(set.controls.finish_epoch(0.5).empty());
  set.controls.apply({CommandKind::kSetRate, "", 0.5});
  CHECK(set.controls.finish_epoch(0.5).size() == 1);
  CHECK(set.controls.learning_rate(0) == doctest::Approx(0.05).epsilon(1e-12));
}

TEST_CASE("steps drop the rate before their epochs and only then") {
  Set set(R"({"optimiser":{"learningRate":1,"schedule":{"kind":"steps","epochs":[2,4],"factor":0.5}}})");
  const double expected[] = {1, 0.5, 0.5, 0.25, 0.25};
  for (int64_t epoch = 1; epoch <= 5; ++epoch) {
    CAPTURE(epoch);
    CHECK(set.controls.start_epoch(epoch).size() == (epoch == 2 || epoch == 4));
    CHECK(set.controls.learning_rate(7) == expected[epoch - 1]);
    CHECK(set.controls.finish_epoch(0.9).empty());
  }
}

TEST_CASE("a constant rate stays") {
  Set set("{}");
  for (int64_t epoch = 1; epoch <= 20; ++epoch) {
    CHECK(set.controls.start_epoch(epoch).empty());
    CHECK(set.controls.finish_epoch(0.9).empty());
  }
  CHECK(set.controls.learning_rate(99) == 0.02);
}

TEST_CASE("a polynomial falls from the rate to nothing at the run's end") {
  Set set(R"({"optimiser":{"learningRate":0.4,"schedule":{"kind":"polynomial","power":2}}})", 100);
  CHECK(set.controls.learning_rate(0) == 0.4);
  CHECK(set.controls.learning_rate(50) == doctest::Approx(0.1));
  CHECK(set.controls.learning_rate(99) == doctest::Approx(0.4 * 1e-4));
  CHECK(set.controls.learning_rate(100) == 0);
  CHECK(set.controls.learning_rate(101) == 0);
  set.controls.apply({CommandKind::kScaleRate, "", 0.5});
  CHECK(set.controls.learning_rate(50) == doctest::Approx(0.05));
  CHECK(set.controls.updates(50)[0].weight_rate == doctest::Approx(0.05));
}

TEST_CASE("the actions of the original's end-game happen at their epochs, after the schedule's drop") {
  Set set(R"({"optimiser":{"learningRate":1,"schedule":{"kind":"steps","epochs":[3],"factor":0.1},
    "actions":[{"epoch":2,"kind":"colourNoise","sigma":0},{"epoch":2,"kind":"layerRate","layer":"conv1","rate":1e-5},
               {"epoch":3,"kind":"freeze","layer":"conv1"},{"epoch":3,"kind":"rate","rate":0.03},
               {"epoch":4,"kind":"unfreeze","layer":"conv1"}]}})");
  Controls& c = set.controls;
  CHECK(c.start_epoch(1).empty());
  CHECK(c.colour_noise() == 0.1);
  CHECK(texts(c.start_epoch(2)) == Texts{"colourNoise ", "layerRate conv1"});
  CHECK(c.colour_noise() == 0);
  CHECK(c.updates(0)[0].weight_rate == 1e-5f);
  CHECK(c.updates(0)[0].bias_rate == 1e-5f);
  CHECK(c.updates(0)[1].weight_rate == 1);
  CHECK_FALSE(c.updates(0)[0].frozen);
  CHECK(texts(c.start_epoch(3)) == Texts{"rate ", "freeze conv1", "rate "});
  CHECK(c.updates(0)[0].frozen);
  CHECK(c.updates(0)[0].weight_rate == 1e-5f);  // does not follow the schedule any more
  CHECK_FALSE(c.updates(0)[1].frozen);
  CHECK(c.learning_rate(0) == 0.03);
  CHECK(texts(c.start_epoch(4)) == Texts{"unfreeze conv1"});
  CHECK_FALSE(c.updates(0)[0].frozen);
}

TEST_CASE("every layer's factors reach its update") {
  Json patch = Json::parse(R"({"optimiser":{"learningRate":0.5,"weightDecay":0.01,"momentum":0.7,
    "biasLearningRateFactor":2,"biasWeightDecayFactor":0.25,"biasRateFollowsSchedule":false}})");
  patch["net"] = toy::net_json();
  patch["net"]["layers"][1]["learningRateFactor"] = 3;
  patch["net"]["layers"][1]["biasLearningRateFactor"] = 5;
  patch["net"]["layers"][1]["weightDecayFactor"] = 7;
  patch["net"]["layers"][1]["biasWeightDecayFactor"] = 11;
  Set set(patch.dump());
  set.controls.apply({CommandKind::kScaleRate, "", 0.1});
  const auto updates = set.controls.updates(0);
  CHECK(updates[0].weight_rate == doctest::Approx(0.05));
  CHECK(updates[0].bias_rate == doctest::Approx(1.0));  // keeps the first rate
  CHECK(updates[0].weight_decay == doctest::Approx(0.01));
  CHECK(updates[0].bias_decay == doctest::Approx(0.0025));
  CHECK(updates[0].momentum == doctest::Approx(0.7));
  CHECK(updates[1].weight_rate == doctest::Approx(0.15));
  CHECK(updates[1].bias_rate == doctest::Approx(5.0));
  CHECK(updates[1].weight_decay == doctest::Approx(0.07));
  CHECK(updates[1].bias_decay == doctest::Approx(0.0275));

  patch["optimiser"]["biasRateFollowsSchedule"] = true;
  Set following(patch.dump());
  following.controls.apply({CommandKind::kScaleRate, "", 0.1});
  CHECK(following.controls.updates(0)[0].bias_rate == doctest::Approx(0.1));
  CHECK(following.controls.updates(0)[1].bias_rate == doctest::Approx(0.5));
}

TEST_CASE("steering changes what it names") {
  Set set("{}");
  Controls& c = set.controls;
  c.apply({CommandKind::kSetRate, "", 0.3});
  c.apply({CommandKind::kScaleRate, "", 0.1});
  CHECK(c.learning_rate(0) == doctest::Approx(0.03));
  c.apply({CommandKind::kSetLayerRate, "fc3", 0});
  CHECK(c.updates(0)[2].weight_rate == 0);
  c.apply({CommandKind::kFreeze, "conv2", 0});
  c.apply({CommandKind::kFreeze, "conv2", 0});
  CHECK(c.updates(0)[1].frozen);
  c.apply({CommandKind::kUnfreeze, "conv2", 0});
  CHECK_FALSE(c.updates(0)[1].frozen);
  c.apply({CommandKind::kColourNoise, "", 0.7});
  CHECK(c.colour_noise() == 0.7);
}

TEST_CASE("a wish that makes no sense is refused and changes nothing") {
  Set set("{}");
  Controls& c = set.controls;
  const std::string before = c.save().dump();
  for (const CommandKind kind : {CommandKind::kFreeze, CommandKind::kUnfreeze, CommandKind::kSetLayerRate})
    for (const std::string layer : {"", "conv9", "conv1.weight"})
      CHECK(refusal(c, {kind, layer, 0.1}) == "INVALID_ARGUMENT");
  for (const CommandKind kind : {CommandKind::kSetRate, CommandKind::kScaleRate, CommandKind::kSetLayerRate,
                                 CommandKind::kColourNoise})
    for (const double value : {-0.1, std::nan(""), std::numeric_limits<double>::infinity()})
      CHECK(refusal(c, {kind, "conv1", value}) == "INVALID_ARGUMENT");
  CHECK(c.save().dump() == before);
  CHECK(refusal(c, {CommandKind::kPause, "", 0}) == "none");
  CHECK(c.save().dump() == before);
}

TEST_CASE("what was saved goes on as if nothing had happened") {
  const std::string patch = R"({"optimiser":{"learningRate":0.3,
    "schedule":{"kind":"plateau","patience":2,"threshold":0.01,"maxDrops":2}}})";
  Set original(patch);
  original.controls.apply({CommandKind::kSetLayerRate, "fc3", 0.1 / 3});
  original.controls.apply({CommandKind::kFreeze, "conv1", 0});
  original.controls.apply({CommandKind::kColourNoise, "", 0.1 / 7});
  for (int i = 0; i < 12; ++i) {
    CAPTURE(i);
    Set restored(patch);
    restored.controls.restore(Json::parse(original.controls.save().dump()));
    CHECK(restored.controls.save() == original.controls.save());
    CHECK(restored.controls.over() == original.controls.over());
    CHECK(restored.controls.learning_rate(3) == original.controls.learning_rate(3));
    CHECK(restored.controls.colour_noise() == original.controls.colour_noise());
    for (size_t l = 0; l < original.plan.layers.size(); ++l) {
      CHECK(restored.controls.updates(0)[l].weight_rate == original.controls.updates(0)[l].weight_rate);
      CHECK(restored.controls.updates(0)[l].frozen == original.controls.updates(0)[l].frozen);
    }
    const auto a = restored.controls.finish_epoch(0.5), b = original.controls.finish_epoch(0.5);
    CHECK(texts(a) == texts(b));
  }
  CHECK(original.controls.over());
}

TEST_CASE("a state that was not saved by this class is refused") {
  Set set("{}");
  CHECK_THROWS_AS(set.controls.restore(Json::parse("{}")), nlohmann::json::exception);
  CHECK_THROWS_AS(set.controls.restore(Json::parse(R"({"rate":"high"})")), nlohmann::json::exception);
}
