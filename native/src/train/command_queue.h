// Steering wishes on their way from any thread to the trainer's.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "alexnet/trainer.h"

namespace alexnet::train {

class CommandQueue {
 public:
  void post(const Command& command) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(command);
    changed_.notify_all();
  }

  /// Asks to be told a tensor.
  void look(const std::string& tensor) {
    const std::lock_guard lock(mutex_);
    looks_.insert(tensor);
    changed_.notify_all();
  }

  /// The tensors that were asked for since the last call.
  std::set<std::string> take_looks() {
    const std::lock_guard lock(mutex_);
    return std::exchange(looks_, {});
  }

  /// The next wish; nothing where there is none. With `wait`, waits for one, for a look or for abort().
  std::optional<Command> take(bool wait) {
    std::unique_lock lock(mutex_);
    if (wait) changed_.wait(lock, [&] { return !waiting_.empty() || !looks_.empty() || aborted(); });
    if (waiting_.empty()) return {};
    const Command command = waiting_.front();
    waiting_.pop_front();
    return command;
  }

  void abort() {
    const std::lock_guard lock(mutex_);
    aborted_ = true;
    changed_.notify_all();
  }
  bool aborted() const { return aborted_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Command> waiting_;
  std::set<std::string> looks_;
  std::atomic<bool> aborted_{false};
};

}  // namespace alexnet::train
