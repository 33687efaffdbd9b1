// A column's device memory: everything is asked for while the column is built, then had in one piece, so that
// a net that does not fit says at once how much it needs and which batch fits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/column/context.h"

namespace alexnet::cuda {

class Arena;

/// Bytes on whose multiples blocks begin.
inline constexpr int64_t kArenaBoundary = 256;

/// `count` values that exist after Arena::allocate(), on a boundary.
template <class T>
class Block {
 public:
  Block() = default;
  Block(const Arena& arena, size_t offset, int64_t count) : arena_(&arena), offset_(offset), count_(count) {}

  T* data() const;
  int64_t count() const { return count_; }
  int64_t bytes() const { return count_ * static_cast<int64_t>(sizeof(T)); }

 private:
  const Arena* arena_ = nullptr;
  size_t offset_ = 0;
  int64_t count_ = 0;
};

/// Whether a block grows with the batch.
enum class Growth { kFixed, kWithBatch };

/// Bytes of each kind.
struct MemoryNeed {
  int64_t fixed = 0, with_batch = 0;
  int64_t total() const { return fixed + with_batch; }
};

/// The largest batch that fits `available` bytes if the memory that grows with the batch does so evenly; 0 if
/// none does.
int64_t largest_batch(const MemoryNeed& need, int64_t batch, int64_t available);

class Arena {
 public:
  explicit Arena(const DeviceContext& context) : context_(context) {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  template <class T>
  Block<T> take(int64_t count, Growth growth) {
    return {*this, reserve(count * static_cast<int64_t>(sizeof(T)), growth), count};
  }

  /// Allocates and zeroes everything. `net`: what all of the net's columns on this device take, `earlier`:
  /// those that have it already. Throws kOutOfMemory saying what the net needs here and which batch fits.
  void allocate(int64_t batch, const MemoryNeed& net, const MemoryNeed& earlier);
  /// Whether the device could not hold what was asked for so far if it held nothing else: allocate() will
  /// refuse. Until then nothing of the net need be prepared for such shapes, which libraries refuse in words
  /// of their own.
  bool exceeds_device() const;
  std::byte* base() const { return base_; }
  const MemoryNeed& need() const { return need_; }

 private:
  size_t reserve(int64_t bytes, Growth growth);

  const DeviceContext& context_;
  MemoryNeed need_;
  std::byte* base_ = nullptr;
};

template <class T>
T* Block<T>::data() const {
  return arena_ && count_ > 0 ? reinterpret_cast<T*>(arena_->base() + offset_) : nullptr;
}

}  // namespace alexnet::cuda
