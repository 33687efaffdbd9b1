// Times training steps of a preset's net on random data: no pack, no loader. Prints one JSON line.
//
//   step_bench PRESET.json [--batch N] [--steps N] [--warmup N] [--threads N] [--devices N]
//              [--precision fp32|bf16] [--classes N]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

#include "alexnet/error.h"
#include "alexnet/run_config.h"
#include "preset.h"
#include "random_training.h"
#include "train/devices.h"

using namespace alexnet;
using nlohmann::ordered_json;

namespace {

struct Options {
  std::string preset;
  int64_t batch = 128, steps = 5, warmup = 2, classes = 1000;
  int threads = 0, devices = 1;
  std::string precision = "fp32";
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name.rfind("--", 0) != 0) {
      options.preset = name;
      continue;
    }
    if (++i >= argc) throw Error(ErrorCode::kInvalidArgument, name + " needs a value");
    const std::string value = argv[i];
    if (name == "--batch")
      options.batch = std::stoll(value);
    else if (name == "--steps")
      options.steps = std::stoll(value);
    else if (name == "--warmup")
      options.warmup = std::stoll(value);
    else if (name == "--classes")
      options.classes = std::stoll(value);
    else if (name == "--threads")
      options.threads = std::stoi(value);
    else if (name == "--devices")
      options.devices = std::stoi(value);
    else if (name == "--precision")
      options.precision = value;
    else
      throw Error(ErrorCode::kInvalidArgument, "unknown option " + name);
  }
  if (options.preset.empty()) throw Error(ErrorCode::kInvalidArgument, "which preset file?");
  return options;
}

RunConfig read_config(const Options& options) {
  ordered_json config = bench::preset_config(options.preset, options.classes, options.precision);
  config["devices"] = ordered_json::array();
  for (int d = 0; d < options.devices; ++d) config["devices"].push_back("cpu");
  return parse_run_config(config.dump());
}

void run(const Options& options) {
  const RunConfig config = read_config(options);
  const NetPlan plan = plan_net(config.net);
  auto team = train::make_team(plan, {.devices = config.devices,
                                      .precision = config.precision,
                                      .threads = options.threads,
                                      .batch = options.batch,
                                      .training = true});
  bench::write_initial_weights(*team, plan);
  const bench::RandomBatch batch(*team, config.net, options.batch);
  const std::vector<columns::LayerUpdate> updates = bench::even_updates(plan);
  uint32_t step = 0;
  double exchange_ms = 0;
  const auto one = [&] {
    exchange_ms += team->train({batch.images.get(), batch.labels.data(), options.batch},
                               {.training = true, .seed = 1, .step = step++}, updates)
                       .exchange_ms;
  };
  for (int64_t i = 0; i < options.warmup; ++i) one();
  exchange_ms = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < options.steps; ++i) one();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const ordered_json line{{"what", "train"},
                          {"engine", "alexnet-studio"},
                          {"preset", config.preset},
                          {"precision", options.precision},
                          {"batch", options.batch},
                          {"threads", options.threads},
                          {"devices", options.devices},
                          {"ms_per_step", 1000 * seconds / static_cast<double>(options.steps)},
                          {"exchange_ms_per_step", exchange_ms / static_cast<double>(options.steps)},
                          {"images_per_s", static_cast<double>(options.batch * options.steps) / seconds}};
  std::printf("%s\n", line.dump().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "step_bench: %s\n", error.what());
    return 1;
  }
}
