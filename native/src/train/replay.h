// The wishes of a run's earlier lives, on their way back into a resumed one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "alexnet/trainer.h"

namespace alexnet::train {

/// Gives steered commands back at the steps at which they were applied. Their numbers need not rise with the
/// steps: a resumed run may have been steered before it came to the commands of its first life.
class Replay {
 public:
  Replay() = default;
  explicit Replay(std::vector<AppliedCommand> commands) : commands_(std::move(commands)) {
    std::sort(commands_.begin(), commands_.end(), [](const AppliedCommand& a, const AppliedCommand& b) {
      return std::pair(a.step, a.sequence) < std::pair(b.step, b.sequence);
    });
    for (const AppliedCommand& command : commands_) highest_ = std::max(highest_, command.sequence);
  }

  /// The next command of this step with a number above `after`, or null. Steps must not fall from call to
  /// call.
  const AppliedCommand* next(int64_t step, int64_t after) {
    while (next_ < commands_.size() && commands_[next_].step <= step) {
      const AppliedCommand& command = commands_[next_++];
      if (command.step == step && command.sequence > after) return &command;
    }
    return nullptr;
  }

  /// The highest number of all; 0: there are none.
  int64_t highest() const { return highest_; }

 private:
  std::vector<AppliedCommand> commands_;  // by step, at one step by number
  size_t next_ = 0;
  int64_t highest_ = 0;
};

}  // namespace alexnet::train
