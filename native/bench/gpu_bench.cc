// Times training steps of a preset's net on GPUs, on random data: no pack, no loader. Prints one JSON line,
// with the device's time in each layer, and the bytes and operations that it cannot do without, where that is
// asked for.
//
//   gpu_bench PRESET.json [--devices 0|0,0|0,1] [--precision fp32|tf32|bf16] [--batch N] [--steps N]
//             [--warmup N] [--classes N] [--layers 1] [--ahead 0|1]
//             [--traffic 1]
//
// --traffic 1 needs no GPU: it prints the bytes and operations alone, a line for each kernel of a step.
// --ahead 1, as the trainer does it: a step is started before the one before it is finished.
// The environment's ALEXNET_CUDA_GRAPHS, ALEXNET_CUDA_OVERLAP and ALEXNET_CUDA_ENGINES say how columns work,
// as they do in training. Where engines are measured their times are listed.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

#include <nlohmann/json.hpp>

#include "alexnet/error.h"
#include "alexnet/run_config.h"
#include "columns/team.h"
#include "cuda/loader/device_reports.h"
#include "cuda/loader/plugin_column.h"
#include "cuda/settings.h"
#include "cuda/traffic.h"
#include "preset.h"
#include "random_training.h"

using namespace alexnet;
using nlohmann::ordered_json;

namespace {

struct Options {
  std::string preset, precision = "bf16", devices = "0";
  int64_t batch = 128, steps = 50, warmup = 10, classes = 1000;
  bool layers = false, ahead = true, traffic = false;
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
    if (name == "--devices")
      options.devices = value;
    else if (name == "--precision")
      options.precision = value;
    else if (name == "--batch")
      options.batch = std::stoll(value);
    else if (name == "--steps")
      options.steps = std::stoll(value);
    else if (name == "--warmup")
      options.warmup = std::stoll(value);
    else if (name == "--classes")
      options.classes = std::stoll(value);
    else if (name == "--layers")
      options.layers = value == "1";
    else if (name == "--traffic")
      options.traffic = value == "1";
    else if (name == "--ahead")
      options.ahead = value == "1";
    else
      throw Error(ErrorCode::kInvalidArgument, "unknown option " + name);
  }
  if (options.preset.empty()) throw Error(ErrorCode::kInvalidArgument, "which preset file?");
  return options;
}

std::vector<int> numbers(const std::string& list) {
  std::vector<int> all;
  std::istringstream words(list);
  for (std::string word; std::getline(words, word, ',');) all.push_back(std::stoi(word));
  return all;
}

ordered_json kernels(const NetPlan& plan, int64_t batch, Precision precision) {
  ordered_json all = ordered_json::array();
  for (const cuda::KernelTraffic& k : cuda::step_traffic(plan, batch, precision))
    all.push_back({{"layer", k.layer},
                   {"kernel", k.kernel},
                   {"backward", k.backward},
                   {"bytes", k.bytes},
                   {"flops", k.flops}});
  return all;
}

/// Of each convolution and product: milliseconds of the engine that its library prefers, and of the fastest.
ordered_json measured_engines(const columns::Column& column, const NetPlan& plan) {
  const std::array<const char*, 3> passes{"forward", "gradient of what it reads", "gradient of its weights"};
  const size_t layers = plan.layers.size();
  const std::vector<cuda::PluginEngine> report = cuda::engine_report(column, layers);
  ordered_json all = ordered_json::array();
  for (size_t i = 0; i < report.size(); ++i)
    if (report[i].measured > 0)
      all.push_back({{"layer", plan.layers[i / passes.size()].spec.name},
                     {"pass", passes[i % passes.size()]},
                     {"measured", report[i].measured},
                     {"first_ms", report[i].first_ms},
                     {"fastest_ms", report[i].fastest_ms}});
  return all;
}

