// Batches ahead of time: threads that crop, mirror and colour records, or only fetch and draw for devices
// that do so themselves, while the devices compute.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "alexnet/pack.h"
#include "alexnet/sampling.h"
#include "train/batch_buffer.h"

namespace alexnet::train {

struct LoaderOptions {
  int64_t batch = 0;
  uint64_t seed = 0;
  bool shuffle = true;
  bool augment = true;  // false: every image's centre crop, in pack order (validation)
  int threads = 1;
};

/// An epoch is every image once; its last batch is filled up with rows of label -1 where the images do not
/// divide by the batch. Step s (from 0) is batch s % steps_per_epoch of epoch s / steps_per_epoch + 1.
class Loader {
 public:
  /// `pack` and `preprocessing` must outlive it.
  Loader(const PackReader& pack, const Preprocessing& preprocessing, const BatchFormat& format,
         const LoaderOptions& options, const BatchMemory& memory = {});
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  int64_t steps_per_epoch() const { return steps_per_epoch_; }

  /// Begins at a step, with this augmentation; batches made before are dropped.
  void restart(int64_t step, const AugmentationSpec& augmentation);

  /// The next step's batch; valid until the next call of next() or restart(). Rethrows what a thread threw.
  columns::Batch next();
  /// The batch that next() gives after this one, where it is ready; it stays as it is until then.
  std::optional<columns::Batch> peek();

 private:
  struct Slot {
    BatchBuffer buffer;
    int64_t step = -1;
    bool ready = false;
  };
  struct Epoch {
    int64_t number = 0;
    std::vector<uint32_t> order;
  };

  columns::Batch batch_of(const Slot& slot) const;
  void work();
  void fill(Slot& slot, int64_t step, const AugmentationSpec& augmentation);
  std::shared_ptr<const Epoch> epoch(int64_t number);

  const PackReader& pack_;
  const Preprocessing& preprocessing_;
  const LoaderOptions options_;
  const int64_t steps_per_epoch_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Slot> slots_;
  AugmentationSpec augmentation_;
  int64_t next_made_ = -1;  // the next step that a thread takes on; -1: not started
  int64_t next_given_ = 0;  // the next step that next() gives
  int filling_ = 0;
  uint64_t generation_ = 0;
  bool ending_ = false;
  std::exception_ptr failure_;
  std::vector<std::shared_ptr<const Epoch>> epochs_;  // the last two
  std::mutex epochs_mutex_;
  std::vector<std::thread> threads_;
};

}  // namespace alexnet::train
