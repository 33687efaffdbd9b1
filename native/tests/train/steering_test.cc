// Steering a run while it trains, and the snapshots that it hands out.
#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "train/toy.h"

using namespace alexnet;

namespace {

using Log = std::vector<std::string>;

/// A run in a thread of its own, whose records another thread waits for. It keeps the snapshots it is
/// handed until they are released.
class BackgroundRun : public TrainObserver {
 public:
  BackgroundRun(const std::string& patch, bool keep_snapshots)
      : keep_(keep_snapshots),
        trainer(std::make_unique<Trainer>(toy::config(patch), toy::packs().train, "")) {}
  ~BackgroundRun() override {
    if (!thread_.joinable()) return;
    trainer->abort();
    thread_.join();
  }

  void start() {
    thread_ = std::thread([this] { state_ = trainer->run(*this); });
  }
  RunState wait_for_end() {
    thread_.join();
    return state_;
  }

  void on_step(const StepRecord& record) override { note("step " + std::to_string(record.step)); }
  void on_validation(const ValidationRecord&) override {}
  void on_command(const AppliedCommand& command) override {
    note(std::string(toy::name_of(command.command.kind)) + " " + std::to_string(command.step) + " #" +
         std::to_string(command.sequence));
  }
  void on_checkpoint(CheckpointRequest request) override {
    if (keep_) {
      const std::lock_guard lock(mutex_);
      held_.push_back(request.snapshot);
    }
    note("checkpoint " + request.reason + " " + std::to_string(request.step));
  }

  void on_look(TensorLook look) override {
    {
      const std::lock_guard lock(mutex_);
      looked_ = look.values;
    }
    note("look " + look.tensor + " " + std::to_string(look.step));
  }
  std::vector<float> looked() {
    const std::lock_guard lock(mutex_);
    return looked_;
  }

  void wait_for(const std::string& text) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return std::find(log_.begin(), log_.end(), text) != log_.end(); });
  }
  Log log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  std::vector<std::shared_ptr<Snapshot>> take_held() {
    const std::lock_guard lock(mutex_);
    return std::exchange(held_, {});
  }

 private:
  void note(const std::string& text) {
    const std::lock_guard lock(mutex_);
    log_.push_back(text);
    changed_.notify_all();
  }

  const bool keep_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Log log_;
  std::vector<std::shared_ptr<Snapshot>> held_;
  std::vector<float> looked_;
  RunState state_{};
  std::thread thread_;

 public:
  std::unique_ptr<Trainer> trainer;
};

/// Long enough for a step or two: were the trainer not waiting, it would go on meanwhile.
void let_it_run() { std::this_thread::sleep_for(std::chrono::milliseconds(40)); }

Command command(CommandKind kind, const std::string& layer = "", double value = 0) {
  return {kind, layer, value};
}

size_t index_of(const Trainer& trainer, const std::string& tensor) {
  const auto& infos = trainer.tensors();
  return static_cast<size_t>(
      std::find_if(infos.begin(), infos.end(), [&](const auto& info) { return info.name == tensor; }) -
      infos.begin());
}

}  // namespace

TEST_CASE("a paused run stands still, still takes wishes, and goes on") {
  BackgroundRun run("{}", false);
  run.trainer->post(command(CommandKind::kPause));
  run.trainer->post(command(CommandKind::kSetRate, "", 0.5));
  run.start();
  run.wait_for("rate 0 #2");
  let_it_run();
  CHECK(run.log() == Log{"pause 0 #1", "rate 0 #2"});
  run.trainer->post(command(CommandKind::kCheckpoint));
  run.wait_for("checkpoint steering 0");
  let_it_run();
  CHECK(run.log().size() == 4);  // the wish and the checkpoint
  run.trainer->post(command(CommandKind::kResume));
  CHECK(run.wait_for_end() == RunState::kFinished);
  const Log log = run.log();
  CHECK(log[4] == "resume 0 #4");
  CHECK(log[5] == "step 1");
  CHECK(log.back() == "checkpoint end 10");
}

TEST_CASE("a tensor can be looked at while a run is paused and while it trains, and changes nothing") {
  const auto bits = [](const std::vector<float>& values) {
    return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  };
  const auto undisturbed = toy::train(toy::config());
  BackgroundRun run("{}", false);
  const size_t conv1 = index_of(*run.trainer, "conv1.weight");
  CHECK_THROWS_AS(run.trainer->look("conv9.weight"), Error);
  run.trainer->post(command(CommandKind::kPause));
  run.start();
  run.wait_for("pause 0 #1");
  run.trainer->look("conv1.weight");
  run.wait_for("look conv1.weight 0");
  const std::vector<float> drawn = run.looked();
  run.trainer->look("conv1.weight");
  run.trainer->look("conv1.weight");
  run.trainer->post(command(CommandKind::kResume));
  CHECK(run.wait_for_end() == RunState::kFinished);
  const std::vector<float> trained = run.trainer->read("conv1.weight");
  CHECK(drawn.size() == trained.size());
  CHECK(bits(drawn) != bits(trained));
  CHECK(bits(trained) == bits(undisturbed->tensors[conv1]));
}

