// A toy problem for the tests of training: small photos whose class is their colour, a two-column net of four
// layers that learns it in seconds, and an observer that keeps everything it is told.
#pragma once

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "alexnet/pack.h"
#include "alexnet/random.h"
#include "alexnet/trainer.h"
#include "cpu/cpu_info.h"
#include "data/scratch.h"

namespace toy {

using namespace alexnet;
using Json = nlohmann::ordered_json;

inline constexpr int kClasses = 6, kTrainImages = 48, kValidationImages = 18, kBatch = 10;
inline constexpr int kStepsPerEpoch = 5;  // the fifth has 8 images

/// 64 x 64 pixels: the class's colour under noise in blocks of 4 x 4.
inline RgbImage image(int number, int label) {
  static constexpr uint8_t kColours[kClasses][3] = {{190, 70, 70},  {70, 190, 70},  {70, 70, 190},
                                                    {190, 190, 70}, {190, 70, 190}, {70, 190, 190}};
  RgbImage image{64, 64, std::vector<uint8_t>(64 * 64 * 3)};
  const RandomStream stream{static_cast<uint64_t>(number), RandomPurpose::kSample};
  for (size_t y = 0; y < 64; ++y)
    for (size_t x = 0; x < 64; ++x) {
      const auto words = stream.words(y / 4 * 16 + x / 4);
      for (size_t c = 0; c < 3; ++c)
        image.pixels[(y * 64 + x) * 3 + c] =
            static_cast<uint8_t>(kColours[label][c] - 45 + static_cast<int>(uniform_below(words[c], 91)));
    }
  return image;
}

/// Packs `count` images, numbered from `first`, labels in turn.
inline std::string make_pack(const scratch::Folder& folder, const std::string& name, int first, int count,
                             int classes = kClasses) {
  PackOptions options;
  options.plan_path = (folder / (name + ".jsonl")).string();
  options.pack_path = (folder / (name + ".pack")).string();
  options.result_path = (folder / (name + ".results.jsonl")).string();
  options.classes = classes;
  std::ofstream plan(options.plan_path);
  for (int i = 0; i < count; ++i) {
    const int label = i % std::min(classes, kClasses);
    const auto path = folder / (name + std::to_string(i) + ".jpg");
    scratch::write_bytes(path, encode_jpeg(image(first + i, label), 95));
    plan << Json{{"path", path.string()}, {"label", label}}.dump() << "\n";
  }
  plan.close();
  REQUIRE(scratch::pack(options).packed == count);
  return options.pack_path;
}

/// The packs that all tests read; made once.
struct Packs {
  scratch::Folder folder;
  std::string train = make_pack(folder, "train", 0, kTrainImages);
  std::string validation = make_pack(folder, "val", 1000, kValidationImages);
};
inline const Packs& packs() {
  static const Packs packs;
  return packs;
}

/// Two columns that talk at conv2, fc3 and fc4, with everything that draws at random.
inline Json net_json() {
  return Json::parse(R"({"columns":2,"inputSize":24,"classes":6,"activation":"relu",
    "lrn":{"size":5,"k":2,"alpha":0.01,"beta":0.75},"pooling":{"size":3,"stride":2},"dropout":0.25,
    "init":{"kind":"he"},"layers":[
    {"name":"conv1","kind":"conv","width":16,"kernel":5,"stride":2,"padding":2,
     "then":["activation","lrn","pool"]},
    {"name":"conv2","kind":"conv","width":16,"kernel":3,"padding":1,"reads":"both","then":["activation"]},
    {"name":"fc3","kind":"fc","width":24,"reads":"both","then":["activation","dropout"]},
    {"name":"fc4","kind":"fc","width":"classes","reads":"both","then":[]}]})");
}

inline Json config_json() {
  Json json = Json::parse(R"({"preset":"toy",
    "optimiser":{"learningRate":0.02,"momentum":0.9,"weightDecay":0.0005,"batchSize":10,
                 "schedule":{"kind":"constant"}},
    "augmentation":{"crop":"random","mirror":true,"colourNoise":0.1,"mean":"image","gain":0.02},
    "epochs":2,"seed":5,"threads":1,"checkpoints":{"everyMinutes":0}})");
  json["net"] = net_json();
  return json;
}

/// The toy configuration with these values over it (a merge patch; null removes). One thread: such small
/// kernels gain nothing from more, and lose much where other processes want the cores.
inline RunConfig config(const std::string& patch = "{}") {
  Json json = config_json();
  json.merge_patch(Json::parse(patch));
  return parse_run_config(json.dump());
}

