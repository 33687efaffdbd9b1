// Runs whose batch is shared by replicas: the run that one device makes, up to rounding; the same bits every
// time and after a resume; and going on with another number of devices.
#include <doctest/doctest.h>

#include <cmath>

#include "alexnet/error.h"
#include "train/toy.h"

using namespace alexnet;

namespace {

/// A patch of the toy configuration for `count` CPU devices.
std::string shared(const std::string& parallelism, int count, const std::string& more = "") {
  std::string list;
  for (int d = 0; d < count; ++d) list += d == 0 ? "\"cpu\"" : ",\"cpu\"";
  return R"({"parallelism":")" + parallelism + R"(","devices":[)" + list + "]" + more + "}";
}

/// The largest difference, relative to the tensor's largest value, over all tensors.
double difference(const toy::Tensors& a, const toy::Tensors& b) {
  double worst = 0;
  for (size_t t = 0; t < a.size(); ++t) {
    double largest = 1e-30, apart = 0;
    for (size_t i = 0; i < a[t].size(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(b[t][i])));
      apart = std::max(apart, std::abs(static_cast<double>(a[t][i]) - static_cast<double>(b[t][i])));
    }
    worst = std::max(worst, apart / largest);
  }
  return worst;
}

void check_alike(const toy::Finished& run, const toy::Finished& expected) {
  CHECK(run.state == expected.state);
  CHECK(difference(run.tensors, expected.tensors) < 1e-3);
  REQUIRE(run.recorder.steps.size() == expected.recorder.steps.size());
  for (size_t s = 0; s < run.recorder.steps.size(); ++s) {
    CHECK(run.recorder.steps[s].images == expected.recorder.steps[s].images);
    CHECK(run.recorder.steps[s].loss == doctest::Approx(expected.recorder.steps[s].loss).epsilon(1e-4));
  }
  CHECK(run.recorder.validations.back().images == expected.recorder.validations.back().images);
  CHECK(run.recorder.validations.back().loss ==
        doctest::Approx(expected.recorder.validations.back().loss).epsilon(1e-4));
}

std::unique_ptr<toy::Finished> resume(const RunConfig& config, const toy::KeptCheckpoint& from) {
  Trainer trainer(config, toy::packs().train, toy::packs().validation);
  for (size_t i = 0; i < trainer.tensors().size(); ++i)
    trainer.load(trainer.tensors()[i].name, 0, from.tensors[i]);
  trainer.load_state(from.state);
  return toy::finish(trainer);
}

}  // namespace

TEST_CASE("however many devices share the batch, the run is one device's up to rounding") {
  // Ten images a step; the fifth step has eight. Three replicas have four, three and three of the ten rows.
  const auto alone = toy::train(toy::config());
  for (const auto& [parallelism, devices] :
       {std::pair("data", 2), {"data", 3}, {"pairs", 4}, {"hybrid", 2}, {"hybrid", 3}}) {
    CAPTURE(parallelism);
    CAPTURE(devices);
    check_alike(*toy::train(toy::config(shared(parallelism, devices))), *alone);
  }
}

TEST_CASE("a last batch with fewer images than replicas is shared, too") {
  const std::string batch = R"(,"epochs":2,"optimiser":{"batchSize":47})";
  const auto alone = toy::train(toy::config(R"({"epochs":2,"optimiser":{"batchSize":47}})"));
  CHECK(alone->recorder.steps[1].images == 1);
  for (const char* parallelism : {"data", "hybrid"})
    check_alike(*toy::train(toy::config(shared(parallelism, 3, batch))), *alone);
}

TEST_CASE("a shared run has the same bits every time, and after a resume on the same devices") {
  for (const auto& [parallelism, devices] : {std::pair("data", 3), {"pairs", 4}, {"hybrid", 2}}) {
    CAPTURE(parallelism);
    const RunConfig config = toy::config(shared(parallelism, devices, R"(,"checkpoints":{"everySteps":3})"));
    const auto whole = toy::train(config), again = toy::train(config);
    CHECK(toy::same_bits(whole->tensors, again->tensors));
    for (const toy::KeptCheckpoint& checkpoint : whole->recorder.checkpoints)
      if (checkpoint.step == 3) CHECK(toy::same_bits(resume(config, checkpoint)->tensors, whole->tensors));
  }
}

TEST_CASE("a run goes on with another number of devices, shared in another way") {
  const auto alone = toy::train(toy::config());
  const auto half = toy::train(toy::config(shared("data", 2, R"(,"epochs":1)")));
  const toy::KeptCheckpoint& last = half->recorder.checkpoints.back();
  for (const std::string& rest :
       {std::string("{}"), shared("data", 4), shared("hybrid", 3), shared("pairs", 2)}) {
    CAPTURE(rest);
    CHECK(difference(resume(toy::config(rest), last)->tensors, alone->tensors) < 1e-3);
  }
}

TEST_CASE("a shared run that diverges keeps no weights of that step") {
  Trainer trainer(toy::config(shared("data", 2)), toy::packs().train, "");
  const std::vector<float> broken(static_cast<size_t>(toy::kClasses), std::nanf(""));
  trainer.load("fc4.bias", 0, broken);
  toy::Recorder recorder;
  CHECK(trainer.run(recorder) == RunState::kDiverged);
  const auto conv1 = trainer.tensors()[0].name;
  CHECK(toy::same_bits(trainer.read(conv1), Trainer(toy::config(), toy::packs().train, "").read(conv1)));
}