TEST_CASE("a run is stopped at the next boundary, also a paused one, with a checkpoint") {
  const auto stopped = toy::train(toy::config(), {{3, command(CommandKind::kStop)}});
  CHECK(stopped->state == RunState::kStopped);
  CHECK(stopped->recorder.log == Log{"step 1", "step 2", "step 3", "stop 3", "checkpoint stop 3"});
  CHECK(stopped->recorder.checkpoints[0].epoch == 1);

  BackgroundRun paused("{}", false);
  paused.trainer->post(command(CommandKind::kPause));
  paused.start();
  paused.wait_for("pause 0 #1");
  paused.trainer->post(command(CommandKind::kStop));
  CHECK(paused.wait_for_end() == RunState::kStopped);
  CHECK(paused.log() == Log{"pause 0 #1", "stop 0 #2", "checkpoint stop 0"});
}

TEST_CASE("an aborted run ends without a checkpoint: before it starts, running, paused or validating") {
  {
    Trainer trainer(toy::config(), toy::packs().train, toy::packs().validation);
    trainer.abort();
    const auto run = toy::finish(trainer);
    CHECK(run->state == RunState::kStopped);
    CHECK(run->recorder.log.empty());
  }
  for (const int64_t at : {3, 5}) {  // after step 5 comes the validation
    Trainer trainer(toy::config(), toy::packs().train, toy::packs().validation);
    toy::Recorder recorder;
    recorder.after_step = [&](const StepRecord& record) {
      if (record.step == at) trainer.abort();
    };
    CHECK(trainer.run(recorder) == RunState::kStopped);
    CHECK(recorder.log.size() == static_cast<size_t>(at));
    CHECK(recorder.checkpoints.empty());
  }
  BackgroundRun paused("{}", false);
  paused.trainer->post(command(CommandKind::kPause));
  paused.start();
  paused.wait_for("pause 0 #1");
  paused.trainer->abort();
  CHECK(paused.wait_for_end() == RunState::kStopped);
  CHECK(paused.log() == Log{"pause 0 #1"});
}

TEST_CASE("a new rate and a factor hold from the next step on") {
  const auto run = toy::train(toy::config(), {{2, command(CommandKind::kSetRate, "", 0.5)},
                                              {4, command(CommandKind::kScaleRate, "", 0.1)},
                                              {4, command(CommandKind::kScaleRate, "", 0.5)}});
  const auto& steps = run->recorder.steps;
  CHECK(steps[1].learning_rate == 0.02);
  CHECK(steps[2].learning_rate == 0.5);
  CHECK(steps[3].learning_rate == 0.5);
  CHECK(steps[4].learning_rate == doctest::Approx(0.025));
  const auto told = run->recorder.steered();
  REQUIRE(told.size() == 3);
  for (size_t i = 0; i < 3; ++i) CHECK(told[i].sequence == static_cast<int64_t>(i) + 1);
  CHECK(told[2].step == 4);
}

TEST_CASE("a frozen layer and one of rate 0 keep their weights from then on, until they are freed") {
  const RunConfig config = toy::config(R"({"checkpoints":{"everySteps":1}})");
  const auto run = toy::train(config, {{0, command(CommandKind::kFreeze, "conv2")},
                                       {0, command(CommandKind::kSetLayerRate, "fc3", 0)},
                                       {6, command(CommandKind::kUnfreeze, "conv2")}});
  const Trainer fresh(config, toy::packs().train, "");
  const auto weights = [&](size_t checkpoint, const std::string& tensor) {
    return run->recorder.checkpoints[checkpoint].tensors[index_of(fresh, tensor)];
  };
  REQUIRE(run->recorder.checkpoints.size() == 10);
  CHECK(toy::same_bits(weights(5, "conv2.weight"), fresh.read("conv2.weight")));
  CHECK_FALSE(toy::same_bits(weights(6, "conv2.weight"), fresh.read("conv2.weight")));
  CHECK(toy::same_bits(weights(9, "fc3.weight"), fresh.read("fc3.weight")));
  CHECK_FALSE(toy::same_bits(weights(0, "conv1.weight"), fresh.read("conv1.weight")));
}

TEST_CASE("colour noise that is switched off at once equals none from the start") {
  const auto steered = toy::train(toy::config(R"({"augmentation":{"colourNoise":0.8}})"),
                                  {{0, command(CommandKind::kColourNoise, "", 0)}});
  const auto without = toy::train(toy::config(R"({"augmentation":{"colourNoise":0}})"));
  const auto with = toy::train(toy::config(R"({"augmentation":{"colourNoise":0.8}})"));
  CHECK(toy::same_bits(steered->tensors, without->tensors));
  CHECK_FALSE(toy::same_bits(steered->tensors, with->tensors));
}

