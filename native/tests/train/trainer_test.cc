// Training runs as a whole: what is learnt, what is told and in which order, and what is refused.
#include <doctest/doctest.h>

#include <limits>

#include "train/toy.h"

using namespace alexnet;

namespace {

using Log = std::vector<std::string>;

std::string refusal(const RunConfig& config, const std::string& train = toy::packs().train,
                    const std::string& validation = toy::packs().validation) {
  return scratch::error_of([&] { Trainer(config, train, validation); });
}

}  // namespace

TEST_CASE("the toy problem is learnt, in fp32 and bf16, on one device and two") {
  for (const std::string precision : {"fp32", "bf16"}) {
    if (precision == "bf16" && !cpu::has_bf16()) {
      MESSAGE("bf16 skipped: this processor has no bf16 instructions");
      continue;
    }
    for (const std::string devices : {R"(["cpu"])", R"(["cpu","cpu"])"}) {
      CAPTURE(precision);
      CAPTURE(devices);
      const auto run = toy::train(toy::config(R"({"epochs":24,"optimiser":{"learningRate":0.01,
        "schedule":{"kind":"polynomial","power":1}},"precision":")" +
                                              precision + R"(","devices":)" + devices + "}"));
      CHECK(run->state == RunState::kFinished);
      const toy::Recorder& r = run->recorder;
      // Chance is a loss of ln 6 = 1.79 and an error of 0.83.
      CHECK(r.validations.front().loss > 0.8);
      CHECK(r.validations.back().loss < 0.05);
      CHECK(r.validations.back().top1_error <= 2.0 / toy::kValidationImages);
      CHECK(r.validations.back().top5_error == 0);
      CHECK(r.steps.back().loss < 0.6);
    }
  }
}

TEST_CASE("two columns on two devices train as both on one, bit for bit, with as many threads a column") {
  const auto joined = toy::train(toy::config(R"({"threads":1})"));
  const auto apart = toy::train(toy::config(R"({"threads":2,"devices":["cpu","cpu"]})"));
  CHECK(toy::same_bits(joined->tensors, apart->tensors));
  CHECK(joined->recorder.steps.back().loss == apart->recorder.steps.back().loss);
}

TEST_CASE("the observer is told everything in order") {
  const auto run = toy::train(
      toy::config(R"({"epochs":3,"checkpoints":{"everySteps":4},"optimiser":{"schedule":{"kind":"plateau",
        "patience":1,"threshold":0.9,"maxDrops":1},"actions":[{"epoch":2,"kind":"freeze","layer":"conv1"}]}})"));
  CHECK(run->recorder.log == Log{"step 1",
                                 "step 2",
                                 "step 3",
                                 "step 4",
                                 "checkpoint interval 4",
                                 "step 5",
                                 "validation 5",
                                 "checkpoint epoch 5",
                                 "freeze 5",
                                 "step 6",
                                 "step 7",
                                 "step 8",
                                 "checkpoint interval 8",
                                 "step 9",
                                 "step 10",
                                 "validation 10",
                                 "rate 10",
                                 "checkpoint epoch 10",
                                 "step 11",
                                 "step 12",
                                 "checkpoint interval 12",
                                 "step 13",
                                 "step 14",
                                 "step 15",
                                 "validation 15",
                                 "stop 15",
                                 "checkpoint end 15"});
  for (const AppliedCommand& command : run->recorder.commands) {
    CHECK_FALSE(command.steered);
    CHECK(command.sequence == 0);
  }
  CHECK(run->state == RunState::kFinished);
}

