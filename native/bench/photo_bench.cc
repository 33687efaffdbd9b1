// Classifies photos one by one, the model loaded, decoding included. Prints one JSON line.
//
//   photo_bench PRESET.json FOLDER [--threads N] [--precision fp32|bf16] [--classes N] [--rounds N]
//
// The weights are the preset's initial draw. Every file of FOLDER is classified in each round, after one
// round that is not counted.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "alexnet/error.h"
#include "alexnet/image.h"
#include "alexnet/predictor.h"
#include "alexnet/run_config.h"
#include "preset.h"
#include "spec/init.h"

using namespace alexnet;
using nlohmann::ordered_json;

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string preset, folder, precision = "fp32";
  int64_t classes = 1000;
  int threads = 0, rounds = 5;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name.rfind("--", 0) != 0) {
      (options.preset.empty() ? options.preset : options.folder) = name;
      continue;
    }
    if (++i >= argc) throw Error(ErrorCode::kInvalidArgument, name + " needs a value");
    const std::string value = argv[i];
    if (name == "--threads")
      options.threads = std::stoi(value);
    else if (name == "--precision")
      options.precision = value;
    else if (name == "--classes")
      options.classes = std::stoll(value);
    else if (name == "--rounds")
      options.rounds = std::stoi(value);
    else
      throw Error(ErrorCode::kInvalidArgument, "unknown option " + name);
  }
  if (options.folder.empty()) throw Error(ErrorCode::kInvalidArgument, "which preset file, which folder?");
  return options;
}

RunConfig read_config(const Options& options) {
  ordered_json config = bench::preset_config(options.preset, options.classes, options.precision);
  return parse_run_config(config.dump());
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void run(const Options& options) {
  const RunConfig config = read_config(options);
  PredictorOptions predictor_options;
  predictor_options.net = config.net;
  predictor_options.precision = config.precision;
  predictor_options.threads = options.threads;
  predictor_options.preprocessing.crop_size = config.net.input_size;
  predictor_options.preprocessing.mean = MeanMode::kRgb;
  predictor_options.preprocessing.mean_rgb = {127.305f, 119.715f, 104.913f};
  Predictor predictor(predictor_options);
  for (size_t l = 0; l < predictor.plan().layers.size(); ++l) {
    const std::string& name = predictor.plan().layers[l].spec.name;
    predictor.load(name + ".weight", 0, initial_weights(predictor.plan(), l, 1));
    predictor.load(name + ".bias", 0, initial_biases(predictor.plan(), l));
  }

  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(options.folder))
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  if (files.empty()) throw Error(ErrorCode::kNotFound, options.folder + " holds no file");
  std::vector<float> probabilities(static_cast<size_t>(options.classes));
  std::vector<double> total_ms, read_ms;
  for (int round = -1; round < options.rounds; ++round) {
    for (const std::string& file : files) {
      const auto start = Clock::now();
      const RgbImage photo = load_square(file);
      const auto read = Clock::now();
      const uint8_t* const record = photo.pixels.data();
      predictor.predict({&record, 1}, 1, probabilities.data());
      const auto end = Clock::now();
      if (round < 0) continue;
      total_ms.push_back(std::chrono::duration<double, std::milli>(end - start).count());
      read_ms.push_back(std::chrono::duration<double, std::milli>(read - start).count());
    }
  }
  const ordered_json line{{"what", "photo"},
                          {"engine", "alexnet-studio"},
                          {"preset", config.preset},
                          {"precision", options.precision},
                          {"threads", options.threads},
                          {"photos", total_ms.size()},
                          {"ms_per_photo", median(total_ms)},
                          {"read_ms", median(read_ms)},
                          {"best_ms", *std::min_element(total_ms.begin(), total_ms.end())}};
  std::printf("%s\n", line.dump().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "photo_bench: %s\n", error.what());
    return 1;
  }
}
