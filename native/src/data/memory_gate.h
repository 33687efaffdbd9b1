// Keeps the memory of images that are being decoded at once under a bound.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace alexnet::data {

class MemoryGate {
 public:
  explicit MemoryGate(int64_t budget) : budget_(budget), free_(budget) {}

  /// Holds part of the budget; waits until it is free. More than all of it counts as all of it.
  class Share {
   public:
    Share(MemoryGate& gate, int64_t bytes) : gate_(gate), bytes_(std::min(bytes, gate.budget_)) {
      std::unique_lock lock(gate_.mutex_);
      gate_.freed_.wait(lock, [&] { return gate_.free_ >= bytes_; });
      gate_.free_ -= bytes_;
    }
    ~Share() {
      {
        const std::lock_guard lock(gate_.mutex_);
        gate_.free_ += bytes_;
      }
      gate_.freed_.notify_all();
    }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

   private:
    MemoryGate& gate_;
    int64_t bytes_;
  };

 private:
  const int64_t budget_;
  int64_t free_;
  std::mutex mutex_;
  std::condition_variable freed_;
};

}  // namespace alexnet::data