TEST_CASE("records count steps, epochs and images, and their means are means") {
  const auto run = toy::train(toy::config(R"({"epochs":3,"optimiser":{"schedule":{"kind":"steps",
                                             "epochs":[2],"factor":0.5}}})"));
  const auto& steps = run->recorder.steps;
  REQUIRE(steps.size() == 15);
  for (size_t i = 0; i < steps.size(); ++i) {
    CAPTURE(i);
    CHECK(steps[i].step == static_cast<int64_t>(i) + 1);
    CHECK(steps[i].epoch == static_cast<int64_t>(i) / 5 + 1);
    CHECK(steps[i].images == (i % 5 == 4 ? 8 : 10));
    CHECK(steps[i].learning_rate == (i < 5 ? 0.02 : 0.01));
    CHECK(steps[i].elapsed_ms >= steps[i].data_wait_ms);
    CHECK(steps[i].top1_error >= steps[i].top5_error);
  }
  const auto& validations = run->recorder.validations;
  REQUIRE(validations.size() == 3);
  for (size_t e = 0; e < 3; ++e) {
    CHECK(validations[e].step == static_cast<int64_t>(e + 1) * 5);
    CHECK(validations[e].epoch == static_cast<int64_t>(e) + 1);
    CHECK(validations[e].images == toy::kValidationImages);
    double loss = 0, misses = 0;
    for (size_t i = e * 5; i < e * 5 + 5; ++i) {
      loss += steps[i].loss * static_cast<double>(steps[i].images);
      misses += steps[i].top1_error * static_cast<double>(steps[i].images);
    }
    CHECK(validations[e].train_loss == doctest::Approx(loss / toy::kTrainImages).epsilon(1e-12));
    CHECK(validations[e].train_top1_error == doctest::Approx(misses / toy::kTrainImages).epsilon(1e-12));
  }
}

TEST_CASE("a run counted in steps may end inside an epoch") {
  const RunConfig config = toy::config(R"({"epochs":null,"steps":7})");
  Trainer trainer(config, toy::packs().train, toy::packs().validation);
  CHECK(trainer.steps_per_epoch() == toy::kStepsPerEpoch);
  CHECK(trainer.total_steps() == 7);
  const auto run = toy::finish(trainer);
  CHECK(run->state == RunState::kFinished);
  CHECK(run->recorder.steps.size() == 7);
  REQUIRE(run->recorder.validations.size() == 2);
  const ValidationRecord& last = run->recorder.validations[1];
  CHECK(last.step == 7);
  CHECK(last.epoch == 2);
  const auto& s = run->recorder.steps;
  CHECK(last.train_loss == doctest::Approx((s[5].loss + s[6].loss) / 2).epsilon(1e-12));
  CHECK(toy::reasons(run->recorder) == Log{"epoch 5", "end 7"});
}

TEST_CASE("validation comes every so many epochs, and at the end") {
  const auto run = toy::train(toy::config(R"({"epochs":5,"validateEveryEpochs":2})"));
  std::vector<int64_t> epochs;
  for (const ValidationRecord& record : run->recorder.validations) epochs.push_back(record.epoch);
  CHECK(epochs == std::vector<int64_t>{2, 4, 5});
  for (const auto& checkpoint : run->recorder.checkpoints)
    CHECK(checkpoint.validated == (checkpoint.epoch == 2 || checkpoint.epoch >= 4));
}

TEST_CASE("with 0 nothing is validated, and the training error stands for it") {
  const auto run = toy::train(toy::config(R"({"epochs":3,"validateEveryEpochs":0})"));
  CHECK(run->recorder.validations.empty());
  REQUIRE(run->recorder.checkpoints.size() == 3);
  CHECK(run->recorder.checkpoints[0].best);
}

TEST_CASE("the best checkpoints are those with the lowest validation error so far") {
  const auto run = toy::train(toy::config(R"({"epochs":8,"optimiser":{"learningRate":0.05}})"));
  double best = std::numeric_limits<double>::infinity();
  REQUIRE(run->recorder.checkpoints.size() == 8);
  for (size_t e = 0; e < 8; ++e) {
    const double error = run->recorder.validations[e].top1_error;
    CHECK(run->recorder.checkpoints[e].best == (error < best));
    best = std::min(best, error);
  }
}

