// Decodes the files of a plan on several threads and hands the results out in plan order.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "alexnet/image.h"
#include "data/journal.h"
#include "data/memory_gate.h"
#include "data/pixel_sums.h"
#include "data/plan.h"

namespace alexnet::data {

struct DecodedFile {
  JournalEntry outcome;
  std::vector<uint8_t> record;  // if packed
};

class DecodePool {
 public:
  /// Takes lines from `plan`, which must not be used meanwhile. Holds at most a few results a thread.
  DecodePool(PlanStream& plan, int threads, const ImageLimits& limits);
  /// Stops and joins; what is decoded and not yet handed out is dropped.
  ~DecodePool();
  DecodePool(const DecodePool&) = delete;
  DecodePool& operator=(const DecodePool&) = delete;

  /// The next result, or nothing after `patience`. Rethrows what stopped a thread (out of memory, a plan
  /// that changed). Must not be asked for more results than the plan has lines.
  std::optional<DecodedFile> next(std::chrono::milliseconds patience);

  /// The sums over all records that were handed out, once that is all of the plan; joins the threads.
  PixelSums take_sums();

 private:
  void work(PixelSums& sums);
  DecodedFile decode(const std::string& path, PixelSums& sums);
  void stop();

  PlanStream& plan_;
  const ImageLimits limits_;
  MemoryGate gate_;

  std::mutex mutex_;
  std::condition_variable room_, ready_;
  std::vector<std::optional<DecodedFile>> slots_;  // result i in slot i % size
  int64_t taken_ = 0, given_ = 0;
  bool stopped_ = false, ended_ = false;
  std::exception_ptr failure_;

  std::vector<PixelSums> sums_;  // one a thread
  std::vector<std::thread> threads_;
};

}  // namespace alexnet::data
