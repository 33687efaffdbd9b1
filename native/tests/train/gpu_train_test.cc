// Whole training runs on this machine's GPUs. Without one every test says why it is skipped; with
// ALEXNET_REQUIRE_GPU set that is a failure.
#include <doctest/doctest.h>

#include <cstdlib>

#include "alexnet/device.h"
#include "train/toy.h"

using namespace alexnet;

namespace {

/// The device lists that can be trained on, or none, and said why.
std::vector<std::string> lists() {
  std::vector<std::string> usable;
  std::string reason;
  for (const DeviceReport& report : list_devices()) {
    if (report.id == "cpu") continue;
    if (report.usable)
      usable.push_back(report.id);
    else
      reason = report.reason;
  }
  if (usable.empty()) {
    REQUIRE_MESSAGE(!std::getenv("ALEXNET_REQUIRE_GPU"), "no GPU: " << reason);
    MESSAGE("skipped: " << reason);
    return {};
  }
  const std::string first = "\"" + usable[0] + "\"";
  std::vector<std::string> all{"[" + first + "]", "[" + first + "," + first + "]"};
  if (usable.size() > 1) all.push_back("[" + first + ",\"" + usable[1] + "\"]");
  return all;
}

std::string patch(const std::string& devices, const std::string& precision, const std::string& more = "") {
  return R"({"devices":)" + devices + R"(,"precision":")" + precision + "\"" + more + "}";
}

}  // namespace

TEST_CASE("on GPUs the toy problem is learnt in every precision") {
  for (const std::string& devices : lists())
    for (const std::string precision : {"fp32", "tf32", "bf16"}) {
      CAPTURE(devices);
      CAPTURE(precision);
      const auto run = toy::train(toy::config(patch(devices, precision, R"(,"epochs":24,"optimiser":{
        "learningRate":0.01,"schedule":{"kind":"polynomial","power":1}})")));
      CHECK(run->state == RunState::kFinished);
      CHECK(run->recorder.validations.front().loss > 0.8);
      CHECK(run->recorder.validations.back().loss < 0.05);
      CHECK(run->recorder.validations.back().top1_error <= 2.0 / toy::kValidationImages);
    }
}

TEST_CASE("on GPUs a run that is resumed equals one that was never interrupted, bit for bit") {
  for (const std::string& devices : lists())
    for (const std::string precision : {"fp32", "bf16"}) {
      CAPTURE(devices);
      CAPTURE(precision);
      const auto whole = toy::train(toy::config(patch(devices, precision)));
      const auto half = toy::train(toy::config(patch(devices, precision, R"(,"epochs":1)")));
      Trainer rest(toy::config(patch(devices, precision)), toy::packs().train, toy::packs().validation);
      const toy::KeptCheckpoint& last = half->recorder.checkpoints.back();
      for (size_t i = 0; i < rest.tensors().size(); ++i)
        rest.load(rest.tensors()[i].name, 0, last.tensors[i]);
      rest.load_state(last.state);
      CHECK(toy::same_bits(toy::finish(rest)->tensors, whole->tensors));
    }
}

TEST_CASE("on GPUs the first steps' losses are the CPU's") {
  const auto all = lists();
  if (all.empty()) return;
  const auto cpu = toy::train(toy::config());
  for (const std::string& devices : all) {
    const auto gpu = toy::train(toy::config(patch(devices, "fp32")));
    // The same draws and arithmetic in another order of summation: apart from the fourth digit on, at most,
    // until it has grown over many steps.
    for (size_t s = 0; s < 3; ++s)
      CHECK(gpu->recorder.steps[s].loss == doctest::Approx(cpu->recorder.steps[s].loss).epsilon(1e-3));
  }
}

TEST_CASE("a run begun on GPUs goes on on the CPU") {
  const auto all = lists();
  if (all.empty()) return;
  const auto half = toy::train(toy::config(patch(all.back(), "bf16", R"(,"epochs":1)")));
  Trainer rest(toy::config(), toy::packs().train, toy::packs().validation);
  const toy::KeptCheckpoint& last = half->recorder.checkpoints.back();
  for (size_t i = 0; i < rest.tensors().size(); ++i) rest.load(rest.tensors()[i].name, 0, last.tensors[i]);
  rest.load_state(last.state);
  const auto finished = toy::finish(rest);
  CHECK(finished->state == RunState::kFinished);
  CHECK(finished->recorder.steps.back().step == 2 * toy::kStepsPerEpoch);
}
