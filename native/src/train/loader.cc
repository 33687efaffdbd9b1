#include "train/loader.h"

#include <algorithm>
#include <cstring>

#include "alexnet/error.h"

namespace alexnet::train {

namespace {

std::shared_ptr<std::byte> allocate(const BatchMemory& memory, int64_t bytes) {
  if (memory)
    if (std::shared_ptr<std::byte> special = memory(bytes)) return special;
  const auto buffer = std::make_shared<cpu::Buffer<std::byte>>(bytes);
  return {buffer, buffer->data()};
}

}  // namespace

Loader::Loader(const PackReader& pack, const Preprocessing& preprocessing, columns::InputFormat format,
               const LoaderOptions& options, const BatchMemory& memory)
    : pack_(pack),
      preprocessing_(preprocessing),
      format_(format),
      options_(options),
      steps_per_epoch_((pack.count() + options.batch - 1) / options.batch),
      input_bytes_(format.image_bytes(preprocessing.crop_size)) {
  if (pack.count() < 1)
    throw Error(ErrorCode::kInvalidArgument, pack.path() + " holds no image: nothing can be read from it");
  // One batch is being read, one is ready, and every thread fills one.
  slots_.resize(static_cast<size_t>(options.threads) + 2);
  for (Slot& slot : slots_) {
    slot.images = allocate(memory, input_bytes_ * options.batch);
    slot.labels.resize(static_cast<size_t>(options.batch));
  }
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
  const uint64_t id = generation_ << 40 | static_cast<uint64_t>(slot.step + 1);
  return {slot.images.get(), slot.labels.data(), slot.valid, id};
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
  slot.valid = std::min(options_.batch, pack_.count() - first);
  const std::shared_ptr<const Epoch> order = options_.augment ? epoch(number) : nullptr;
  const Sample centre = centre_sample(preprocessing_);
  for (int64_t i = 0; i < options_.batch; ++i) {
    std::byte* out = slot.images.get() + i * input_bytes_;
    if (i >= slot.valid) {
      slot.labels[static_cast<size_t>(i)] = -1;
      std::memset(out, 0, static_cast<size_t>(input_bytes_));
      continue;
    }
    const int64_t image = order ? order->order[static_cast<size_t>(first + i)] : first + i;
    slot.labels[static_cast<size_t>(i)] = pack_.label(image);
    const Sample sample = options_.augment
                              ? training_sample(augmentation, preprocessing_, options_.seed,
                                                static_cast<uint32_t>(number), static_cast<uint64_t>(image))
                              : centre;
    write_input(pack_.record(image), sample, preprocessing_, format_.layout, format_.type, out);
  }
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
