// Memory of the CPU backend: aligned for vectors, zeroed, and with the geometry it holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "cpu/kernels/map_view.h"

namespace alexnet::cpu {

/// Throws Error(kOutOfMemory) saying how much was asked for.
void* allocate_zeroed(size_t bytes);

/// `count` zeroed values on a 64-byte boundary.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(int64_t count) : count_(count) {
    if (count > 0) data_.reset(static_cast<T*>(allocate_zeroed(static_cast<size_t>(count) * sizeof(T))));
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  int64_t count() const { return count_; }

 private:
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  std::unique_ptr<T[], Free> data_;
  int64_t count_ = 0;
};

/// How this machine's convolutions want their maps. Both keep sixteen channels together.
enum class Layout { kBlocked, kChannelsLast };

inline MapView map_view(Layout layout, int64_t images, int64_t channels, int64_t height, int64_t width) {
  return layout == Layout::kBlocked ? blocked_view(images, channels, height, width)
                                    : channels_last_view(images, channels, height, width);
}

/// Channels as stored: padded to whole blocks.
inline int64_t stored_channels(int64_t channels) { return blocks_of(channels) * kBlock; }

}  // namespace alexnet::cpu
