// Reading and augmenting packed records: loader_bench [RECORDS]
//
// Makes a pack of random records, then draws crops, mirrors and colour noise and writes inputs with the mean
// image subtracted, on one thread, into a batch of 128 as training does. Prints one JSON line for each layout
// and type; times are CPU seconds.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "alexnet/error.h"
#include "alexnet/image.h"
#include "alexnet/pack.h"
#include "alexnet/random.h"
#include "alexnet/sampling.h"
#include "cpu/buffer.h"

namespace {

namespace fs = std::filesystem;
using namespace alexnet;

constexpr int64_t kBatch = 128, kCrop = 224;

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// A pack of `count` records: a few different images, each named many times in the plan.
void make_pack(const fs::path& folder, int64_t count, const std::string& pack_path) {
  constexpr int64_t kImages = 16;
  for (int64_t i = 0; i < kImages; ++i) {
    RgbImage image{kPackSize, kPackSize, std::vector<uint8_t>(static_cast<size_t>(kRecordBytes))};
    const RandomStream stream{static_cast<uint64_t>(i), RandomPurpose::kSample};
    for (size_t k = 0; k < image.pixels.size(); ++k)
      image.pixels[k] = static_cast<uint8_t>(stream.words(k / 4)[k % 4] >> 24);
    const std::vector<uint8_t> bytes = encode_jpeg(image, 50);
    std::ofstream file(folder / (std::to_string(i) + ".jpg"), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  PackOptions options;
  options.plan_path = (folder / "plan.jsonl").string();
  options.pack_path = pack_path;
  options.result_path = (folder / "results.jsonl").string();
  options.classes = 1;
  {
    std::ofstream plan(options.plan_path);
    for (int64_t i = 0; i < count; ++i)
      plan << nlohmann::json{{"path", (folder / (std::to_string(i % kImages) + ".jpg")).string()},
                             {"label", 0}}
                  .dump()
           << "\n";
  }
  const std::atomic<bool> cancel{false};
  write_pack(options, {}, cancel);
}

void measure(const PackReader& pack, InputLayout layout, InputType type, void* batch) {
  Preprocessing pre;
  pre.crop_size = kCrop;
  pre.mean_image = pack.statistics().mean_image;
  for (size_t i = 0; i < 3; ++i) pre.colour_deviations[i] = std::sqrt(pack.statistics().eigenvalues[i]);
  pre.colour_axes = pack.statistics().eigenvectors;
  const AugmentationSpec spec;
  const size_t bytes = static_cast<size_t>(kCrop * kCrop * 3) * (type == InputType::kFloat32 ? 4 : 2);
  double seconds = 0;
  int64_t images = 0;
  for (uint32_t epoch = 0; epoch < 2 || seconds < 1; ++epoch) {
    const std::vector<uint32_t> order = epoch_order(1, epoch, static_cast<uint32_t>(pack.count()), true);
    const double start = cpu_seconds();
    for (size_t i = 0; i < order.size(); ++i) {
      const Sample sample = training_sample(spec, pre, 1, epoch, order[i]);
      write_input(pack.record(order[i]), sample, pre, layout, type,
                  static_cast<uint8_t*>(batch) + i % kBatch * bytes);
    }
    if (epoch == 0) continue;  // the first brings the pack into memory
    seconds += cpu_seconds() - start;
    images += pack.count();
  }
  const nlohmann::json line{{"what", "loader"},
                            {"layout", layout == InputLayout::kNchw ? "nchw" : "nhwc"},
                            {"type", type == InputType::kFloat32 ? "fp32" : "bf16"},
                            {"images", images},
                            {"seconds_per_core", seconds},
                            {"images_per_core_s", static_cast<double>(images) / seconds}};
  std::printf("%s\n", line.dump().c_str());
}

int run(int64_t records) {
  const fs::path work = fs::temp_directory_path() / ("loader-bench-" + std::to_string(std::time(nullptr)));
  fs::create_directories(work);
  const std::string path = (work / "bench.pack").string();
  make_pack(work, records, path);
  {
    const PackReader pack(path);
    cpu::Buffer<float> batch(kBatch * kCrop * kCrop * 3);
    for (const InputLayout layout : {InputLayout::kNchw, InputLayout::kNhwc})
      for (const InputType type : {InputType::kFloat32, InputType::kBfloat16})
        measure(pack, layout, type, batch.data());
  }
  fs::remove_all(work);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t records = argc > 1 ? std::atoll(argv[1]) : 2000;
  if (argc > 2 || records < 1) {
    std::fprintf(stderr, "usage: %s [RECORDS]\n", argv[0]);
    return 2;
  }
  try {
    return run(records);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
