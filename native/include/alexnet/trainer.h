// Trainer: trains one net on one pack. The caller owns the thread that runs it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alexnet/pack.h"
#include "alexnet/run_config.h"
#include "alexnet/sampling.h"

namespace alexnet {

/// One training step. Losses are means over the batch's images, without the decay term; errors are
/// fractions 0..1. `step` counts completed steps from 1, `epoch` from 1.
struct StepRecord {
  int64_t step = 0, epoch = 0;
  int64_t images = 0;
  double loss = 0, top1_error = 0, top5_error = 0;
  double learning_rate = 0;
  double elapsed_ms = 0;    // the whole step
  double data_wait_ms = 0;  // share of it spent waiting for the loader
  double exchange_ms = 0;   // share of it spent exchanging between columns and adding up gradients
};

/// After an epoch: the whole validation split, centre crop.
struct ValidationRecord {
  int64_t step = 0, epoch = 0;
  int64_t images = 0;
  double loss = 0, top1_error = 0, top5_error = 0;
  double train_loss = 0, train_top1_error = 0;  // means over the epoch's training steps
  double elapsed_ms = 0;
};

/// A steering wish or a scheduled action, as it was applied: before step `step` + 1.
enum class CommandKind {
  kPause,
  kResume,
  kStop,
  kSetRate,
  kScaleRate,
  kSetLayerRate,
  kFreeze,
  kUnfreeze,
  kColourNoise,
  kCheckpoint
};
struct Command {
  CommandKind kind;
  std::string layer;  // kFreeze, kUnfreeze, kSetLayerRate
  double value = 0;   // kSetRate: rate; kScaleRate: factor; kSetLayerRate: rate; kColourNoise: sigma
};
struct AppliedCommand {
  int64_t step = 0;      // completed steps when it was applied
  bool steered = false;  // false: the schedule or an action of the configuration did it
  int64_t sequence = 0;  // steered commands are counted from 1 over the whole run; 0 for the others
  Command command;
};

/// Why a run ended.
enum class RunState { kFinished, kStopped, kDiverged };

struct TensorInfo {
  std::string name;            // "conv1.weight", "conv1.bias", "conv1.weight.velocity", ...
  std::vector<int64_t> shape;  // canonical: see NetPlan
  int64_t count() const {
    int64_t n = 1;
    for (int64_t d : shape) n *= d;
    return n;
  }
};

/// A consistent copy of everything a resume needs, taken at a step boundary. Weights and velocities are
/// fp32 in canonical layout (columns joined).
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual int64_t step() const = 0;
  /// JSON: step, epoch, schedule, rates, frozen layers, best error, sums of the running epoch.
  virtual const std::string& state() const = 0;
  virtual const std::vector<TensorInfo>& tensors() const = 0;
  virtual std::span<const float> tensor(size_t index) const = 0;
};

struct CheckpointRequest {
  std::shared_ptr<Snapshot> snapshot;
  int64_t step = 0, epoch = 0;
  bool best = false;                           // lowest validation top-1 error so far
  std::optional<ValidationRecord> validation;  // set at the end of an epoch
  std::string reason;                          // "epoch", "interval", "steering", "stop", "end"
};

/// What a device cannot do as it should while training goes on, e.g. that it is slower than it could be.
struct Notice {
  int64_t step = 0;  // completed, when it showed
  std::string message;
};

/// One tensor as it was at a step boundary, in canonical layout.
struct TensorLook {
  int64_t step = 0;  // completed
  std::string tensor;
  std::vector<float> values;
};

/// Called from the trainer's thread, never two at once. Nothing may throw.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void on_step(const StepRecord&) = 0;
  virtual void on_validation(const ValidationRecord&) = 0;
  virtual void on_command(const AppliedCommand&) = 0;
  /// Training goes on while the receiver writes; the trainer waits before it takes the next snapshot
  /// until the last one has been destroyed.
  virtual void on_checkpoint(CheckpointRequest) = 0;
  /// Every message once in a run() of a trainer.
  virtual void on_notice(const Notice&) {}
  /// The answer to look(), for those that ask.
  virtual void on_look(TensorLook) {}
};

class Trainer {
 public:
  /// Plans the net, opens the packs, allocates on the devices and draws the initial weights.
  /// `validation_pack` may be empty: then nothing is validated. The net's classes must equal the pack's.
  /// `input`: how pixels become the input where that is not the pack's to say, as for weights that were
  /// trained elsewhere: its mean and gain; colour noise is still the pack's, its crops must be the net's.
  /// Throws kInvalidSpec, kInvalidConfig, kDeviceUnavailable, kOutOfMemory, and what PackReader throws.
  Trainer(const RunConfig& config, const std::string& train_pack, const std::string& validation_pack,
          const std::optional<Preprocessing>& input = {});
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  const NetPlan& plan() const;
  int64_t steps_per_epoch() const;
  int64_t total_steps() const;

  /// Every tensor of a snapshot: weights, biases, velocities.
  const std::vector<TensorInfo>& tensors() const;

  /// Before run(): replaces `values.size()` values of a tensor from `offset` on. A tensor that is not
  /// loaded keeps its initial draw (zero for velocities). Throws kNotFound, kInvalidArgument.
  void load(const std::string& tensor, int64_t offset, std::span<const float> values);
  /// Before run(): continues from a snapshot's state. Throws kInvalidArgument.
  void load_state(const std::string& state);
  /// Before run(): the run's steered commands, in order. Those that came after the loaded state are applied
  /// again when `step` steps are complete, and are not reported a second time.
  void replay(const std::vector<AppliedCommand>& commands);

  /// Copies a tensor in canonical layout (not while run() is running).
  std::vector<float> read(const std::string& tensor) const;

  /// Trains until the end, a stop, or divergence (a loss that is not finite: the weights of that step are
  /// not kept, the state of the last snapshot stands). Blocking. Throws Error on failure.
  RunState run(TrainObserver& observer);

  /// Thread-safe; applied at the next step boundary, in order. Throws kInvalidArgument (unknown layer).
  void post(const Command& command);
  /// Thread-safe: asks for a tensor as it is at the next step boundary, also of a paused run; a tensor that
  /// is asked for again before it was told is told once. Nothing of it is recorded. Throws kNotFound.
  void look(const std::string& tensor);
  /// Thread-safe: run() returns kStopped as soon as it can, without a checkpoint.
  void abort();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alexnet
