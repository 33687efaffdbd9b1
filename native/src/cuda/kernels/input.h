// From packed records to the first layer's input: crop, mirror, colour noise, mean, gain (paper section 4.1)
// in the layout that the convolution wants. The arithmetic is data/input.isa.cc's, to the last bit.
#pragma once

#include <array>

#include "alexnet/pack.h"
#include "alexnet/sampling.h"
#include "cuda/kernels/draws.h"
#include "cuda/kernels/kernels.h"
#include "cuda/kernels/maps.h"

namespace alexnet::cuda {

/// training_sample() of alexnet/sampling.h for image `images[i]` of the data set into draws[i].
struct DrawSamples {
  uint64_t seed;
  const uint32_t* epoch;
  const int64_t* images;
  InputDraw* draws;
  uint32_t positions;  // of a crop; 0: the centre
  int32_t centre;
  bool mirror;
  double noise;  // 0: none
  double deviations[3], axes[9];

  ALEXNET_HD void operator()(int64_t, int32_t index) const {
    const auto image = static_cast<uint64_t>(images[index]);
    InputDraw draw{centre, centre, 0, {0, 0, 0}};
    if (positions > 0) {
      const Words words = stream_words(seed, RandomPurpose::kCrop, *epoch, 0, image);
      draw.top = static_cast<int32_t>(draw_below(words.w[0], positions));
      draw.left = static_cast<int32_t>(draw_below(words.w[1], positions));
    }
    if (mirror) {
      const Words words = stream_words(seed, RandomPurpose::kMirror, *epoch, 0, image);
      draw.mirror = draw_below(words.w[0], 2) == 1;
    }
    if (noise > 0) {
      const Words words = stream_words(seed, RandomPurpose::kColour, *epoch, 0, image);
      const GaussianPair first = draw_gaussians(words.w[0], words.w[1]);
      const GaussianPair second = draw_gaussians(words.w[2], words.w[3]);
      const double alphas[3] = {first.first, first.second, second.first};
      double colour[3] = {0, 0, 0};
      ALEXNET_UNROLL
      for (int axis = 0; axis < 3; ++axis) {
        const double length = noise * alphas[axis] * deviations[axis];
        ALEXNET_UNROLL
        for (int c = 0; c < 3; ++c) colour[c] += length * axes[axis * 3 + c];
      }
      ALEXNET_UNROLL
      for (int c = 0; c < 3; ++c) draw.colour[c] = static_cast<float>(colour[c]);
    }
    draws[index] = draw;
  }
};

/// v[c] of an array in registers, which have no addresses.
ALEXNET_HD float one_of(const float (&v)[3], int32_t c) { return c == 0 ? v[0] : c == 1 ? v[1] : v[2]; }

/// Pixels of records, as the net sees them.
struct RecordSource {
  const uint8_t* records;  // [images, 256, 256, 3]
  const InputDraw* draws;
  const float* mean;  // [256, 256, 3], or null
  bool mean_follows_crop;
  int32_t size;
  float mean_rgb[3];
  float gain[3];

  ALEXNET_HD float value(int64_t image, int32_t y, int32_t x, int32_t c) const {
    constexpr int32_t kSide = 256;
    const InputDraw& draw = draws[image];
    const int32_t from = draw.mirror ? size - 1 - x : x;
    const int32_t place = ((draw.top + y) * kSide + draw.left + from) * 3 + c;
    float under = one_of(mean_rgb, c);
    if (mean) {
      // A mean that does not follow lies under the middle, also under a mirrored crop.
      const int32_t centre = (kSide - size) / 2;
      under = mean[mean_follows_crop ? place : ((centre + y) * kSide + centre + x) * 3 + c];
    }
    const auto pixel = static_cast<float>(records[image * (kSide * kSide * 3) + place]);
    return (pixel + (draw.colour[c] - under)) * one_of(gain, c);
  }
};

/// Inputs that are made already: [images, 3, size, size] or [images, size, size, 3].
template <class T>
struct ImageSource {
  const T* images;
  int32_t size;
  bool channels_last;

