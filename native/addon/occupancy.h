// Whether a native object is open, busy with a task, or closed; every method asks here first.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>

#include "alexnet/error.h"

namespace alexnet::addon {

class Occupancy {
 public:
  /// `what` is the object's name in messages, e.g. "trainer".
  explicit Occupancy(const char* what) : what_(what) {}

  bool closed() const { return closed_; }
  bool busy() const { return busy_; }

  /// Throws kInvalidArgument where the object is closed.
  void require_open() const {
    if (closed_)
      throw Error(ErrorCode::kInvalidArgument, "This " + what_ + " is closed. Create another one.");
  }
  /// Throws kInvalidArgument where the object is closed or a task works on it.
  void require_free() const {
    require_open();
    if (busy_) {
      throw Error(ErrorCode::kInvalidArgument,
                  "This " + what_ + " is busy. Wait for the promise of the call it works on, or close it.");
    }
  }

  /// Before a task starts, and, where it has started, when its promise settles. JavaScript's thread.
  void begin() {
    busy_ = true;
    const std::lock_guard lock(mutex_);
    working_ = true;
  }
  void end() { busy_ = false; }
  void close() { closed_ = true; }

  /// The task's work no longer touches the object. Any thread.
  void work_done() {
    {
      const std::lock_guard lock(mutex_);
      working_ = false;
    }
    idle_.notify_all();
  }
  void wait_until_idle() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return !working_; });
  }

 private:
  std::string what_;
  bool busy_ = false, closed_ = false;  // JavaScript's thread
  std::mutex mutex_;
  std::condition_variable idle_;
  bool working_ = false;
};

}  // namespace alexnet::addon