using Tensors = std::vector<std::vector<float>>;

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}
inline bool same_bits(const Tensors& a, const Tensors& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](const auto& x, const auto& y) { return same_bits(x, y); });
}

/// Every tensor of a trainer that is not running.
inline Tensors read_all(const Trainer& trainer) {
  Tensors tensors;
  for (const TensorInfo& info : trainer.tensors()) tensors.push_back(trainer.read(info.name));
  return tensors;
}

struct KeptCheckpoint {
  int64_t step = 0, epoch = 0;
  bool best = false, validated = false;
  std::string reason, state;
  Tensors tensors;
};

inline const char* name_of(CommandKind kind) {
  static constexpr const char* kNames[] = {"pause",     "resume", "stop",     "rate",        "scale",
                                           "layerRate", "freeze", "unfreeze", "colourNoise", "checkpoint"};
  return kNames[static_cast<size_t>(kind)];
}

/// Keeps copies of all it is told; `log` is the order, e.g. "step 1", "validation 5", "checkpoint epoch 5".
class Recorder : public TrainObserver {
 public:
  void on_step(const StepRecord& record) override {
    log.push_back("step " + std::to_string(record.step));
    steps.push_back(record);
    if (after_step) after_step(record);
  }
  void on_validation(const ValidationRecord& record) override {
    log.push_back("validation " + std::to_string(record.step));
    validations.push_back(record);
  }
  void on_command(const AppliedCommand& command) override {
    log.push_back(std::string(name_of(command.command.kind)) + " " + std::to_string(command.step));
    commands.push_back(command);
  }
  void on_notice(const Notice& notice) override {
    log.push_back("notice " + std::to_string(notice.step) + ": " + notice.message);
  }
  void on_checkpoint(CheckpointRequest request) override {
    log.push_back("checkpoint " + request.reason + " " + std::to_string(request.step));
    KeptCheckpoint kept{request.step,
                        request.epoch,
                        request.best,
                        request.validation.has_value(),
                        request.reason,
                        request.snapshot->state(),
                        {}};
    for (size_t i = 0; i < request.snapshot->tensors().size(); ++i) {
      const auto values = request.snapshot->tensor(i);
      kept.tensors.emplace_back(values.begin(), values.end());
    }
    checkpoints.push_back(std::move(kept));
  }

  std::vector<AppliedCommand> steered() const {
    std::vector<AppliedCommand> all;
    for (const AppliedCommand& command : commands)
      if (command.steered) all.push_back(command);
    return all;
  }

  std::vector<std::string> log;
  std::vector<StepRecord> steps;
  std::vector<ValidationRecord> validations;
  std::vector<AppliedCommand> commands;
  std::vector<KeptCheckpoint> checkpoints;
  std::function<void(const StepRecord&)> after_step;  // in the trainer's thread
};

/// Wishes by the number of completed steps at which they are to be applied.
using Steering = std::multimap<int64_t, Command>;

/// A run from its start, steered, with what it told and left.
struct Finished {
  RunState state{};
  Recorder recorder;
  Tensors tensors;
};

inline void steer_by(Recorder& recorder, Trainer& trainer, const Steering& steering) {
  recorder.after_step = [&](const StepRecord& record) {
    const auto [begin, end] = steering.equal_range(record.step);
    for (auto wish = begin; wish != end; ++wish) trainer.post(wish->second);
  };
}

inline std::unique_ptr<Finished> finish(Trainer& trainer, const Steering& steering = {}) {
  auto run = std::make_unique<Finished>();
  steer_by(run->recorder, trainer, steering);
  const auto [begin, end] = steering.equal_range(0);
  for (auto wish = begin; wish != end; ++wish) trainer.post(wish->second);
  run->state = trainer.run(run->recorder);
  run->tensors = read_all(trainer);
  return run;
}

inline std::unique_ptr<Finished> train(const RunConfig& config, const Steering& steering = {},
                                       const std::string& validation = packs().validation) {
  Trainer trainer(config, packs().train, validation);
  return finish(trainer, steering);
}

/// The reasons and steps of checkpoints, e.g. "epoch 5".
inline std::vector<std::string> reasons(const Recorder& recorder) {
  std::vector<std::string> all;
  for (const KeptCheckpoint& checkpoint : recorder.checkpoints)
    all.push_back(checkpoint.reason + " " + std::to_string(checkpoint.step));
  return all;
}

}  // namespace toy
