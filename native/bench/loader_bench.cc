// Reading and augmenting packed records: loader_bench [RECORDS]
//
// Makes a pack of random records, then draws crops, mirrors and colour noise and writes inputs with the mean
// image subtracted, on one thread, into a batch of 128 as training does; and the same for devices that make
// inputs themselves, where only the draws and the crops' bytes are handed over. Prints one JSON line for each
// layout and type; times are CPU seconds. Then the loader itself, with more and more threads, filling batches
// of bytes: images a second by the clock, which is what a GPU may take without waiting.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "alexnet/error.h"
#include "alexnet/image.h"
#include "alexnet/pack.h"
#include "alexnet/random.h"
#include "alexnet/sampling.h"
#include "cpu/buffer.h"
#include "train/loader.h"

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

Preprocessing preprocessing_of(const PackReader& pack) {
  Preprocessing pre;
  pre.crop_size = kCrop;
  pre.mean_image = pack.statistics().mean_image;
  for (size_t i = 0; i < 3; ++i) pre.colour_deviations[i] = std::sqrt(pack.statistics().eigenvalues[i]);
  pre.colour_axes = pack.statistics().eigenvectors;
  return pre;
}

/// Batches made by `put(samples)`, over and over, on one thread.
template <class Put>
void measure(const PackReader& pack, const Preprocessing& pre, const char* layout, const char* type,
             const Put& put) {
  const AugmentationSpec spec;
  double seconds = 0;
  int64_t images = 0;
  for (uint32_t epoch = 0; epoch < 2 || seconds < 1; ++epoch) {
    const std::vector<uint32_t> order = epoch_order(1, epoch, static_cast<uint32_t>(pack.count()), true);
    const double start = cpu_seconds();
    std::vector<RecordSample> samples;
    for (const uint32_t image : order) {
      samples.push_back({pack.record(image), training_sample(spec, pre, 1, epoch, image)});
      if (samples.size() < kBatch && image != order.back()) continue;
      put(samples);
      samples.clear();
    }
    if (epoch == 0) continue;  // the first brings the pack into memory
    seconds += cpu_seconds() - start;
    images += pack.count();
  }
  const nlohmann::json line{{"what", "loader"},
                            {"layout", layout},
                            {"type", type},
                            {"images", images},
                            {"seconds_per_core", seconds},
                            {"images_per_core_s", static_cast<double>(images) / seconds}};
  std::printf("%s\n", line.dump().c_str());
}

/// The loader's own threads filling batches of bytes, each batch dropped as soon as it is there.
void measure_threads(const PackReader& pack, const Preprocessing& pre, int threads) {
  constexpr int64_t kLargeBatch = 256;
  train::Loader loader(pack, pre, {.inputs = {}, .records = true},
                       {.batch = kLargeBatch, .seed = 1, .threads = threads});
  loader.restart(0, {});
  for (int i = 0; i < 2 * threads; ++i) loader.next();
  const auto start = std::chrono::steady_clock::now();
  double seconds = 0;
  int64_t images = 0;
  while (seconds < 1) {
    images += loader.next().valid;
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  const nlohmann::json line{{"what", "loader threads"},
                            {"type", "records"},
                            {"threads", threads},
                            {"images_per_s", static_cast<double>(images) / seconds}};
  std::printf("%s\n", line.dump().c_str());
}

int run(int64_t records) {
  const fs::path work = fs::temp_directory_path() / ("loader-bench-" + std::to_string(std::time(nullptr)));
  fs::create_directories(work);
  const std::string path = (work / "bench.pack").string();
  make_pack(work, records, path);
  {
    const PackReader pack(path);
    const Preprocessing pre = preprocessing_of(pack);
    cpu::Buffer<uint8_t> batch(kBatch * kCrop * kCrop * 3 * 4);
    for (const InputLayout layout : {InputLayout::kNchw, InputLayout::kNhwc})
      for (const InputType type : {InputType::kFloat32, InputType::kBfloat16}) {
        const bool bf16 = type == InputType::kBfloat16;
        measure(pack, pre, layout == InputLayout::kNchw ? "nchw" : "nhwc", bf16 ? "bf16" : "fp32",
                [&](std::span<const RecordSample> samples) {
                  write_inputs(samples, pre, layout, type, batch.data());
                });
      }
    train::BatchBuffer buffer({.inputs = {}, .records = true}, kBatch, pre, {});
    measure(pack, pre, "nhwc", "records",
            [&](std::span<const RecordSample> samples) { buffer.put(0, samples); });
    const int cores = static_cast<int>(std::thread::hardware_concurrency());
    for (int threads = 1; threads <= cores; threads *= 2) measure_threads(pack, pre, threads);
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
