// The resampler against the same filter in double, and its instruction sets against each other.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "image/resample.h"
#include "image/resample_kernels.h"
#include "image/samples.h"
#include "isa.h"

namespace {

using namespace alexnet;

/// The triangle filter of the box [from, from + length) along one axis, in double: position `out` of
/// `output`.
double filtered(const std::vector<double>& values, double from, double length, int64_t output, int64_t out) {
  const double scale = length / static_cast<double>(output), support = std::max(scale, 1.0);
  const double centre = from + (static_cast<double>(out) + 0.5) * scale;
  double sum = 0, weight_sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double weight = std::max(0.0, 1 - std::abs(static_cast<double>(i) + 0.5 - centre) / support);
    sum += weight * values[i];
    weight_sum += weight;
  }
  return sum / weight_sum;
}

std::vector<double> exact_square(const RgbImage& image, int64_t size) {
  const image::SquareBox box = image::central_square(image.width, image.height);
  std::vector<double> columns(static_cast<size_t>(image.height * size * 3));
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t c = 0; c < 3; ++c) {
      std::vector<double> line(static_cast<size_t>(image.width));
      for (int64_t x = 0; x < image.width; ++x) line[x] = image.pixels[(y * image.width + x) * 3 + c];
      for (int64_t x = 0; x < size; ++x)
        columns[(y * size + x) * 3 + c] = filtered(line, box.left, box.side, size, x);
    }
  }
  std::vector<double> result(static_cast<size_t>(size * size * 3));
  for (int64_t i = 0; i < size * 3; ++i) {
    std::vector<double> line(static_cast<size_t>(image.height));
    for (int64_t y = 0; y < image.height; ++y) line[y] = columns[y * size * 3 + i];
    for (int64_t y = 0; y < size; ++y) result[y * size * 3 + i] = filtered(line, box.top, box.side, size, y);
  }
  return result;
}

}  // namespace

TEST_CASE("the scaled square is the filter's exact value, rounded") {
  const int64_t sizes[][3] = {{100, 75, 64}, {75, 100, 64}, {33, 200, 16}, {64, 64, 64},
                              {7, 5, 32},    {1, 1, 8},     {1, 50, 8},    {301, 299, 20}};
  for (const auto& [width, height, size] : sizes) {
    CAPTURE(width);
    CAPTURE(height);
    const RgbImage source = samples::noise(width, height, 1);
    const RgbImage square = resize_and_crop(source, size);
    REQUIRE(square.width == size);
    REQUIRE(square.height == size);
    const std::vector<double> exact = exact_square(source, size);
    double worst = 0;
    for (size_t i = 0; i < exact.size(); ++i) worst = std::max(worst, std::abs(exact[i] - square.pixels[i]));
    // Half a level is the final rounding; 14-bit weights and 7 fraction bits between the passes add little.
    CHECK(worst < 0.56);
  }
}

TEST_CASE("a flat image stays flat, whatever the reduction") {
  for (const int64_t side : {3, 255, 256, 257, 999, 5000}) {
    const RgbImage flat{side, side, std::vector<uint8_t>(static_cast<size_t>(side * side * 3), 255)};
    const RgbImage square = resize_and_crop(flat);
    CHECK(std::all_of(square.pixels.begin(), square.pixels.end(), [](uint8_t v) { return v == 255; }));
  }
}

TEST_CASE("an image of the wanted size is unchanged") {
  const RgbImage source = samples::noise(256, 256, 2);
  CHECK(resize_and_crop(source).pixels == source.pixels);
}

TEST_CASE("the square is the centre: what is cut off does not show") {
  RgbImage wide = samples::noise(600, 100, 3);
  const RgbImage before = resize_and_crop(wide, 50);
  for (int64_t y = 0; y < 100; ++y)
    for (int64_t x = 0; x < 600; ++x)
      if (x < 240 || x >= 360) wide.pixels[(y * 600 + x) * 3] ^= 0xFF;
  CHECK(resize_and_crop(wide, 50).pixels == before.pixels);
}

TEST_CASE("every instruction set gives the same bits") {
  std::vector<const image::ResampleKernels*> sets;
  if (current_isa() >= Isa::kAvx2) sets.push_back(&avx2::kResampleKernels);
  if (current_isa() >= Isa::kAvx512) sets.push_back(&avx512::kResampleKernels);
  if (sets.empty()) MESSAGE("this machine has the baseline instructions only");
  const RgbImage source = samples::noise(173, 64, 4);
  for (const int64_t width : {1, 2, 5, 40}) {
    const image::AxisFilter filter = image::make_axis_filter(173, 10, 150, width);
    std::vector<const uint8_t*> rows;
    for (int k = 0; k < filter.taps; ++k) rows.push_back(&source.pixels[(k % 64) * 173 * 3]);
    std::vector<int32_t> first = filter.first;
    for (int32_t& f : first) f *= 3;
    const auto run = [&](const image::ResampleKernels& kernels) {
      std::vector<int16_t> row(173 * 3 + filter.taps * 3 + 8, 0);
      std::vector<uint8_t> out(width * 3);
      kernels.blend_rows(rows.data(), filter.weights.data(), filter.taps, 173 * 3, row.data());
      kernels.scale_row(row.data(), first.data(), filter.weights.data(), filter.taps, width, out.data());
      return std::pair(row, out);
    };
    const auto expected = run(baseline::kResampleKernels);
    for (const image::ResampleKernels* set : sets) CHECK(run(*set) == expected);
  }
}

TEST_CASE("weights add up exactly and stay inside the axis") {
  const double cases[][4] = {
      {10, 0, 10, 256}, {4000, 1996, 8, 256}, {3, 0.5, 2, 7}, {100000, 0, 100000, 256}};
  for (const auto& c : cases) {
    const auto input = static_cast<int64_t>(c[0]), output = static_cast<int64_t>(c[3]);
    const image::AxisFilter filter = image::make_axis_filter(input, c[1], c[2], output);
    int wrong = 0;
    for (int64_t out = 0; out < output; ++out) {
      int sum = 0;
      for (int k = 0; k < filter.taps; ++k) {
        const int weight = filter.weights[out * filter.taps + k];
        sum += weight;
        wrong += weight < 0 || (weight > 0 && filter.first[out] + k >= input);
      }
      wrong += sum != 1 << image::kWeightBits;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("sizes that make no sense are refused") {
  CHECK(samples::error_of([] { resize_and_crop(RgbImage{}); }) == "INVALID_ARGUMENT");
  CHECK(samples::error_of([] { resize_and_crop(samples::scene(4, 4), 0); }) == "INVALID_ARGUMENT");
  CHECK(samples::error_of([] {
          resize_and_crop(RgbImage{4, 4, std::vector<uint8_t>(5)});
        }) == "INVALID_ARGUMENT");
}
