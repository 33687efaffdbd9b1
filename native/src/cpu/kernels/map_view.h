// How activations lie in memory for the own kernels: sixteen channels of a pixel are contiguous, so that
// one vector register (or two, or four) holds the same pixel of sixteen maps.
#pragma once

#include <cstddef>
#include <cstdint>

namespace alexnet::cpu {

/// A bfloat16 value in storage: the upper half of a float. Arithmetic is always done in float; storing
/// rounds to nearest, ties to even.
struct Bf16 {
  uint16_t bits;
};
static_assert(sizeof(Bf16) == 2);

/// Channels in one block.
inline constexpr int64_t kBlock = 16;

/// Geometry of a batch of feature maps. Strides are in elements. Covers nChw16c (pixel_stride 16), NHWC
/// with channels padded to a multiple of 16 (block_stride 16), and a range of blocks of either. Lanes
/// beyond `channels` hold zeros, in every input and in every output of a kernel.
struct MapView {
  int64_t images = 0, blocks = 0, height = 0, width = 0;
  std::ptrdiff_t image_stride = 0, block_stride = 0, row_stride = 0, pixel_stride = 0;
  int64_t channels = 0;  // the valid ones, at most 16 * blocks and more than 16 * (blocks - 1)

  /// Elements from the beginning to a pixel of a block.
  std::ptrdiff_t offset(int64_t image, int64_t block, int64_t row, int64_t column) const {
    return image * image_stride + block * block_stride + row * row_stride + column * pixel_stride;
  }
  /// Elements when stored densely, padding lanes included. Also the bytes of a pooling argmax or of a
  /// dropout mask for this view.
  int64_t padded_count() const { return images * blocks * kBlock * height * width; }
};

/// Blocks that hold `channels` channels.
inline int64_t blocks_of(int64_t channels) { return (channels + kBlock - 1) / kBlock; }

/// Dense nChw16c.
inline MapView blocked_view(int64_t images, int64_t channels, int64_t height, int64_t width) {
  const int64_t blocks = blocks_of(channels), plane = kBlock * height * width;
  return {images, blocks, height, width, blocks * plane, plane, kBlock * width, kBlock, channels};
}

/// Dense NHWC with the channels padded to a multiple of 16.
inline MapView channels_last_view(int64_t images, int64_t channels, int64_t height, int64_t width) {
  const int64_t blocks = blocks_of(channels), pixel = blocks * kBlock;
  return {images, blocks, height, width, height * width * pixel, kBlock, width * pixel, pixel, channels};
}

/// `channels` channels of `view`, beginning at a block: e.g. one column of a joined map. The data pointer
/// of the part is the whole's plus first_block * block_stride elements.
inline MapView channels_of(const MapView& view, int64_t channels) {
  MapView part = view;
  part.blocks = blocks_of(channels);
  part.channels = channels;
  return part;
}

}  // namespace alexnet::cpu
