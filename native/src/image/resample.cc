#include "image/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "image/resample_kernels.h"

namespace alexnet::image {

AxisFilter make_axis_filter(int64_t input, double from, double length, int64_t output) {
  const double scale = length / static_cast<double>(output);
  const double support = std::max(scale, 1.0);  // the triangle's half width, in input positions
  const int most = static_cast<int>(std::ceil(support)) * 2 + 1;  // positions that a triangle can touch
  AxisFilter filter;
  filter.first.resize(static_cast<size_t>(output));
  filter.begin = input;
  std::vector<int16_t> rows(static_cast<size_t>(output * most), 0);
  std::vector<double> exact(static_cast<size_t>(most));
  int longest = 1;
  for (int64_t out = 0; out < output; ++out) {
    const double centre = from + (static_cast<double>(out) + 0.5) * scale;
    int64_t low = std::clamp<int64_t>(std::llround(std::floor(centre - support + 0.5)), 0, input - 1);
    const int64_t high = std::clamp<int64_t>(std::llround(std::floor(centre + support + 0.5)), low + 1,
                                             std::min<int64_t>(input, low + most));
    int64_t count = high - low;
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      const double distance = std::abs((static_cast<double>(low + i) + 0.5 - centre) / support);
      exact[static_cast<size_t>(i)] = std::max(0.0, 1.0 - distance);
      sum += exact[static_cast<size_t>(i)];
    }
    if (sum <= 0) exact[0] = sum = 1;
    // Rounded one by one; what is missing from the exact sum goes to the largest weight.
    int16_t* weights = &rows[static_cast<size_t>(out * most)];
    int rest = 1 << kWeightBits;
    for (int64_t i = 0; i < count; ++i) {
      weights[i] =
          static_cast<int16_t>(std::lround(exact[static_cast<size_t>(i)] / sum * (1 << kWeightBits)));
      rest -= weights[i];
    }
    int16_t* largest = std::max_element(weights, weights + count);
    *largest = static_cast<int16_t>(*largest + rest);
    // Weights of zero at either end are left out: fewer taps for all.
    int64_t zeros = 0;
    while (weights[zeros] == 0) ++zeros;
    std::rotate(weights, weights + zeros, weights + count);
    low += zeros;
    count -= zeros;
    while (weights[count - 1] == 0) --count;
    filter.first[static_cast<size_t>(out)] = static_cast<int32_t>(low);
    filter.begin = std::min(filter.begin, low);
    filter.end = std::max(filter.end, low + count);
    longest = std::max(longest, static_cast<int>(count));
  }
  filter.taps = (longest + 1) / 2 * 2;
  filter.weights.assign(static_cast<size_t>(output * filter.taps), 0);
  for (int64_t out = 0; out < output; ++out)
    std::copy_n(&rows[static_cast<size_t>(out * most)], std::min(most, filter.taps),
                &filter.weights[static_cast<size_t>(out * filter.taps)]);
  return filter;
}

SquareBox central_square(int64_t width, int64_t height) {
  const int64_t side = std::min(width, height);
  return {static_cast<double>(width - side) / 2, static_cast<double>(height - side) / 2,
          static_cast<double>(side)};
}

SquareResampler::SquareResampler(int64_t width, int64_t height, const SquareBox& box, int64_t size)
    : columns_(make_axis_filter(width, box.left, box.side, size)),
      rows_(make_axis_filter(height, box.top, box.side, size)),
      row_bytes_((columns_.end - columns_.begin) * 3),
      next_row_(rows_.begin),
      pointers_(static_cast<size_t>(rows_.taps)),
      result_{size, size, std::vector<uint8_t>(static_cast<size_t>(size * size * 3))} {
  ring_.resize(static_cast<size_t>(row_bytes_ * rows_.taps));
  // The last positions' zero weights and 8-byte loads read beyond the row: zeros stand there.
  intermediate_.assign(static_cast<size_t>(row_bytes_ + columns_.taps * 3 + 8), 0);
  for (int32_t& first : columns_.first) first = static_cast<int32_t>((first - columns_.begin) * 3);
}

void SquareResampler::push(const uint8_t* row) {
  std::memcpy(&ring_[static_cast<size_t>(next_row_ % rows_.taps * row_bytes_)], row,
              static_cast<size_t>(row_bytes_));
  ++next_row_;
  while (next_output_ < result_.height) {
    const int64_t first = rows_.first[static_cast<size_t>(next_output_)];
    if (next_row_ < std::min<int64_t>(first + rows_.taps, rows_.end)) break;
    emit(next_output_++);
  }
}

void SquareResampler::emit(int64_t y) {
  const int64_t first = rows_.first[static_cast<size_t>(y)];
  for (int k = 0; k < rows_.taps; ++k) {
    const int64_t row = std::min<int64_t>(first + k, next_row_ - 1);  // beyond: its weight is zero
    pointers_[static_cast<size_t>(k)] = &ring_[static_cast<size_t>(row % rows_.taps * row_bytes_)];
  }
  const ResampleKernels& kernels = resample_kernels();
  kernels.blend_rows(pointers_.data(), &rows_.weights[static_cast<size_t>(y * rows_.taps)], rows_.taps,
                     row_bytes_, intermediate_.data());
  kernels.scale_row(intermediate_.data(), columns_.first.data(), columns_.weights.data(), columns_.taps,
                    result_.width, &result_.pixels[static_cast<size_t>(y * result_.width * 3)]);
}

RgbImage SquareResampler::take() { return std::move(result_); }

}  // namespace alexnet::image
