// Maps as a kernel sees them, and which thread does which part of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "alexnet/error.h"
#include "cuda/kernels/values.h"

namespace alexnet::cuda {

/// A map's data with its strides, as a kernel holds it.
template <class T>
struct Map {
  T* data;
  int64_t image_stride;
  int32_t pixel_stride, channel_stride;
};

/// Where kCount channels begin; more than one lie side by side. Places within an image fit 32 bits: a device
/// multiplies 64 bits in several instructions, and finding addresses would be half of what some kernels do.
template <int kCount, class T>
ALEXNET_HD T* address(const Map<T>& map, int64_t image, int32_t pixel, int32_t channel) {
  T* const first = map.data + image * map.image_stride + pixel * map.pixel_stride;
  return first + (kCount > 1 ? channel : channel * map.channel_stride);
}

template <class T>
Map<T> map_of(T* data, const MapView& view) {
  const int64_t last = (view.pixels() - 1) * view.pixel_stride + (view.channels - 1) * view.channel_stride;
  if (last > INT32_MAX || view.pixel_stride > INT32_MAX || view.channel_stride > INT32_MAX)
    throw Error(ErrorCode::kInvalidArgument,
                "an image that spans " + std::to_string(last) +
                    " values is too large for one kernel; make the layer narrower");
  return {data, view.image_stride, static_cast<int32_t>(view.pixel_stride),
          static_cast<int32_t>(view.channel_stride)};
}

/// A pixel and the first of kWidth channels.
struct MapPlace {
  int32_t pixel, channel;
};

/// The order in which threads go over an image: as the values lie in memory, so that neighbouring threads
/// touch neighbouring bytes.
template <int kWidth>
struct Order {
  uint32_t groups, pixels;
  bool planar;

  ALEXNET_HD MapPlace operator()(int32_t index) const {
    const auto i = static_cast<uint32_t>(index);
    if (kWidth == 1 && planar) return {static_cast<int32_t>(i % pixels), static_cast<int32_t>(i / pixels)};
    return {static_cast<int32_t>(i / groups), static_cast<int32_t>(i % groups * kWidth)};
  }
};

/// Of `columns * rows` places of a view's channels, where a place is a pixel or a strip of them.
template <int kWidth>
Order<kWidth> order_of(const MapView& view, int64_t places) {
  return {static_cast<uint32_t>(view.channels / kWidth), static_cast<uint32_t>(places),
          !view.channels_last()};
}

/// Threads that one image takes, checked to fit the 32 bits that kernels count with.
template <int kWidth>
int64_t threads_of(const MapView& view, int64_t places) {
  const int64_t threads = view.channels / kWidth * places;
  if (threads > INT32_MAX)
    throw Error(ErrorCode::kInvalidArgument,
                "an image of " + std::to_string(threads) +
                    " values is too large for one kernel; make the layer narrower");
  return threads;
}

/// Channels that a thread takes at once where a map allows it: 16 bytes of bfloat16.
inline constexpr int kVector = 8;

/// Whether a map's channels can be read eight at a time.
template <class T>
bool fits_vectors(const T* data, const MapView& view) {
  const auto whole = [](int64_t n) { return n % kVector == 0; };
  return view.channels_last() && whole(view.channels) && whole(view.pixel_stride) &&
         whole(view.image_stride) &&
         reinterpret_cast<uintptr_t>(data) % (sizeof(T) * kVector > 16 ? 16 : sizeof(T) * kVector) == 0;
}

/// go.operator()<kVector>() where vectors fit, go.operator()<1>() elsewhere.
template <class Go>
void with_width(bool vectors, const Go& go) {
  if (vectors)
    go.template operator()<kVector>();
  else
    go.template operator()<1>();
}

/// Throws kInvalidArgument unless both have the same images, channels and layout (and size, if asked).
inline void check_alike(const MapView& a, const MapView& b, bool same_size) {
  // A map of one pixel lies alike in both layouts.
  const bool layouts_differ = a.channels_last() != b.channels_last() && a.pixels() > 1 && b.pixels() > 1;
  if (a.images != b.images || a.channels != b.channels || layouts_differ)
    throw Error(ErrorCode::kInvalidArgument, "two maps of one kernel differ in images, channels or layout");
  if (same_size && (a.height != b.height || a.width != b.width))
    throw Error(ErrorCode::kInvalidArgument, "two maps of one kernel differ in height or width");
}

}  // namespace alexnet::cuda