  ALEXNET_HD float value(int64_t image, int32_t y, int32_t x, int32_t c) const {
    const int32_t plane = size * size, pixel = y * size + x;
    return to_float(images[image * 3 * plane + (channels_last ? pixel * 3 + c : c * plane + pixel)]);
  }
};

/// One call a pixel; zeros for rows without a label.
template <class T, class Source>
struct WriteInput {
  Source source;
  const int32_t* labels;  // or null: every row is an image
  T* out;
  int32_t size;
  int32_t channels;  // stored ones of a pixel; 0: planar

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const int32_t y = index / size, x = index % size, plane = size * size;
    float v[3] = {0, 0, 0};
    if (!(labels && labels[image] < 0)) {
      ALEXNET_UNROLL
      for (int c = 0; c < 3; ++c) v[c] = source.value(image, y, x, c);
    }
    if (channels == 4) {
      store<4>(out + (image * plane + index) * 4, Floats<4>{{v[0], v[1], v[2], 0}});
    } else if (channels == 8) {
      store<8>(out + (image * plane + index) * 8, Floats<8>{{v[0], v[1], v[2], 0, 0, 0, 0, 0}});
    } else {
      ALEXNET_UNROLL
      for (int c = 0; c < 3; ++c) {
        const int64_t place =
            channels == 3 ? (image * plane + index) * 3 + c : (image * 3 + c) * plane + index;
        out[place] = from_float<T>(v[c]);
      }
    }
  }
};

/// Space to depth: kWidth neighbouring values a call, of the block * block * 3 of a deep pixel; zeros outside
/// the image and for rows without a label. kBlock: known when compiling, or 0.
template <class T, class Source, int kBlock, int kWidth>
struct WriteBlocks {
  Source source;
  const int32_t* labels;
  T* out;
  int32_t size, any_block, pad, blocks_a_row;

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const auto block = static_cast<uint32_t>(kBlock > 0 ? kBlock : any_block);
    const uint32_t groups = block * block * 3 / kWidth;  // a deep pixel
    const auto i = static_cast<uint32_t>(index), row = static_cast<uint32_t>(blocks_a_row);
    const uint32_t deep = i / groups, first = i % groups * kWidth;
    const auto top = static_cast<int32_t>(deep / row * block) - pad;
    const auto left = static_cast<int32_t>(deep % row * block) - pad;
    const bool counts = !(labels && labels[image] < 0);
    Floats<kWidth> v = zeros<kWidth>();
    ALEXNET_UNROLL
    for (int j = 0; j < kWidth; ++j) {
      const uint32_t within = first + static_cast<uint32_t>(j), pixel = within / 3;
      const int32_t y = top + static_cast<int32_t>(pixel / block),
                    x = left + static_cast<int32_t>(pixel % block);
      if (counts && y >= 0 && x >= 0 && y < size && x < size)
        v.v[j] = source.value(image, y, x, static_cast<int32_t>(within % 3));
    }
    const int64_t values = static_cast<int64_t>(row) * row * groups;
    store<kWidth>(out + (image * values + index) * kWidth, v);
  }
};

inline void check_input_format(const NetInputFormat& format) {
  const bool known = format.arrangement == InputArrangement::kChannelsLast
                         ? format.channels == 3 || format.channels == 4 || format.channels == 8
                         : format.channels == 3;
  if (format.size < 1 || format.size > kPackSize || !known)
    throw Error(
        ErrorCode::kInvalidArgument,
        "a net's input is 1 to 256 pixels wide and has 3 channels, or 4 or 8 with zeros, channels last");
  if (format.arrangement == InputArrangement::kSpaceToDepth &&
      (format.block < 1 || format.pad < 0 || format.blocks_a_row < 1 ||
       format.blocks_a_row * format.block > 2048))
    throw Error(ErrorCode::kInvalidArgument, "a space-to-depth input needs blocks, at most 2048 pixels wide");
}

