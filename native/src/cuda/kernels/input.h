// From packed records to the first layer's input: crop, mirror, colour noise, mean, gain (paper section 4.1)
// in the layout that the convolution wants. The arithmetic is data/input.isa.cc's, to the last bit.
#pragma once

#include <array>

#include "alexnet/pack.h"
#include "alexnet/sampling.h"
#include "cuda/kernels/kernels.h"
#include "cuda/kernels/maps.h"

namespace alexnet::cuda {

/// Pixels of records, as the net sees them.
struct RecordSource {
  RecordPieces pieces;
  const RecordDraw* draws;
  const float* mean;  // [256, 256, 3], or null
  bool mean_follows_crop;
  int32_t size;
  float mean_rgb[3];
  float gain[3];

  /// One row of an image, with what all of its pixels share.
  struct Row {
    const RecordSource& source;
    const uint8_t* bytes;  // of the crop's leftmost pixel
    const float* mean;     // under the leftmost one; or null
    bool mirror;
    float colour[3];

    ALEXNET_HD void pixel(int32_t x, float* v) const {
      const int32_t from = mirror ? source.size - 1 - x : x;
      const uint8_t* rgb = bytes + from * 3;
      const int32_t under = (source.mean_follows_crop ? from : x) * 3;
      ALEXNET_UNROLL
      for (int c = 0; c < 3; ++c) {
        const float below = mean ? mean[under + c] : source.mean_rgb[c];
        v[c] = (static_cast<float>(rgb[c]) + (colour[c] - below)) * source.gain[c];
      }
    }
  };

  ALEXNET_HD Row row(int64_t image, int32_t y) const {
    constexpr int32_t kSide = 256;
    const RecordDraw& draw = draws[image];
    const auto side = static_cast<int32_t>(pieces.side);
    const int32_t place = ((draw.top + y) * kSide + draw.left) * 3;  // in the record
    const uint8_t* piece = pieces.data + (draw.piece - pieces.first) * (side * side * 3);
    // A mean that does not follow lies under the middle, also under a mirrored crop.
    const int32_t centre = (kSide - size) / 2;
    return {*this,
            piece + (side == kSide ? place : y * side * 3),
            mean ? mean + (mean_follows_crop ? place : ((centre + y) * kSide + centre) * 3) : nullptr,
            draw.mirror != 0,
            {draw.colour[0], draw.colour[1], draw.colour[2]}};
  }
};

/// Which rows hold an image; the others are zeros.
struct ValidRows {
  const int32_t* labels;  // or null
  int64_t valid;          // without labels: so many, from the first on

  ALEXNET_HD bool has(int64_t row) const { return labels ? labels[row] >= 0 : row < valid; }
};

/// Inputs that are made already: [images, 3, size, size] or [images, size, size, 3].
template <class T>
struct ImageSource {
  const T* images;
  int32_t size;
  bool channels_last;

  struct Row {
    const T* first;
    int32_t pixel_stride, channel_stride;

    ALEXNET_HD void pixel(int32_t x, float* v) const {
      ALEXNET_UNROLL
      for (int c = 0; c < 3; ++c) v[c] = to_float(first[x * pixel_stride + c * channel_stride]);
    }
  };

  ALEXNET_HD Row row(int64_t image, int32_t y) const {
    const int32_t plane = size * size;
    const T* whole = images + image * 3 * plane;
    return channels_last ? Row{whole + y * size * 3, 3, 1} : Row{whole + y * size, 1, plane};
  }
};

/// One call a pixel; zeros for rows without a label.
template <class T, class Source>
struct WriteInput {
  Source source;
  ValidRows rows;
  T* out;
  int32_t size;
  int32_t channels;  // stored ones of a pixel; 0: planar

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const int32_t y = index / size, x = index % size, plane = size * size;
    float v[3] = {0, 0, 0};
    if (rows.has(image)) source.row(image, y).pixel(x, v);
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

/// Space to depth: of a deep pixel's block * block pixels some neighbouring ones a call, zeros outside the
/// image and for rows without a label. kBlock: known when compiling, and then two rows of it a call, for what
/// a row's pixels share is found once; or 0, and one pixel.
template <class T, class Source, int kBlock>
struct WriteBlocks {
  static constexpr int kRows = kBlock > 0 ? 2 : 1, kColumns = kBlock > 0 ? kBlock : 1;
  static constexpr int kPixels = kRows * kColumns;

