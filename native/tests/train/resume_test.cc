// A run that is resumed from any of its checkpoints equals the uninterrupted one, bit for bit.
#include <doctest/doctest.h>

#include "omp_threads.h"
#include "train/toy.h"

using namespace alexnet;
using toy::Finished;
using toy::KeptCheckpoint;
using toy::Recorder;

namespace {

std::unique_ptr<Finished> resume(const RunConfig& config, const KeptCheckpoint& from,
                                 const std::vector<AppliedCommand>& replay,
                                 const toy::Steering& steering = {}) {
  Trainer trainer(config, toy::packs().train, toy::packs().validation);
  for (size_t i = 0; i < trainer.tensors().size(); ++i)
    trainer.load(trainer.tensors()[i].name, 0, from.tensors[i]);
  trainer.load_state(from.state);
  trainer.replay(replay);
  return toy::finish(trainer, steering);
}

/// All of a step's record but its times.
void check_same(const StepRecord& a, const StepRecord& b) {
  CHECK(a.step == b.step);
  CHECK(a.epoch == b.epoch);
  CHECK(a.images == b.images);
  CHECK(a.loss == b.loss);
  CHECK(a.top1_error == b.top1_error);
  CHECK(a.top5_error == b.top5_error);
  CHECK(a.learning_rate == b.learning_rate);
}

void check_same(const ValidationRecord& a, const ValidationRecord& b) {
  CHECK(a.step == b.step);
  CHECK(a.epoch == b.epoch);
  CHECK(a.images == b.images);
  CHECK(a.loss == b.loss);
  CHECK(a.top1_error == b.top1_error);
  CHECK(a.top5_error == b.top5_error);
  CHECK(a.train_loss == b.train_loss);
  CHECK(a.train_top1_error == b.train_top1_error);
}

/// Those of `all` that came after `step` completed steps.
template <class Record>
std::vector<Record> after(const std::vector<Record>& all, int64_t step) {
  std::vector<Record> later;
  for (const Record& record : all)
    if (record.step > step) later.push_back(record);
  return later;
}

void check_same_commands(const std::vector<AppliedCommand>& a, const std::vector<AppliedCommand>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].step == b[i].step);
    CHECK(a[i].steered == b[i].steered);
    CHECK(a[i].sequence == b[i].sequence);
    CHECK(a[i].command.kind == b[i].command.kind);
    CHECK(a[i].command.layer == b[i].command.layer);
    CHECK(a[i].command.value == b[i].command.value);
  }
}

/// Whether `resumed`, which began at `step`, is the rest of `whole`.
void check_rest(const Finished& whole, const Finished& resumed, int64_t step) {
  const Recorder &a = resumed.recorder, &b = whole.recorder;
  CHECK(resumed.state == whole.state);
  CHECK(toy::same_bits(resumed.tensors, whole.tensors));
  const auto steps = after(b.steps, step);
  REQUIRE(a.steps.size() == steps.size());
  for (size_t i = 0; i < steps.size(); ++i) check_same(a.steps[i], steps[i]);
  const auto validations = after(b.validations, step);
  REQUIRE(a.validations.size() == validations.size());
  for (size_t i = 0; i < validations.size(); ++i) check_same(a.validations[i], validations[i]);
  // Steered commands are applied again but not told again; what the schedule does is told.
  CHECK(a.steered().empty());
  std::vector<AppliedCommand> scheduled;
  for (const AppliedCommand& command : after(b.commands, step))
    if (!command.steered) scheduled.push_back(command);
  check_same_commands(after(a.commands, step), scheduled);
  // A later checkpoint of the same step and reason says the same.
  for (const KeptCheckpoint& checkpoint : a.checkpoints)
    for (const KeptCheckpoint& original : b.checkpoints)
      if (checkpoint.step > step && original.step == checkpoint.step &&
          original.reason == checkpoint.reason) {
        CHECK(checkpoint.state == original.state);
        CHECK(checkpoint.best == original.best);
        CHECK(toy::same_bits(checkpoint.tensors, original.tensors));
      }
}

