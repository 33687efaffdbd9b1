// Training and predicting through the plug-in's C interface, with a stand-in that computes on the CPU: the
// same numbers to the bit as the CPU backend with one thread, and what is told where no GPU can be used.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "alexnet/device.h"
#include "alexnet/predictor.h"
#include "train/toy.h"

using namespace alexnet;

namespace {

/// Variables of the environment, removed again at the end.
class StandIn {
 public:
  explicit StandIn(const char* name = nullptr, const char* value = "1") : name_(name) {
    setenv("ALEXNET_CUDA_PLUGIN", ALEXNET_STUBS_DIR "/plugin/cpu.so", 1);
    if (name_) setenv(name_, value, 1);
  }
  ~StandIn() {
    unsetenv("ALEXNET_CUDA_PLUGIN");
    if (name_) unsetenv(name_);
  }

 private:
  const char* name_;
};

struct Refusal {
  ErrorCode code;
  std::string message;
};

Refusal refusal(const std::string& patch) {
  try {
    Trainer(toy::config(patch), toy::packs().train, "");
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  FAIL("was not refused: " << patch);
  return {};
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string devices(const std::string& list) { return R"({"devices":)" + list + "}"; }

}  // namespace

TEST_CASE("one GPU, two GPUs and the same one named twice train as the CPU does, bit for bit") {
  const auto cpu = toy::train(toy::config());
  const StandIn stand_in;
  for (const std::string list : {R"(["cuda:0"])", R"(["cuda:0","cuda:1"])", R"(["cuda:0","cuda:0"])"}) {
    CAPTURE(list);
    const auto run = toy::train(toy::config(devices(list)));
    CHECK(run->state == RunState::kFinished);
    CHECK(toy::same_bits(run->tensors, cpu->tensors));
    REQUIRE(run->recorder.steps.size() == cpu->recorder.steps.size());
    for (size_t s = 0; s < run->recorder.steps.size(); ++s) {
      CHECK(run->recorder.steps[s].loss == cpu->recorder.steps[s].loss);
      CHECK(run->recorder.steps[s].top1_error == cpu->recorder.steps[s].top1_error);
    }
    CHECK(run->recorder.validations.back().loss == cpu->recorder.validations.back().loss);
    // A column's own time in copies, told by finish(): two columns on one device add up.
    CHECK(run->recorder.steps[0].exchange_ms == (list == R"(["cuda:0"])" ? 0.5 : 0.25));
  }
}

TEST_CASE("a plug-in that takes no records trains on inputs, with the same bits") {
  const auto cpu = toy::train(toy::config());
  const StandIn stand_in("ALEXNET_STUB_NO_RECORDS");
  CHECK(toy::same_bits(toy::train(toy::config(devices(R"(["cuda:0"])")))->tensors, cpu->tensors));
}

TEST_CASE("steps that are started ahead of the reports change none of them") {
  const auto check_same = [](const toy::Finished& cpu, const toy::Finished& gpu) {
    CHECK(gpu.state == cpu.state);
    CHECK(toy::same_bits(gpu.tensors, cpu.tensors));
    CHECK(gpu.recorder.log == cpu.recorder.log);
    REQUIRE(gpu.recorder.checkpoints.size() == cpu.recorder.checkpoints.size());
    for (size_t i = 0; i < cpu.recorder.checkpoints.size(); ++i) {
      CHECK(gpu.recorder.checkpoints[i].state == cpu.recorder.checkpoints[i].state);
      CHECK(toy::same_bits(gpu.recorder.checkpoints[i].tensors, cpu.recorder.checkpoints[i].tensors));
    }
  };
  // Checkpoints amid an epoch; and a loss that is not finite, when another step has begun already.
  for (const bool broken : {false, true}) {
    CAPTURE(broken);
    std::vector<std::unique_ptr<toy::Finished>> runs;
    for (const std::string list : {R"(["cpu"])", R"(["cuda:0","cuda:1"])"}) {
      const StandIn stand_in;
      Trainer trainer(
          toy::config(R"({"checkpoints":{"everyMinutes":0,"everySteps":3},"devices":)" + list + "}"),
          toy::packs().train, toy::packs().validation);
      const std::vector<float> nan(static_cast<size_t>(toy::kClasses), std::nanf(""));
      if (broken) trainer.load("fc4.bias", 0, nan);
      runs.push_back(toy::finish(trainer));
    }
    CHECK(runs[0]->state == (broken ? RunState::kDiverged : RunState::kFinished));
    check_same(*runs[0], *runs[1]);
  }
  // Wishes apply at the step that they are told with: repeated there on a CPU they give the same run.
  const toy::Steering wishes{{2, {CommandKind::kScaleRate, "", 0.5}},
                             {4, {CommandKind::kColourNoise, "", 0.4}},
                             {6, {CommandKind::kFreeze, "conv1", 0}}};
  std::unique_ptr<toy::Finished> gpu;
  {
    const StandIn stand_in;
    gpu = toy::train(toy::config(devices(R"(["cuda:0"])")), wishes);
  }
  CHECK(gpu->recorder.steered().size() == 3);
  Trainer again(toy::config(), toy::packs().train, toy::packs().validation);
  again.replay(gpu->recorder.steered());
  const auto cpu = toy::finish(again);
  CHECK(toy::same_bits(cpu->tensors, gpu->tensors));
  CHECK(cpu->recorder.steps.size() == gpu->recorder.steps.size());
}

TEST_CASE("replicas on GPUs train as replicas on the CPU do, bit for bit") {
  for (const std::string parallelism : {"data", "pairs", "hybrid"})
    for (const bool twice : {false, true}) {
      CAPTURE(parallelism);
      const auto list = [&](const std::string& first, const std::string& second) {
        const std::string one = "\"" + first + "\",\"" + second + "\"";
        return R"({"parallelism":")" + parallelism + R"(","devices":[)" + one +
               (parallelism == "pairs" ? "," + one : "") + "]}";
      };
      const auto cpu = toy::train(toy::config(list("cpu", "cpu")));
      const StandIn stand_in;
      const auto run = toy::train(toy::config(list("cuda:0", twice ? "cuda:0" : "cuda:1")));
      CHECK(run->state == RunState::kFinished);
      CHECK(toy::same_bits(run->tensors, cpu->tensors));
      for (size_t s = 0; s < run->recorder.steps.size(); ++s)
        CHECK(run->recorder.steps[s].loss == cpu->recorder.steps[s].loss);
      CHECK(run->recorder.validations.back().loss == cpu->recorder.validations.back().loss);
    }
}

TEST_CASE("what a GPU cannot do as it should is told once, whatever it has for columns") {
  const std::string notice = "notice 1: CUDA graphs are not used on cuda:0: the stand-in has none";
  for (const std::string list : {R"(["cuda:0"])", R"(["cuda:0","cuda:1"])"}) {
    const StandIn stand_in("ALEXNET_STUB_NO_GRAPHS");
    const auto log = toy::train(toy::config(devices(list)))->recorder.log;
    CHECK(std::count(log.begin(), log.end(), notice) == 1);
    CHECK(std::count_if(log.begin(), log.end(), [](const auto& line) { return holds(line, "notice"); }) == 1);
  }
  const StandIn stand_in;
  const auto run = toy::train(toy::config(devices(R"(["cuda:0"])")));
  for (const std::string& line : run->recorder.log) CHECK_FALSE(holds(line, "notice"));
}

TEST_CASE("a run whose engines were chosen by measurement says so once") {
  for (const std::string value : {"measured", "heuristic"}) {
    const StandIn stand_in("ALEXNET_CUDA_ENGINES", value.c_str());
    const auto log = toy::train(toy::config(devices(R"(["cuda:0","cuda:1"])")))->recorder.log;
    CHECK(std::count_if(log.begin(), log.end(), [](const auto& line) {
            return holds(line, "notice 1: engines are chosen by measurement");
          }) == (value == "measured" ? 1 : 0));
  }
}

TEST_CASE("replicas have a GPU each, or all the same one") {
  const StandIn stand_in;
  const Refusal mixed = refusal(R"({"parallelism":"data","devices":["cuda:0","cuda:0","cuda:1"]})");
  CHECK(mixed.code == ErrorCode::kInvalidConfig);
  CHECK(holds(mixed.message, "replicas need a GPU each"));
  const Refusal absent = refusal(R"({"parallelism":"data","devices":["cuda:0","cuda:1","cuda:2"]})");
  CHECK(absent.code == ErrorCode::kDeviceUnavailable);
  CHECK(holds(absent.message, "cuda:2: there is no such GPU; 2 are found"));
}

TEST_CASE("a run begun on the CPU goes on on GPUs and the other way round") {
  const auto whole = toy::train(toy::config());
  const auto half = toy::train(toy::config(R"({"epochs":1})"));
  const StandIn stand_in;
  Trainer rest(toy::config(devices(R"(["cuda:0","cuda:1"])")), toy::packs().train, toy::packs().validation);
  const toy::KeptCheckpoint& last = half->recorder.checkpoints.back();
  for (size_t i = 0; i < rest.tensors().size(); ++i) rest.load(rest.tensors()[i].name, 0, last.tensors[i]);
  rest.load_state(last.state);
  const auto finished = toy::finish(rest);
  CHECK(finished->state == RunState::kFinished);
  CHECK(toy::same_bits(finished->tensors, whole->tensors));
}

TEST_CASE("a loss that is not finite ends a run on a GPU without touching its weights") {
  const StandIn stand_in;
  Trainer trainer(toy::config(devices(R"(["cuda:0","cuda:1"])")), toy::packs().train, "");
  const std::vector<float> broken(static_cast<size_t>(toy::kClasses), std::nanf(""));
  trainer.load("fc4.bias", 0, broken);
  const auto conv1 = trainer.tensors()[0].name;
  toy::Recorder recorder;
  CHECK(trainer.run(recorder) == RunState::kDiverged);
  CHECK(toy::same_bits(trainer.read(conv1), Trainer(toy::config(), toy::packs().train, "").read(conv1)));
}

TEST_CASE("a predictor answers on a GPU as on the CPU") {
  const auto predict = [](const std::vector<std::string>& list) {
    PredictorOptions options;
    const RunConfig config = toy::config();
    options.net = config.net;
    options.preprocessing.crop_size = config.net.input_size;
    options.preprocessing.mean = MeanMode::kNone;
    options.preprocessing.gain = {0.02f, 0.02f, 0.02f};
    options.devices = list;
    options.threads = 1;
    options.batch = 4;
    Predictor predictor(options);
    Trainer weights(config, toy::packs().train, "");
    for (const TensorInfo& info : predictor.tensors()) predictor.load(info.name, 0, weights.read(info.name));
    const PackReader pack(toy::packs().validation);
    std::vector<const uint8_t*> records;
    for (int64_t i = 0; i < 6; ++i) records.push_back(pack.record(i));
    std::vector<float> probabilities(6 * toy::kClasses);
    predictor.predict(records, 10, probabilities.data());
    return probabilities;
  };
  const std::vector<float> cpu = predict({"cpu"});
  const StandIn stand_in;
  CHECK(predict({"cuda:0"}) == cpu);
  CHECK(predict({"cuda:1", "cuda:0"}) == cpu);
}

TEST_CASE("where no GPU can be used, training refuses with the reason") {
  {
    const StandIn stand_in("ALEXNET_STUB", "no-driver");
    const Refusal none = refusal(devices(R"(["cuda:0"])"));
    CHECK(none.code == ErrorCode::kDeviceUnavailable);
    CHECK(none.message == "cuda:0: there is no NVIDIA driver here");
  }
  {
    const StandIn stand_in("ALEXNET_STUB", "busy");
    CHECK(refusal(devices(R"(["cuda:0","cuda:1"])")).message == "cuda:1: it is in use by another process");
  }
  {
    const StandIn stand_in("ALEXNET_STUB", "no-cudnn");
    CHECK(refusal(devices(R"(["cuda:0"])")).message == "cuda:0: cuDNN is missing; install it");
  }
  {
    const StandIn stand_in;
    const Refusal absent = refusal(devices(R"(["cuda:2"])"));
    CHECK(absent.code == ErrorCode::kDeviceUnavailable);
    CHECK(holds(absent.message, "there is no such GPU; 2 are found"));
  }
  setenv("ALEXNET_CUDA_PLUGIN", "/nowhere/libalexnet_cuda.so", 1);
  CHECK(holds(refusal(devices(R"(["cuda:0"])")).message, "the CUDA plug-in is missing"));
  unsetenv("ALEXNET_CUDA_PLUGIN");
}

TEST_CASE("names that are no device, and a CPU beside a GPU, are refused") {
  const StandIn stand_in;
  for (const std::string list : {R"(["tpu"])", R"(["cuda"])", R"(["cuda:"])", R"(["cuda:-1"])",
                                 R"(["cuda:1x"])", R"(["cpu","cuda:0"])"}) {
    CAPTURE(list);
    CHECK(refusal(devices(list)).code == ErrorCode::kInvalidConfig);
  }
}

TEST_CASE("what fails on a GPU keeps its code and words: memory at the start, a lost device in a step") {
  {
    const StandIn stand_in("ALEXNET_STUB_OUT_OF_MEMORY");
    const Refusal memory = refusal(devices(R"(["cuda:0","cuda:1"])"));
    CHECK(memory.code == ErrorCode::kOutOfMemory);
    CHECK(memory.message == "the net needs 9 GB and 8 GB are free; batch 7 fits");
  }
  const StandIn stand_in("ALEXNET_STUB_LOST");
  Trainer trainer(toy::config(devices(R"(["cuda:0","cuda:1"])")), toy::packs().train, "");
  toy::Recorder recorder;
  try {
    trainer.run(recorder);
    FAIL("the lost device was not told");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kDeviceLost);
    CHECK(std::string(error.what()) == "cuda:0 has fallen off the bus");
  }
}

TEST_CASE("the list of devices holds the CPU and what the plug-in found") {
  const StandIn stand_in;
  const auto reports = list_devices();
  REQUIRE(reports.size() == 3);
  CHECK(reports[0].id == "cpu");
  CHECK(reports[0].notes.empty());
  CHECK(reports[1].id == "cuda:0");
  CHECK(reports[2].id == "cuda:1");
}
