// Copies of a run's state for checkpoints, one at a time.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "alexnet/trainer.h"
#include "columns/team.h"
#include "train/parameters.h"

namespace alexnet::train {

/// Lets one snapshot live at a time: a full net's is half a gigabyte. Outlives the trainer where a
/// receiver still holds one.
class SnapshotGate {
 public:
  /// Waits until no snapshot is alive or `give_up` says so; false then.
  bool enter(const std::function<bool()>& give_up);
  void leave();
  /// Makes a waiting enter() ask `give_up` again.
  void wake();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool taken_ = false;
};

/// Copies every tensor. The gate must have been entered; it is left when the snapshot is destroyed.
std::shared_ptr<Snapshot> take_snapshot(const std::shared_ptr<SnapshotGate>& gate,
                                        const columns::ColumnTeam& team, const ParameterStore& parameters,
                                        int64_t step, std::string state);

}  // namespace alexnet::train