/// Resumes from every `stride`-th checkpoint of the run and compares.
void check_every_resume(const RunConfig& config, const toy::Steering& steering, size_t stride = 1) {
  const auto whole = toy::train(config, steering);
  REQUIRE(whole->recorder.checkpoints.size() > 4);
  for (size_t i = 0; i < whole->recorder.checkpoints.size(); i += stride) {
    const KeptCheckpoint& from = whole->recorder.checkpoints[i];
    CAPTURE(from.step);
    CAPTURE(from.reason);
    CAPTURE(from.state);
    check_rest(*whole, *resume(config, from, whole->recorder.steered()), from.step);
  }
}

/// A run with everything that a state holds: drops, actions, and wishes of every kind, some at one step.
const char* const kEventful = R"({"epochs":4,"checkpoints":{"everySteps":1},"optimiser":{
  "schedule":{"kind":"steps","epochs":[3],"factor":0.1},
  "actions":[{"epoch":2,"kind":"layerRate","layer":"conv1","rate":0.013},
             {"epoch":4,"kind":"freeze","layer":"conv1"}]}})";

toy::Steering eventful_steering() {
  return {{0, {CommandKind::kSetRate, "", 0.03}},     {2, {CommandKind::kColourNoise, "", 0.4}},
          {5, {CommandKind::kFreeze, "conv2", 0}},    {7, {CommandKind::kScaleRate, "", 0.7}},
          {7, {CommandKind::kCheckpoint, "", 0}},     {7, {CommandKind::kSetLayerRate, "fc3", 0.004}},
          {9, {CommandKind::kPause, "", 0}},          {9, {CommandKind::kResume, "", 0}},
          {11, {CommandKind::kUnfreeze, "conv2", 0}}, {13, {CommandKind::kColourNoise, "", 0}},
          {15, {CommandKind::kSetRate, "", 0.1 / 7}}, {18, {CommandKind::kScaleRate, "", 1.0 / 3}}};
}

RunConfig eventful(const std::string& precision, const std::string& devices) {
  toy::Json patch = toy::Json::parse(kEventful);
  patch["precision"] = precision;
  patch["devices"] = toy::Json::parse(devices);
  return toy::config(patch.dump());
}

}  // namespace

TEST_CASE("a run resumed from any checkpoint ends with the same bits, in fp32 on one device") {
  check_every_resume(eventful("fp32", R"(["cpu"])"), eventful_steering());
}

TEST_CASE("a run resumed from a checkpoint ends with the same bits, on two threads of one device") {
  RunConfig config = toy::config(R"({"epochs":1,"checkpoints":{"everySteps":1}})");
  config.threads = test::omp_threads(2);
  check_every_resume(config, {{2, {CommandKind::kScaleRate, "", 0.5}}}, 2);
}

TEST_CASE("a run resumed from any checkpoint ends with the same bits, in fp32 on two devices") {
  check_every_resume(eventful("fp32", R"(["cpu","cpu"])"), eventful_steering(), 3);
}

TEST_CASE("a run resumed from any checkpoint ends with the same bits, in bf16") {
  if (!cpu::has_bf16()) {
    MESSAGE("skipped: this processor has no bf16 instructions");
    return;
  }
  check_every_resume(eventful("bf16", R"(["cpu"])"), eventful_steering(), 3);
  check_every_resume(eventful("bf16", R"(["cpu","cpu"])"), eventful_steering(), 4);
}

TEST_CASE("a plateau's count, drops and end survive a resume") {
  const RunConfig config = toy::config(R"({"epochs":20,"checkpoints":{"everySteps":2},"optimiser":{
    "schedule":{"kind":"plateau","patience":2,"threshold":0.9,"maxDrops":1}}})");
  const auto whole = toy::train(config);
  REQUIRE(whole->recorder.log.back() == "checkpoint end 25");  // best 1, drop 3, stop 5
  check_every_resume(config, {});
}

