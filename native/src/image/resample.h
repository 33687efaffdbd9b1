// The anti-aliased scaling of an image's central square: a triangle filter whose support grows with the
// reduction (what PIL calls BILINEAR), in fixed point, so that the result is the same on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "alexnet/image.h"

namespace alexnet::image {

/// For each output position along one axis: the first input position and `taps` weights (even, padded with
/// zeros) from there on.
struct AxisFilter {
  int taps = 0;
  int64_t begin = 0, end = 0;  // the input positions that are read at all
  std::vector<int32_t> first;
  std::vector<int16_t> weights;  // [out][taps]
};

/// Maps [from, from + length) of an axis of `input` positions onto `output` positions. Positions beside the
/// range but inside the axis take part in the filter.
AxisFilter make_axis_filter(int64_t input, double from, double length, int64_t output);

/// The square that is cut out, in the coordinates of the image as it is fed in.
struct SquareBox {
  double left = 0, top = 0, side = 0;
};

/// The central square of an image of this size.
SquareBox central_square(int64_t width, int64_t height);

/// Fed rows from top to bottom, gives the scaled square. Only rows first_row() .. end_row() - 1 and columns
/// first_column() .. end_column() - 1 are needed; it holds no more rows than the filter is high.
class SquareResampler {
 public:
  SquareResampler(int64_t width, int64_t height, const SquareBox& box, int64_t size);

  int64_t first_row() const { return rows_.begin; }
  int64_t end_row() const { return rows_.end; }
  int64_t first_column() const { return columns_.begin; }
  int64_t end_column() const { return columns_.end; }

  /// Takes the next needed row; `row` points at the pixel of first_column().
  void push(const uint8_t* row);

  /// The square, after end_row() - first_row() rows.
  RgbImage take();

 private:
  void emit(int64_t y);

  AxisFilter columns_, rows_;
  int64_t row_bytes_;
  int64_t next_row_, next_output_ = 0;
  std::vector<uint8_t> ring_;          // the last rows_.taps rows, row r in slot r % taps
  std::vector<int16_t> intermediate_;  // one row, scaled vertically
  std::vector<const uint8_t*> pointers_;
  RgbImage result_;
};

}  // namespace alexnet::image
