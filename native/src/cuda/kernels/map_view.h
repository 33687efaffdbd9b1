// How feature maps lie in device memory, and how a value is stored.
#pragma once

#include <cstdint>

namespace alexnet::cuda {

/// A bfloat16 value in storage: the upper half of a float. Arithmetic is always done in float; storing
/// rounds to nearest, ties to even, and keeps NaN.
struct Bf16 {
  uint16_t bits;
};
static_assert(sizeof(Bf16) == 2);

/// Geometry of a batch of feature maps; strides are in elements. Channels last (NHWC, channel_stride 1) is
/// what the tensor cores want; a part of the channels of a joined map is such a view too. Planar maps (NCHW,
/// pixel_stride 1) work everywhere, more slowly.
struct MapView {
  int64_t images = 0, channels = 0, height = 0, width = 0;
  int64_t image_stride = 0, pixel_stride = 0, channel_stride = 0;

  int64_t pixels() const { return height * width; }
  int64_t count() const { return images * channels * pixels(); }
  bool channels_last() const { return channel_stride == 1; }
  int64_t offset(int64_t image, int64_t channel, int64_t row, int64_t column) const {
    return image * image_stride + (row * width + column) * pixel_stride + channel * channel_stride;
  }
};

/// Dense NHWC.
inline MapView channels_last_view(int64_t images, int64_t channels, int64_t height, int64_t width) {
  return {images, channels, height, width, height * width * channels, channels, 1};
}

/// Dense NCHW.
inline MapView planar_view(int64_t images, int64_t channels, int64_t height, int64_t width) {
  return {images, channels, height, width, height * width * channels, 1, height * width};
}

/// `channels` of a view's channels, e.g. one column of a joined map. The part's data pointer is the whole's
/// plus first * channel_stride elements.
inline MapView channels_of(const MapView& view, int64_t channels) {
  MapView part = view;
  part.channels = channels;
  return part;
}

/// As `view`, dense, of another height and width: how a pooling's winners lie.
inline MapView dense_like(const MapView& view) {
  return view.channels_last() ? channels_last_view(view.images, view.channels, view.height, view.width)
                              : planar_view(view.images, view.channels, view.height, view.width);
}

}  // namespace alexnet::cuda
