// Packing speed a core: pack_bench FOLDER [PHOTOS]
//
// Packs the 500x375 JPEGs in FOLDER on one thread and prints one JSON line; times are CPU seconds. When
// FOLDER has none, 400 are made there first: cut from the photos below the folder PHOTOS, or else drawn.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "alexnet/error.h"
#include "alexnet/image.h"
#include "alexnet/pack.h"
#include "alexnet/random.h"

namespace {

namespace fs = std::filesystem;
using namespace alexnet;

constexpr int64_t kWidth = 500, kHeight = 375;
constexpr int kPhotos = 400, kQuality = 90;

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  if (fs::is_directory(folder))
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

/// The centre of a photo that is large enough, else an empty image.
RgbImage cut_photo(const fs::path& path) {
  try {
    std::ifstream file(path, std::ios::binary);
    const std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(file)), {});
    const RgbImage photo = decode_image(bytes);
    if (photo.width < kWidth || photo.height < kHeight) return {};
    RgbImage cut{kHeight, kWidth, {}};
    for (int64_t y = 0; y < kHeight; ++y) {
      const auto from = photo.pixels.begin() +
                        (((photo.height - kHeight) / 2 + y) * photo.width + (photo.width - kWidth) / 2) * 3;
      cut.pixels.insert(cut.pixels.end(), from, from + kWidth * 3);
    }
    return cut;
  } catch (const Error&) {
    return {};
  }
}

/// Smooth noise of several scales, about as hard to encode as a photo.
RgbImage draw_photo(uint64_t number) {
  RgbImage image{kHeight, kWidth, std::vector<uint8_t>(kWidth * kHeight * 3)};
  const RandomStream stream{number, RandomPurpose::kSample};
  const auto value = [&](int64_t octave, int64_t y, int64_t x, int c) {
    return uniform01(
        stream.words(static_cast<uint64_t>((octave * 1024 + y) * 1024 + x))[static_cast<size_t>(c)]);
  };
  for (int64_t y = 0; y < kHeight; ++y) {
    for (int64_t x = 0; x < kWidth; ++x) {
      for (int c = 0; c < 3; ++c) {
        float sum = 0;
        for (int octave = 0; octave < 6; ++octave) {
          const int64_t cell = int64_t{64} >> octave;
          const float fy = static_cast<float>(y % cell) / static_cast<float>(cell);
          const float fx = static_cast<float>(x % cell) / static_cast<float>(cell);
          const int64_t cy = y / cell, cx = x / cell;
          const float top = value(octave, cy, cx, c) * (1 - fx) + value(octave, cy, cx + 1, c) * fx;
          const float bottom =
              value(octave, cy + 1, cx, c) * (1 - fx) + value(octave, cy + 1, cx + 1, c) * fx;
          sum += (top * (1 - fy) + bottom * fy - 0.5f) * 90 / static_cast<float>(octave + 1);
        }
        image.pixels[static_cast<size_t>((y * kWidth + x) * 3 + c)] =
            static_cast<uint8_t>(std::clamp(128 + sum, 0.0f, 255.0f));
      }
    }
  }
  return image;
}

void make_photos(const fs::path& folder, const fs::path& source) {
  fs::create_directories(folder);
  std::vector<std::vector<uint8_t>> photos;
  for (const fs::path& path : source.empty() ? std::vector<fs::path>{} : files_below(source)) {
    const RgbImage cut = cut_photo(path);
    if (!cut.pixels.empty()) photos.push_back(encode_jpeg(cut, kQuality));
    if (photos.size() == kPhotos) break;
  }
  for (uint64_t i = 0; photos.empty() || (source.empty() && photos.size() < 40); ++i)
    photos.push_back(encode_jpeg(draw_photo(i), kQuality));
  for (size_t i = 0; i < kPhotos; ++i) {
    const std::vector<uint8_t>& bytes = photos[i % photos.size()];
    std::ofstream file(folder / (std::to_string(1000 + i) + ".jpg"), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
}

int run(const fs::path& folder, const fs::path& source) {
  std::vector<fs::path> files = files_below(folder);
  if (files.empty()) {
    make_photos(folder, source);
    files = files_below(folder);
  }
  const fs::path work = fs::temp_directory_path() / ("pack-bench-" + std::to_string(std::time(nullptr)));
  fs::create_directories(work);
  PackOptions options;
  options.plan_path = (work / "plan.jsonl").string();
  options.pack_path = (work / "bench.pack").string();
  options.result_path = (work / "results.jsonl").string();
  options.classes = 1;
  options.threads = 1;
  uint64_t bytes = 0;
  {
    std::ofstream plan(options.plan_path);
    for (const fs::path& path : files) {
      plan << nlohmann::json{{"path", fs::absolute(path).string()}, {"label", 0}}.dump() << "\n";
      bytes += fs::file_size(path);
    }
  }
  for (const fs::path& path : files) load_square(path.string());  // files into the page cache
  double start = cpu_seconds();
  for (const fs::path& path : files) load_square(path.string());
  const double decode_seconds = cpu_seconds() - start;
  start = cpu_seconds();
  const std::atomic<bool> cancel{false};
  const PackResult result = write_pack(options, {}, cancel);
  const double seconds = cpu_seconds() - start;
  fs::remove_all(work);
  const auto images = static_cast<double>(result.packed);
  const nlohmann::json line{{"what", "pack"},
                            {"images", result.packed},
                            {"mean_file_bytes", bytes / std::max<uint64_t>(files.size(), 1)},
                            {"seconds_per_core", seconds},
                            {"images_per_core_s", images / seconds},
                            {"decode_images_per_core_s", images / decode_seconds}};
  std::printf("%s\n", line.dump().c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: %s FOLDER [PHOTOS]\n", argv[0]);
    return 2;
  }
  try {
    return run(argv[1], argc > 2 ? argv[2] : "");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