TEST_CASE("without a validation pack the training error stands for it") {
  const auto run =
      toy::train(toy::config(R"({"epochs":3,"optimiser":{"schedule":{"kind":"plateau","patience":1,
                                             "threshold":0.9,"maxDrops":5}}})"),
                 {}, "");
  CHECK(run->state == RunState::kFinished);
  CHECK(run->recorder.validations.empty());
  CHECK(run->recorder.commands.size() == 2);  // the drops of epochs 2 and 3
  CHECK(toy::reasons(run->recorder) == Log{"epoch 5", "epoch 10", "end 15"});
  CHECK(run->recorder.checkpoints[0].best);
  for (const auto& checkpoint : run->recorder.checkpoints) CHECK_FALSE(checkpoint.validated);
}

TEST_CASE("a batch larger than the data set is every image in one step") {
  const auto run = toy::train(toy::config(R"({"epochs":2,"optimiser":{"batchSize":64}})"));
  CHECK(run->state == RunState::kFinished);
  REQUIRE(run->recorder.steps.size() == 2);
  CHECK(run->recorder.steps[0].images == toy::kTrainImages);
  CHECK(run->recorder.validations[0].images == toy::kValidationImages);
  CHECK(toy::reasons(run->recorder) == Log{"epoch 1", "end 2"});
}

TEST_CASE("a seed names a run: the same one repeats it, another one differs") {
  const RunConfig config = toy::config(R"({"epochs":1})"), other = toy::config(R"({"epochs":1,"seed":6})");
  const auto a = toy::train(config), b = toy::train(config), c = toy::train(other);
  CHECK(toy::same_bits(a->tensors, b->tensors));
  CHECK_FALSE(toy::same_bits(a->tensors, c->tensors));
}

TEST_CASE("a run whose loss is no longer finite ends as diverged and keeps no broken weights") {
  for (const std::string devices : {R"(["cpu"])", R"(["cpu","cpu"])"}) {
    RunConfig config =
        toy::config(R"({"epochs":20,"checkpoints":{"everySteps":1},"devices":)" + devices + "}");
    config.optimiser.learning_rate = 1e10;
    const auto run = toy::train(config);
    CHECK(run->state == RunState::kDiverged);
    CHECK(run->recorder.steps.size() < 50);
    for (const auto& checkpoint : run->recorder.checkpoints)
      for (const auto& tensor : checkpoint.tensors)
        CHECK(std::all_of(tensor.begin(), tensor.end(), [](float v) { return std::isfinite(v); }));
  }
}

TEST_CASE("weights that broke behind a ReLU, which hides them from the loss, are not kept either") {
  Trainer trainer(toy::config(), toy::packs().train, toy::packs().validation);
  trainer.load("conv1.weight", 0, std::vector<float>(1200, std::numeric_limits<float>::quiet_NaN()));
  const auto run = toy::finish(trainer);
  CHECK(run->state == RunState::kDiverged);
  CHECK(run->recorder.checkpoints.empty());
}

TEST_CASE("broken weights are found within fifty steps where no checkpoint looks for them") {
  const scratch::Folder folder;
  const std::string pack = toy::make_pack(folder, "sixty", 0, 60);
  Trainer trainer(toy::config(R"({"optimiser":{"batchSize":1}})"), pack, "");
  trainer.load("conv1.weight", 0, std::vector<float>(1200, std::numeric_limits<float>::quiet_NaN()));
  const auto run = toy::finish(trainer);
  CHECK(run->state == RunState::kDiverged);
  CHECK(run->recorder.steps.size() == 50);
}

TEST_CASE("checkpoints by time come between those of the epochs") {
  // So little time has always passed.
  const auto run = toy::train(toy::config(R"({"epochs":1,"checkpoints":{"everyMinutes":1e-12}})"));
  CHECK(toy::reasons(run->recorder) == Log{"interval 1", "interval 2", "interval 3", "interval 4", "end 5"});
}

