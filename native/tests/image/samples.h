// Images for the tests, made in memory, and the files of ../shared where those are present.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "alexnet/error.h"
#include "alexnet/image.h"
#include "alexnet/random.h"

namespace samples {

inline std::vector<uint8_t> read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::filesystem::path awkward() {
  return std::filesystem::path(ALEXNET_SHARED_DIR) / "data" / "awkward";
}

/// Independent random bytes: the hardest content for a filter.
inline alexnet::RgbImage noise(int64_t width, int64_t height, uint64_t seed) {
  alexnet::RgbImage image{height, width, std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
  const alexnet::RandomStream stream{seed, alexnet::RandomPurpose::kSample};
  for (size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<uint8_t>(stream.words(i / 4)[i % 4] >> 24);
  return image;
}

/// Smooth, different in every quarter, so that any wrong turn shows.
inline alexnet::RgbImage scene(int64_t width, int64_t height) {
  alexnet::RgbImage image{height, width, std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      uint8_t* p = &image.pixels[static_cast<size_t>((y * width + x) * 3)];
      p[0] = static_cast<uint8_t>(20 + 200 * x / width);
      p[1] = static_cast<uint8_t>(230 - 200 * y / height);
      p[2] = static_cast<uint8_t>(x > width / 2 && y < height / 2 ? 200 : 60);
    }
  }
  return image;
}

struct Difference {
  int largest = 0;
  double mean = 0;
};

inline Difference compare(const alexnet::RgbImage& a, const alexnet::RgbImage& b) {
  if (a.width != b.width || a.height != b.height || a.pixels.size() != b.pixels.size()) return {256, 256};
  Difference difference;
  for (size_t i = 0; i < a.pixels.size(); ++i) {
    const int d = std::abs(int{a.pixels[i]} - int{b.pixels[i]});
    difference.largest = std::max(difference.largest, d);
    difference.mean += d;
  }
  difference.mean /= static_cast<double>(std::max<size_t>(a.pixels.size(), 1));
  return difference;
}

/// The name of the Error that `call` throws, or "none".
inline std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const alexnet::Error& error) {
    return alexnet::error_code_name(error.code());
  }
  return "none";
}

/// The pixel at (x, y) as 0xRRGGBB.
inline uint32_t pixel(const alexnet::RgbImage& image, int64_t x, int64_t y) {
  const uint8_t* p = &image.pixels[static_cast<size_t>((y * image.width + x) * 3)];
  return static_cast<uint32_t>(p[0] << 16 | p[1] << 8 | p[2]);
}

}  // namespace samples
