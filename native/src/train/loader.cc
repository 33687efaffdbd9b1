#include "train/loader.h"

#include <algorithm>

#include "alexnet/error.h"

namespace alexnet::train {

Loader::Loader(const PackReader& pack, const Preprocessing& preprocessing, const BatchFormat& format,
               const LoaderOptions& options, const BatchMemory& memory)
    : pack_(pack),
      preprocessing_(preprocessing),
      options_(options),
      steps_per_epoch_((pack.count() + options.batch - 1) / options.batch) {
  if (pack.count() < 1)
    throw Error(ErrorCode::kInvalidArgument, pack.path() + " holds no image: nothing can be read from it");
  // One batch is being read, one is ready, and every thread fills one.
  for (int i = 0; i < options.threads + 2; ++i)
    slots_.push_back({.buffer{format, options.batch, preprocessing, memory}});
  for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { work(); });
}

Loader::~Loader() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

void Loader::restart(int64_t step, const AugmentationSpec& augmentation) {
  std::unique_lock lock(mutex_);
  ++generation_;
  next_made_ = -1;
  changed_.wait(lock, [&] { return filling_ == 0; });
  for (Slot& slot : slots_) slot.ready = false;
  failure_ = nullptr;
  augmentation_ = augmentation;
  next_made_ = next_given_ = step;
  changed_.notify_all();
}

columns::Batch Loader::next() {
  std::unique_lock lock(mutex_);
  if (next_made_ < 0) throw Error(ErrorCode::kInternal, "the loader was not started");
  Slot& slot = slots_[static_cast<size_t>(next_given_) % slots_.size()];
  changed_.wait(lock, [&] { return failure_ || (slot.ready && slot.step == next_given_); });
  if (failure_) std::rethrow_exception(failure_);
  const columns::Batch batch = batch_of(slot);
  ++next_given_;
  changed_.notify_all();  // the slot of the step before may be filled again
  return batch;
}

std::optional<columns::Batch> Loader::peek() {
  const std::lock_guard lock(mutex_);
  const Slot& slot = slots_[static_cast<size_t>(next_given_) % slots_.size()];
  if (next_made_ < 0 || failure_ || !slot.ready || slot.step != next_given_) return std::nullopt;
  return batch_of(slot);
}

columns::Batch Loader::batch_of(const Slot& slot) const {
  // The generation tells a step's batch from the same step's with another augmentation.
  return slot.buffer.batch(generation_ << 40 | static_cast<uint64_t>(slot.step + 1));
}

void Loader::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    // The batch given last, next_given_ - 1, is still being read.
    changed_.wait(lock, [&] {
      return ending_ || (next_made_ >= 0 && !failure_ &&
                         next_made_ - (next_given_ - 1) < static_cast<int64_t>(slots_.size()));
    });
    if (ending_) return;
    const int64_t step = next_made_++;
    const uint64_t generation = generation_;
    const AugmentationSpec augmentation = augmentation_;
    Slot& slot = slots_[static_cast<size_t>(step) % slots_.size()];
    slot.ready = false;
    slot.step = step;
    ++filling_;
    lock.unlock();
    std::exception_ptr failure;
    try {
      fill(slot, step, augmentation);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    --filling_;
    if (generation == generation_) {
      slot.ready = !failure;
      if (failure) failure_ = failure;
    }
    changed_.notify_all();
  }
}

void Loader::fill(Slot& slot, int64_t step, const AugmentationSpec& augmentation) {
  const int64_t number = step / steps_per_epoch_ + 1;
  const int64_t first = step % steps_per_epoch_ * options_.batch;
  const int64_t valid = std::min(options_.batch, pack_.count() - first);
  const std::shared_ptr<const Epoch> order = options_.augment ? epoch(number) : nullptr;
  const Sample centre = centre_sample(preprocessing_);
  std::vector<RecordSample> samples;
  for (int64_t i = 0; i < valid; ++i) {
    const int64_t image = order ? order->order[static_cast<size_t>(first + i)] : first + i;
    const Sample sample = options_.augment
                              ? training_sample(augmentation, preprocessing_, options_.seed,
                                                static_cast<uint32_t>(number), static_cast<uint64_t>(image))
                              : centre;
    samples.push_back({pack_.record(image), sample});
    slot.buffer.set_label(i, pack_.label(image));
  }
  slot.buffer.put(0, samples);
  slot.buffer.end(valid);
}

std::shared_ptr<const Loader::Epoch> Loader::epoch(int64_t number) {
  const std::lock_guard lock(epochs_mutex_);
  for (const auto& known : epochs_)
    if (known->number == number) return known;
  auto made = std::make_shared<Epoch>();
  made->number = number;
  made->order = epoch_order(options_.seed, static_cast<uint32_t>(number),
                            static_cast<uint32_t>(pack_.count()), options_.shuffle);
  if (epochs_.size() == 2) epochs_.erase(epochs_.begin());
  epochs_.push_back(made);
  return made;
}

}  // namespace alexnet::train