void run(const Options& options) {
  const RunConfig config =
      parse_run_config(bench::preset_config(options.preset, options.classes, options.precision).dump());
  const NetPlan plan = plan_net(config.net);
  if (options.traffic) {
    for (const ordered_json& line : kernels(plan, options.batch, config.precision))
      std::printf("%s\n", line.dump().c_str());
    return;
  }
  if (options.layers) setenv("ALEXNET_CUDA_PROFILE", "1", 1);
  const cuda::PluginLoad plugin = cuda::load_plugin();
  std::vector<DeviceReport> reports = cuda::device_reports(plugin);
  if (!reports[0].usable)
    throw Error(ErrorCode::kDeviceUnavailable, reports[0].id + ": " + reports[0].reason);
  const std::vector<int> devices = numbers(options.devices);
  std::vector<int> placed = devices;
  if (devices.size() == 1) placed.resize(static_cast<size_t>(plan.spec.columns), devices[0]);
  std::vector<columns::Column*> columns(static_cast<size_t>(plan.spec.columns));
  const auto seconds_since = [](std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const auto setup = std::chrono::steady_clock::now();
  const DeviceLayout layout{options.batch, static_cast<int>(devices.size())};
  columns::ColumnTeam team(plan, layout, [&](const columns::Share& share, int) {
    auto made = cuda::make_plugin_column(*plugin.api, plan, share,
                                         {.devices = placed,
                                          .precision = config.precision,
                                          .training = true,
                                          .input_from = devices.size() == 1 ? columns[0] : nullptr,
                                          .brings_input = devices.size() == 1});
    columns[static_cast<size_t>(share.column)] = made.get();
    return made;
  });
  const double setup_s = seconds_since(setup);
  bench::write_initial_weights(team, plan);
  const bench::RandomBatch batch(team, config.net, options.batch);
  const std::vector<columns::LayerUpdate> updates = bench::even_updates(plan);
  uint32_t step = 0, running = 0;
  double exchange_ms = 0, loss = 0;
  const auto finish = [&] {
    const auto outcome = team.finish();
    --running;
    if (!outcome.updated) throw Error(ErrorCode::kDiverged, "the loss is not finite");
    exchange_ms += outcome.exchange_ms;
    loss = outcome.totals.loss / static_cast<double>(outcome.totals.images);
  };
  const auto one = [&] {
    // The next batch is known ahead, as the trainer knows it.
    const auto batch_of = [&](uint32_t number) {
      return columns::Batch{batch.images.get(), batch.labels.data(), options.batch, number + 1};
    };
    team.start(batch_of(step), {.training = true, .seed = 1, .step = step}, updates, batch_of(step + 1));
    ++step;
    ++running;
    if (running > 1 || !options.ahead) finish();
  };
  for (int64_t i = 0; i < options.warmup; ++i) one();
  if (running > 0) finish();
  exchange_ms = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < options.steps; ++i) one();
  if (running > 0) finish();
  const double seconds = seconds_since(start);
  const auto steps = static_cast<double>(options.steps);
  const cuda::PluginGraphs graphs = cuda::graph_report(*columns[0]);
  ordered_json line{{"what", "train"},
                    {"engine", "alexnet-studio"},
                    {"device", reports[0].name},
                    {"driver", reports[0].driver},
                    {"libraries", reports[0].library},
                    {"preset", config.preset},
                    {"precision", options.precision},
                    {"batch", options.batch},
                    {"devices", options.devices},
                    {"ms_per_step", 1000 * seconds / steps},
                    {"exchange_ms_per_step", exchange_ms / steps},
                    {"overlap", cuda::overlap_wanted()},
                    {"engines", cuda::engines_measured() ? "measured" : "heuristic"},
                    {"setup_s", setup_s},
                    {"loss", loss},
                    {"graphs", graphs.recorded},
                    {"graphs_refused", graphs.refusal},
                    {"images_per_s", static_cast<double>(options.batch) * steps / seconds}};
  if (cuda::engines_measured()) line["measured_engines"] = measured_engines(*columns[0], plan);
  if (options.layers) {
    // Of the last step, the columns' times added up: beside each other they take less.
    const size_t layers = plan.layers.size();
    std::vector<float> sums(2 * layers, 0.0f);
    for (const columns::Column* column : columns) {
      const auto times = cuda::layer_times(*column, layers);
      std::transform(sums.begin(), sums.end(), times.begin(), sums.begin(), std::plus<float>());
    }
    line["layers"] = ordered_json::array();
    for (size_t l = 0; l < layers; ++l)
      line["layers"].push_back(
          {{"name", plan.layers[l].spec.name}, {"forward_ms", sums[l]}, {"backward_ms", sums[layers + l]}});
    line["kernels"] = kernels(plan, options.batch, config.precision);
  }
  std::printf("%s\n", line.dump().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gpu_bench: %s\n", error.what());
    return 1;
  }
}