  Source source;
  ValidRows rows;
  T* out;
  int32_t size, any_block, pad, blocks_a_row;

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const auto block = static_cast<uint32_t>(kBlock > 0 ? kBlock : any_block);
    const uint32_t groups = block * block / kPixels;  // a deep pixel
    const auto i = static_cast<uint32_t>(index), across = static_cast<uint32_t>(blocks_a_row);
    const uint32_t deep = i / groups, first = i % groups * kPixels;
    const auto top = static_cast<int32_t>(deep / across * block + first / block) - pad;
    const auto left = static_cast<int32_t>(deep % across * block + first % block) - pad;
    const bool counts = rows.has(image);
    float v[3 * kPixels] = {};
    ALEXNET_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const int32_t y = top + r;
      if (!counts || y < 0 || y >= size) continue;
      const auto row = source.row(image, y);
      ALEXNET_UNROLL
      for (int c = 0; c < kColumns; ++c)
        if (const int32_t x = left + c; x >= 0 && x < size) row.pixel(x, v + 3 * (r * kColumns + c));
    }
    const int64_t calls = static_cast<int64_t>(across) * across * groups;
    put(v, out + (image * calls + index) * (3 * kPixels));
  }

 private:
  ALEXNET_HD static void put(const float* v, T* to) {
    constexpr int kWidth = kPixels % kVector == 0 ? kVector : 1;
    ALEXNET_UNROLL
    for (int at = 0; at < 3 * kPixels; at += kWidth) {
      Floats<kWidth> some;
      ALEXNET_UNROLL
      for (int i = 0; i < kWidth; ++i) some.v[i] = v[at + i];
      store<kWidth>(to + at, some);
    }
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
void run_write_input_from(const Run& run, const Source& source, const ValidRows& rows, int64_t images, T* out,
                          const NetInputFormat& format) {
  const auto size = static_cast<int32_t>(format.size), block = static_cast<int32_t>(format.block);
  if (reinterpret_cast<uintptr_t>(out) % 16 != 0)
    throw Error(ErrorCode::kInvalidArgument, "the net's input must lie on a 16-byte boundary");
  if (format.arrangement != InputArrangement::kSpaceToDepth) {
    const bool planar = format.arrangement == InputArrangement::kPlanar;
    const WriteInput<T, Source> op{source, rows, out, size,
                                   planar ? 0 : static_cast<int32_t>(format.channels)};
    run.each(op, images, format.image_pixels());
    return;
  }
  const auto go = [&]<int kBlock>() {
    using Op = WriteBlocks<T, Source, kBlock>;
    const Op op{source,
                rows,
                out,
                size,
                block,
                static_cast<int32_t>(format.pad),
                static_cast<int32_t>(format.blocks_a_row)};
    run.each(op, images, format.image_pixels() / Op::kPixels);
  };
  if (block == 4)
    go.template operator()<4>();
  else
    go.template operator()<0>();
}

template <class Run, class T>
void run_write_input(const Run& run, const RecordPieces& pieces, const RecordDraw* draws,
                     const int32_t* labels, int64_t valid, int64_t images, const Preprocessing& pre,
                     const float* mean_image, T* out, const NetInputFormat& format) {
  check_input_format(format);
  if (pre.crop_size != format.size || (pre.mean == MeanMode::kImage) != (mean_image != nullptr))
    throw Error(ErrorCode::kInvalidArgument, "the preprocessing does not fit the net's input");
  if (pieces.side != kPackSize && pieces.side != pre.crop_size)
    throw Error(ErrorCode::kInvalidArgument, "a piece is a whole record or a crop of it");
  RecordSource source{pieces, draws, mean_image, pre.mean_follows_crop, static_cast<int32_t>(format.size),
                      {},     {}};
  for (size_t c = 0; c < 3; ++c) {
    source.mean_rgb[c] = pre.mean == MeanMode::kRgb ? pre.mean_rgb[c] : 0.0f;
    source.gain[c] = pre.gain[c];
  }
  run_write_input_from(run, source, ValidRows{labels, valid}, images, out, format);
}

template <class Run, class T>
void run_arrange_input(const Run& run, const T* images, InputLayout layout, const int32_t* labels,
                       int64_t count, T* out, const NetInputFormat& format) {
  check_input_format(format);
  const ImageSource<T> source{images, static_cast<int32_t>(format.size), layout == InputLayout::kNhwc};
  run_write_input_from(run, source, ValidRows{labels, count}, count, out, format);
}

}  // namespace alexnet::cuda
