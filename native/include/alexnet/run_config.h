// RunConfig: everything a training run is made from, parsed from the run configuration's JSON.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alexnet/net_spec.h"
#include "alexnet/sampling.h"

namespace alexnet {

enum class ScheduleKind { kConstant, kPlateau, kSteps, kPolynomial };
enum class Precision { kFp32, kTf32, kBf16 };

/// How the devices share the work. kColumns: the net's columns, on one device or on one each. kData: every
/// device has the whole net and its rows of the batch. kPairs: the same with two devices for every replica, a
/// column each. kHybrid: rows of the batch in the convolutions, units in the fully connected layers.
enum class Parallelism { kColumns, kData, kPairs, kHybrid };
inline constexpr int kMaxDevices = 16;

/// How the learning rate moves. Epochs count from 1; a drop "at epoch e" acts before epoch e starts.
struct ScheduleSpec {
  ScheduleKind kind = ScheduleKind::kConstant;
  double factor = 0.1;          // plateau, steps: rate *= factor
  int64_t patience = 3;         // plateau: validations without improvement before a drop
  double threshold = 0.001;     // plateau: smallest fall of the top-1 error that counts (fraction)
  int64_t max_drops = 3;        // plateau: the next stall after this many drops stops the run
  std::vector<int64_t> epochs;  // steps: ascending
  double power = 1;             // polynomial: rate * (1 - step / total)^power
};

/// Something that happens by itself at the start of an epoch (the original's end-game).
enum class ActionKind { kColourNoise, kFreeze, kUnfreeze, kLayerRate, kRate };
struct ScheduledAction {
  int64_t epoch = 0;
  ActionKind kind = ActionKind::kColourNoise;
  std::string layer;  // freeze, unfreeze, layerRate
  double value = 0;   // colourNoise: sigma; rate, layerRate: the rate
};

struct OptimiserSpec {
  double learning_rate = 0.01, momentum = 0.9, weight_decay = 0.0005;
  int64_t batch_size = 128;
  double bias_learning_rate_factor = 1;
  double bias_weight_decay_factor = 0;     // 0: decay on weights only
  bool bias_rate_follows_schedule = true;  // false: biases keep the first rate
  ScheduleSpec schedule;
  std::vector<ScheduledAction> actions;
};

struct RunConfig {
  std::string preset;
  NetSpec net;
  OptimiserSpec optimiser;
  AugmentationSpec augmentation;
  double input_gain = 1;                 // augmentation.gain: factor after the mean is subtracted
  std::optional<int64_t> epochs, steps;  // exactly one
  uint64_t seed = 1;
  bool shuffle = true;
  std::vector<std::string> devices{"cpu"};  // at most kMaxDevices
  Parallelism parallelism = Parallelism::kColumns;
  Precision precision = Precision::kFp32;
  int threads = 0;                       // 0: all cores
  int64_t validate_every_epochs = 1;     // 0: never
  int64_t checkpoint_every_steps = 0;    // 0: only at the end of epochs
  double checkpoint_every_minutes = 10;  // 0: never by time
};

/// Parses a complete run configuration (a preset merged with the user's values). Throws
/// Error(kInvalidSpec) for the net, Error(kInvalidConfig) naming the field for everything else.
RunConfig parse_run_config(std::string_view json);

}  // namespace alexnet