template <class Run, class T, class Source>
void run_write_input_from(const Run& run, const Source& source, const int32_t* labels, int64_t images, T* out,
                          const NetInputFormat& format) {
  const auto size = static_cast<int32_t>(format.size), block = static_cast<int32_t>(format.block);
  if (reinterpret_cast<uintptr_t>(out) % 16 != 0)
    throw Error(ErrorCode::kInvalidArgument, "the net's input must lie on a 16-byte boundary");
  if (format.arrangement != InputArrangement::kSpaceToDepth) {
    const bool planar = format.arrangement == InputArrangement::kPlanar;
    const WriteInput<T, Source> op{source, labels, out, size,
                                   planar ? 0 : static_cast<int32_t>(format.channels)};
    run.each(op, images, format.image_pixels());
    return;
  }
  const auto go = [&]<int kBlock, int kWidth>() {
    const WriteBlocks<T, Source, kBlock, kWidth> op{source,
                                                    labels,
                                                    out,
                                                    size,
                                                    block,
                                                    static_cast<int32_t>(format.pad),
                                                    static_cast<int32_t>(format.blocks_a_row)};
    run.each(op, images, format.image_values() / kWidth);
  };
  if (block == 4)
    go.template operator()<4, kVector>();
  else
    go.template operator()<0, 1>();
}

template <class Run, class T>
void run_write_input(const Run& run, const uint8_t* records, const InputDraw* draws, const int32_t* labels,
                     int64_t images, const Preprocessing& pre, const float* mean_image, T* out,
                     const NetInputFormat& format) {
  check_input_format(format);
  if (pre.crop_size != format.size || (pre.mean == MeanMode::kImage) != (mean_image != nullptr))
    throw Error(ErrorCode::kInvalidArgument, "the preprocessing does not fit the net's input");
  RecordSource source{records, draws, mean_image, pre.mean_follows_crop, static_cast<int32_t>(format.size),
                      {},      {}};
  for (size_t c = 0; c < 3; ++c) {
    source.mean_rgb[c] = pre.mean == MeanMode::kRgb ? pre.mean_rgb[c] : 0.0f;
    source.gain[c] = pre.gain[c];
  }
  run_write_input_from(run, source, labels, images, out, format);
}

template <class Run, class T>
void run_arrange_input(const Run& run, const T* images, InputLayout layout, const int32_t* labels,
                       int64_t count, T* out, const NetInputFormat& format) {
  check_input_format(format);
  const ImageSource<T> source{images, static_cast<int32_t>(format.size), layout == InputLayout::kNhwc};
  run_write_input_from(run, source, labels, count, out, format);
}

template <class Run>
void run_draw_samples(const Run& run, const AugmentationSpec& spec, const Preprocessing& pre, uint64_t seed,
                      const uint32_t* epoch, const int64_t* images, int64_t count, InputDraw* draws) {
  if (pre.crop_size < 1 || pre.crop_size > kPackSize)
    throw Error(ErrorCode::kInvalidArgument, "the crop size must be 1 to 256");
  DrawSamples op{};
  op.seed = seed;
  op.epoch = epoch;
  op.images = images;
  op.draws = draws;
  op.positions = spec.crop == CropMode::kRandom ? static_cast<uint32_t>(kPackSize - pre.crop_size + 1) : 0;
  op.centre = static_cast<int32_t>((kPackSize - pre.crop_size) / 2);
  op.mirror = spec.mirror;
  op.noise = spec.colour_noise;
  for (size_t i = 0; i < 3; ++i) op.deviations[i] = pre.colour_deviations[i];
  for (size_t i = 0; i < 9; ++i) op.axes[i] = pre.colour_axes[i];
  run.each(op, 1, count);
}

}  // namespace alexnet::cuda
