#include "data/decode_pool.h"

#include <new>
#include <utility>

#include "data/hash.h"
#include "image/file.h"

namespace alexnet::data {
namespace {

// For decoded pixels and coefficients together; a single larger image is decoded alone.
constexpr int64_t kMemoryBudget = int64_t{1} << 30;
// A progressive JPEG's coefficients (6 to 8 bytes a pixel) or RGBA beside RGB.
constexpr int64_t kBytesPerPixel = 8;
constexpr int64_t kSlotsPerThread = 4;

/// Whether a file is to blame: then it is skipped. Otherwise packing cannot go on.
bool is_bad_file(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
    case ErrorCode::kIo:
    case ErrorCode::kUnsupportedImage:
    case ErrorCode::kCorruptImage:
    case ErrorCode::kImageTooLarge:
      return true;
    default:
      return false;
  }
}

}  // namespace

DecodePool::DecodePool(PlanStream& plan, int threads, const ImageLimits& limits)
    : plan_(plan),
      limits_(limits),
      gate_(kMemoryBudget),
      slots_(static_cast<size_t>(threads * kSlotsPerThread)),
      sums_(static_cast<size_t>(threads)) {
  try {
    for (PixelSums& sums : sums_) threads_.emplace_back([this, &sums] { work(sums); });
  } catch (...) {
    stop();
    throw;
  }
}

DecodePool::~DecodePool() { stop(); }

void DecodePool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  room_.notify_all();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

void DecodePool::work(PixelSums& sums) {
  try {
    for (;;) {
      std::string text;
      PlanLine line;
      int64_t index;
      {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [&] { return stopped_ || taken_ < given_ + static_cast<int64_t>(slots_.size()); });
        if (stopped_ || ended_) return;
        if (!plan_.next(line)) {
          ended_ = true;
          return;
        }
        index = taken_++;
      }
      DecodedFile file = decode(line.path, sums);
      {
        const std::lock_guard lock(mutex_);
        slots_[static_cast<size_t>(index) % slots_.size()] = std::move(file);
        if (index != given_) continue;
      }
      ready_.notify_one();
    }
  } catch (...) {
    {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
    ready_.notify_one();
  }
}

DecodedFile DecodePool::decode(const std::string& path, PixelSums& sums) {
  DecodedFile file;
  try {
    const std::vector<uint8_t> bytes = image::read_file(path, limits_.max_file_bytes);
    const ImageInfo info = read_image_info(bytes, limits_);
    const MemoryGate::Share share(gate_, info.width * info.height * kBytesPerPixel);
    file.record = load_square(bytes, kPackSize, limits_).pixels;
    file.outcome.packed = true;
    file.outcome.record_hash = hash64(file.record.data(), file.record.size());
    sums.add(file.record.data());
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, "not enough memory to decode " + path + "; use fewer threads");
  } catch (const Error& error) {
    if (!is_bad_file(error.code())) throw;
    file.outcome.code = error.code();
    file.outcome.message = error.what();
  }
  return file;
}

std::optional<DecodedFile> DecodePool::next(std::chrono::milliseconds patience) {
  std::optional<DecodedFile> file;
  {
    std::unique_lock lock(mutex_);
    std::optional<DecodedFile>& slot = slots_[static_cast<size_t>(given_) % slots_.size()];
    ready_.wait_for(lock, patience, [&] { return slot.has_value() || failure_; });
    if (failure_) std::rethrow_exception(failure_);
    if (!slot) return std::nullopt;
    file = std::exchange(slot, std::nullopt);
    ++given_;
  }
  room_.notify_one();
  return file;
}

PixelSums DecodePool::take_sums() {
  stop();
  PixelSums total;
  for (const PixelSums& sums : sums_) total.add(sums);
  return total;
}

}  // namespace alexnet::data
