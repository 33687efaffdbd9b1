// TrainerCore: a trainer, the events it has produced and the snapshots JavaScript holds; shared by the
// JavaScript object, the task that trains and the snapshots themselves.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "alexnet/trainer.h"
#include "occupancy.h"

namespace alexnet::addon {

using TrainEvent =
    std::variant<StepRecord, ValidationRecord, AppliedCommand, Notice, CheckpointRequest, TensorLook>;

/// A snapshot until it is released. JavaScript's thread.
struct SnapshotHandle {
  std::shared_ptr<Snapshot> snapshot;  // empty once released
};

/// What the trainer said and JavaScript has not heard yet, in order; nothing is lost.
class EventQueue {
 public:
  /// After discard() a checkpoint is dropped at once: nobody will write it, and the trainer would wait for
  /// it before its next one. The trainer's thread.
  void push(TrainEvent event) {
    const std::lock_guard lock(mutex_);
    if (discarding_ && std::holds_alternative<CheckpointRequest>(event)) return;
    events_.push_back(std::move(event));
  }

  std::vector<TrainEvent> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(events_, {});
  }

  void discard() {
    const std::lock_guard lock(mutex_);
    discarding_ = true;
    std::erase_if(events_,
                  [](const TrainEvent& event) { return std::holds_alternative<CheckpointRequest>(event); });
  }

 private:
  std::mutex mutex_;
  std::vector<TrainEvent> events_;
  bool discarding_ = false;
};

struct TrainerCore {
  explicit TrainerCore(std::unique_ptr<Trainer> made) : trainer(std::move(made)) {}

  /// Stops training without a checkpoint and frees every snapshot. JavaScript's thread.
  void abandon() noexcept;

  /// A handle that abandon() knows. JavaScript's thread.
  std::shared_ptr<SnapshotHandle> hold(std::shared_ptr<Snapshot> snapshot);

  Occupancy occupancy{"trainer"};
  std::unique_ptr<Trainer> trainer;
  EventQueue events;
  bool started = false;
  std::vector<std::weak_ptr<SnapshotHandle>> snapshots;
};

}  // namespace alexnet::addon