TEST_CASE("what cannot be trained is refused with its reason") {
  const auto& packs = toy::packs();
  RunConfig wrong_classes = toy::config();
  wrong_classes.net = parse_net_spec([] {
    auto json = toy::net_json();
    json["classes"] = 5;
    return json.dump();
  }());
  CHECK(refusal(wrong_classes) == "INVALID_CONFIG");
  CHECK(refusal(toy::config(R"({"precision":"tf32"})")) == "INVALID_CONFIG");
  CHECK(refusal(toy::config(R"({"devices":["cuda:0"]})")) == "DEVICE_UNAVAILABLE");
  CHECK(refusal(toy::config(R"({"devices":["cuda:98","cuda:99"]})")) == "DEVICE_UNAVAILABLE");
  CHECK(refusal(toy::config(R"({"devices":["gpu"]})")) == "INVALID_CONFIG");
  CHECK(refusal(toy::config(R"({"devices":["cpu:0"]})")) == "INVALID_CONFIG");
  if (!cpu::has_bf16()) CHECK(refusal(toy::config(R"({"precision":"bf16"})")) == "DEVICE_UNAVAILABLE");
  CHECK(refusal(toy::config(), packs.train + ".not") == "NOT_FOUND");
  CHECK(refusal(toy::config(), packs.train, packs.validation + ".not") == "NOT_FOUND");

  const scratch::Folder folder;
  const std::string seven = toy::make_pack(folder, "seven", 0, 6, /*classes=*/7);
  CHECK(refusal(toy::config(), packs.train, seven) == "CORRUPT_PACK");
  CHECK(refusal(toy::config(), packs.train, "") == "none");
}

TEST_CASE("tensors are loaded piece by piece and read back whole") {
  Trainer trainer(toy::config(), toy::packs().train, "");
  std::vector<std::string> names;
  for (const TensorInfo& info : trainer.tensors()) names.push_back(info.name);
  CHECK(names.size() == 16);
  CHECK(std::vector<std::string>(names.begin(), names.begin() + 4) ==
        Log{"conv1.weight", "conv1.bias", "conv1.weight.velocity", "conv1.bias.velocity"});
  CHECK(trainer.tensors()[0].shape == std::vector<int64_t>{16, 3, 5, 5});
  CHECK(trainer.tensors()[4].shape == std::vector<int64_t>{16, 16, 3, 3});

  std::vector<float> values(1200);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) * 0.25f;
  trainer.load("conv1.weight", 700, std::span(values).subspan(700));
  trainer.load("conv1.weight", 0, std::span(values).first(500));
  trainer.load("conv1.weight", 400, std::span(values).subspan(400, 400));  // pieces may overlap
  const auto refused = [&](const std::string& name, int64_t offset, size_t count) {
    return scratch::error_of([&] { trainer.load(name, offset, std::span(values).first(count)); });
  };
  CHECK(refused("conv9.weight", 0, 1) == "NOT_FOUND");
  CHECK(refused("conv1.bias", -1, 1) == "INVALID_ARGUMENT");
  CHECK(refused("conv1.bias", 0, 17) == "INVALID_ARGUMENT");
  CHECK(refused("conv1.bias", 16, 1) == "INVALID_ARGUMENT");
  CHECK(refused("conv1.bias", std::numeric_limits<int64_t>::max(), 2) == "INVALID_ARGUMENT");
  CHECK(trainer.read("conv1.weight") == values);
  CHECK(trainer.read("conv1.bias") == std::vector<float>(16, 0.0f));  // the net's rule
  CHECK(trainer.read("fc3.weight.velocity") == std::vector<float>(24 * 400, 0.0f));
  CHECK(scratch::error_of([&] { trainer.read("conv9.weight"); }) == "NOT_FOUND");
  CHECK(refused("conv1.bias", 0, 16) == "INVALID_ARGUMENT");  // too late: read() has put them in place
}

TEST_CASE("a tensor that was loaded only in part is refused") {
  const std::vector<float> half(600, 0.5f);
  for (const int times : {1, 2}) {  // one half twice is still a half
    Trainer trainer(toy::config(), toy::packs().train, "");
    for (int i = 0; i < times; ++i) trainer.load("conv1.weight", 0, half);
    CHECK(scratch::error_of([&] { trainer.read("conv1.weight"); }) == "INVALID_ARGUMENT");
  }
}