TEST_CASE("a polynomial rate and a run that ends inside an epoch survive a resume") {
  check_every_resume(toy::config(R"({"epochs":null,"steps":8,"checkpoints":{"everySteps":1},"optimiser":{
    "schedule":{"kind":"polynomial","power":1.5}}})"),
                     {{4, {CommandKind::kScaleRate, "", 0.5}}});
}

TEST_CASE("a stopped run goes on where it was stopped") {
  const RunConfig config = toy::config();
  const auto whole = toy::train(config);
  for (const int64_t at : {0, 3, 5, 7}) {
    CAPTURE(at);
    const auto stopped = toy::train(config, {{at, {CommandKind::kStop, "", 0}}});
    REQUIRE(stopped->state == RunState::kStopped);
    const KeptCheckpoint& from = stopped->recorder.checkpoints.back();
    REQUIRE(from.reason == "stop");
    const auto resumed = resume(config, from, stopped->recorder.steered());
    CHECK(resumed->state == RunState::kFinished);
    CHECK(resumed->recorder.steps.size() == static_cast<size_t>(10 - at));
    CHECK(toy::same_bits(resumed->tensors, whole->tensors));
  }
}

TEST_CASE("a stop that came after the checkpoint is not obeyed again, nor is a pause") {
  const RunConfig config = toy::config();
  const auto whole = toy::train(config);
  const auto resumed =
      resume(config, whole->recorder.checkpoints[0],
             {{6, true, 1, {CommandKind::kPause, "", 0}}, {7, true, 2, {CommandKind::kStop, "", 0}}});
  CHECK(resumed->state == RunState::kFinished);
  CHECK(toy::same_bits(resumed->tensors, whole->tensors));
}

TEST_CASE("a run without any checkpoint begins anew and its wishes are replayed from the start") {
  const RunConfig config = toy::config();
  const auto whole =
      toy::train(config, {{0, {CommandKind::kSetRate, "", 0.05}}, {3, {CommandKind::kFreeze, "conv1", 0}}});
  Trainer trainer(config, toy::packs().train, toy::packs().validation);
  trainer.replay(whole->recorder.steered());
  check_rest(*whole, *toy::finish(trainer), 0);
}

TEST_CASE("new wishes of a resumed run get numbers of their own, and replayed ones still come") {
  const RunConfig config = toy::config(R"({"epochs":3,"checkpoints":{"everySteps":1}})");
  const auto first =
      toy::train(config, {{1, {CommandKind::kSetRate, "", 0.03}}, {9, {CommandKind::kFreeze, "conv2", 0}}});
  // From step 3 on, with a wish that the first life did not have.
  const auto second = resume(config, first->recorder.checkpoints[2], first->recorder.steered(),
                             {{5, {CommandKind::kScaleRate, "", 0.5}}});
  const auto told = second->recorder.steered();
  REQUIRE(told.size() == 1);
  CHECK(told[0].step == 5);
  CHECK(told[0].sequence == 3);
  // The freeze came again: conv2 stands still after step 9.
  const size_t conv2 = 4;
  const auto& kept = second->recorder.checkpoints;
  CHECK(toy::same_bits(kept[kept.size() - 1].tensors[conv2], kept[kept.size() - 3].tensors[conv2]));

  // A third life, from between the two, equals the second.
  const std::vector<AppliedCommand> log{first->recorder.steered()[0], told[0], first->recorder.steered()[1]};
  for (const KeptCheckpoint& from : kept) {
    CAPTURE(from.step);
    CAPTURE(from.reason);
    CHECK(toy::same_bits(resume(config, from, log)->tensors, second->tensors));
  }
}

TEST_CASE("a state that cannot be read is refused") {
  Trainer trainer(toy::config(), toy::packs().train, "");
  for (const std::string state : {"", "{", "[]", "{}", R"({"version":1})", R"({"version":99})"}) {
    CAPTURE(state);
    CHECK(scratch::error_of([&] { trainer.load_state(state); }) == "INVALID_ARGUMENT");
  }
}
