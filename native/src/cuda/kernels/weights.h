// Parameters between their canonical layout and the ones that the convolutions and products read.
#pragma once

#include "cuda/kernels/kernels.h"
#include "cuda/kernels/maps.h"

namespace alexnet::cuda {

/// Where a canonical weight [out, in, taps] lies channels last: [pieces, out, taps, in / pieces], each piece
/// of the channels a filter of its own.
struct WeightShape {
  int64_t out;
  int32_t in, taps, pieces;

  ALEXNET_HD int32_t piece() const { return in / pieces; }
  ALEXNET_HD int64_t canonical(int64_t o, int32_t tap, int32_t c) const { return (o * in + c) * taps + tap; }
  ALEXNET_HD int64_t channels_last(int64_t o, int32_t tap, int32_t c) const {
    return ((c / piece() * out + o) * taps + tap) * piece() + c % piece();
  }
};

/// For the filter `row`, counted over all pieces.
template <class To>
struct WeightsToChannelsLast {
  const float* from;
  To* to;
  WeightShape shape;

  ALEXNET_HD void operator()(int64_t row, int32_t index) const {
    const int32_t c = static_cast<int32_t>(row / shape.out) * shape.piece() + index % shape.piece();
    const int32_t tap = index / shape.piece();
    to[row * shape.taps * shape.piece() + index] =
        from_float<To>(from[shape.canonical(row % shape.out, tap, c)]);
  }
};

struct WeightsFromChannelsLast {
  const float* from;
  float* to;
  WeightShape shape;

  ALEXNET_HD void operator()(int64_t out, int32_t index) const {
    const int32_t tap = index % shape.taps, c = index / shape.taps;
    to[out * shape.taps * shape.in + index] = from[shape.channels_last(out, tap, c)];
  }
};

/// A kernel [out, k, k, channels] as one over blocks of b x b pixels: [out, ceil(k / b), ceil(k / b), b, b,
/// channels], zero beyond the kernel.
struct BlockShape {
  int32_t kernel, block, channels;

  ALEXNET_HD int32_t blocks() const { return (kernel + block - 1) / block; }
  ALEXNET_HD int32_t blocked_values() const { return blocks() * blocks() * block * block * channels; }
};

template <class To>
struct WeightsToBlocks {
  const float* from;
  To* to;
  BlockShape shape;

  ALEXNET_HD void operator()(int64_t out, int32_t index) const {
    const int32_t b = shape.block, c = index % shape.channels, within = index / shape.channels % (b * b);
    const int32_t at = index / (shape.channels * b * b);
    const int32_t row = at / shape.blocks() * b + within / b, column = at % shape.blocks() * b + within % b;
    const bool inside = row < shape.kernel && column < shape.kernel;
    const int64_t place = ((out * shape.kernel + row) * shape.kernel + column) * shape.channels + c;
    to[out * shape.blocked_values() + index] = from_float<To>(inside ? from[place] : 0.0f);
  }
};

/// The way back, for gradients: what lies beyond the kernel is dropped.
template <class From>
struct WeightsFromBlocks {
  const From* from;
  float* to;
  BlockShape shape;

  ALEXNET_HD void operator()(int64_t out, int32_t index) const {
    const int32_t b = shape.block, c = index % shape.channels, tap = index / shape.channels;
    const int32_t row = tap / shape.kernel, column = tap % shape.kernel;
    const int32_t at = row / b * shape.blocks() + column / b, within = row % b * b + column % b;
    const int64_t place = out * shape.blocked_values() + (at * b * b + within) * shape.channels + c;
    to[out * shape.kernel * shape.kernel * shape.channels + index] = to_float(from[place]);
  }
};

inline WeightShape weight_shape(int64_t out, int64_t in, int64_t taps, int64_t pieces) {
  if (out < 1 || in < 1 || taps < 1 || pieces < 1 || in % pieces != 0 || in * taps > INT32_MAX)
    throw Error(ErrorCode::kInvalidArgument, "a unit's weights do not fit their stored layout");
  return {out, static_cast<int32_t>(in), static_cast<int32_t>(taps), static_cast<int32_t>(pieces)};
}

inline BlockShape block_shape(int64_t kernel, int64_t block, int64_t channels) {
  if (kernel < 1 || block < 1 || channels < 1 || kernel > 256 || block > 256 || channels > 256)
    throw Error(ErrorCode::kInvalidArgument, "a kernel cannot be cut into these blocks");
  return {static_cast<int32_t>(kernel), static_cast<int32_t>(block), static_cast<int32_t>(channels)};
}

template <class Run, class To>
void run_weights_to_channels_last(const Run& run, const float* from, To* to, int64_t out, int64_t in,
                                  int64_t taps, int64_t pieces) {
  const WeightShape shape = weight_shape(out, in, taps, pieces);
  run.each(WeightsToChannelsLast<To>{from, to, shape}, out * pieces, taps * shape.piece());
}

template <class Run>
void run_weights_from_channels_last(const Run& run, const float* from, float* to, int64_t out, int64_t in,
                                    int64_t taps, int64_t pieces) {
  run.each(WeightsFromChannelsLast{from, to, weight_shape(out, in, taps, pieces)}, out, taps * in);
}

template <class Run, class To>
void run_weights_to_blocks(const Run& run, const float* from, To* to, int64_t out, int64_t kernel,
                           int64_t block, int64_t channels) {
  const BlockShape shape = block_shape(kernel, block, channels);
  run.each(WeightsToBlocks<To>{from, to, shape}, out, shape.blocked_values());
}

template <class Run, class From>
void run_weights_from_blocks(const Run& run, const From* from, float* to, int64_t out, int64_t kernel,
                             int64_t block, int64_t channels) {
  const BlockShape shape = block_shape(kernel, block, channels);
  run.each(WeightsFromBlocks<From>{from, to, shape}, out, kernel * kernel * channels);
}

}  // namespace alexnet::cuda