TEST_CASE("colour noise that is changed inside an epoch changes the next step's batch, not a later one's") {
  const auto run = [](const toy::Steering& steering) {
    return toy::train(toy::config(R"({"epochs":1,"augmentation":{"colourNoise":0}})"), steering);
  };
  const auto plain = run({}), noisy = run({{2, command(CommandKind::kColourNoise, "", 3)}});
  CHECK(noisy->recorder.steps[1].loss == plain->recorder.steps[1].loss);
  CHECK(noisy->recorder.steps[2].loss != plain->recorder.steps[2].loss);
}

TEST_CASE("an action of the configuration does what the same wish at that step does") {
  const auto acted = toy::train(toy::config(R"({"epochs":3,"optimiser":{"actions":[
    {"epoch":2,"kind":"colourNoise","sigma":0},{"epoch":2,"kind":"layerRate","layer":"fc3","rate":0.001},
    {"epoch":3,"kind":"freeze","layer":"conv1"}]}})"));
  const auto steered =
      toy::train(toy::config(R"({"epochs":3})"), {{5, command(CommandKind::kColourNoise, "", 0)},
                                                  {5, command(CommandKind::kSetLayerRate, "fc3", 0.001)},
                                                  {10, command(CommandKind::kFreeze, "conv1")}});
  CHECK(toy::same_bits(acted->tensors, steered->tensors));
}

TEST_CASE("a checkpoint that is wished for is taken at once, beside the others") {
  const auto run =
      toy::train(toy::config(R"({"checkpoints":{"everySteps":4}})"),
                 {{2, command(CommandKind::kCheckpoint)}, {4, command(CommandKind::kCheckpoint)}});
  CHECK(toy::reasons(run->recorder) ==
        Log{"steering 2", "interval 4", "steering 4", "epoch 5", "interval 8", "end 10"});
}

TEST_CASE("a wish that makes no sense is refused by post() and not told") {
  Trainer trainer(toy::config(R"({"epochs":1})"), toy::packs().train, "");
  CHECK(scratch::error_of([&] { trainer.post(command(CommandKind::kFreeze, "conv9")); }) ==
        "INVALID_ARGUMENT");
  CHECK(scratch::error_of([&] { trainer.post(command(CommandKind::kSetRate, "", -1)); }) ==
        "INVALID_ARGUMENT");
  CHECK(toy::finish(trainer)->recorder.commands.empty());
}

TEST_CASE("training goes on while a snapshot is held, and waits with the next one until it is gone") {
  BackgroundRun run(R"({"checkpoints":{"everySteps":3}})", true);
  run.start();
  run.wait_for("checkpoint interval 3");
  run.wait_for("step 5");
  let_it_run();
  const Log waiting = run.log();
  CHECK(waiting.back() == "step 5");  // the epoch's checkpoint waits
  auto held = run.take_held();
  REQUIRE(held.size() == 1);
  CHECK(held[0]->step() == 3);
  const std::vector<float> before(held[0]->tensor(0).begin(), held[0]->tensor(0).end());
  CHECK(before == std::vector<float>(held[0]->tensor(0).begin(), held[0]->tensor(0).end()));
  held.clear();
  run.wait_for("checkpoint epoch 5");
  run.take_held();
  run.wait_for("checkpoint interval 6");
  run.take_held();
  run.wait_for("checkpoint interval 9");
  run.take_held();
  CHECK(run.wait_for_end() == RunState::kFinished);
  CHECK(run.log().back() == "checkpoint end 10");
}

TEST_CASE("a run that waits for a held snapshot can be aborted, and the snapshot outlives the trainer") {
  BackgroundRun run(R"({"checkpoints":{"everySteps":3}})", true);
  run.start();
  run.wait_for("step 5");
  let_it_run();
  run.trainer->abort();
  CHECK(run.wait_for_end() == RunState::kStopped);
  CHECK(run.log().back() == "step 5");
  run.trainer.reset();
  const auto held = run.take_held();
  REQUIRE(held.size() == 1);
  CHECK(held[0]->tensors()[0].name == "conv1.weight");
  CHECK(held[0]->tensor(0).size() == 1200);
}

TEST_CASE("a snapshot holds its step's weights, whatever training does after it") {
  BackgroundRun run(R"({"checkpoints":{"everySteps":3}})", true);
  run.start();
  run.wait_for("step 5");
  const auto held = run.take_held();
  REQUIRE(held.size() == 1);
  const auto stopped = toy::train(toy::config(), {{3, command(CommandKind::kStop)}}, "");
  for (size_t i = 0; i < held[0]->tensors().size(); ++i) {
    const auto values = held[0]->tensor(i);
    CHECK(toy::same_bits({values.begin(), values.end()}, stopped->tensors[i]));
  }
}
