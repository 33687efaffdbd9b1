#include "train/devices.h"

#include <algorithm>
#include <charconv>

#include "alexnet/device.h"
#include "alexnet/error.h"
#include "cpu/cpu_column.h"
#include "cpu/cpu_info.h"
#include "cuda/loader/device_reports.h"
#include "cuda/loader/plugin_column.h"

namespace alexnet {

std::vector<DeviceReport> list_devices() {
  std::vector<DeviceReport> reports{cpu::report()};
  for (DeviceReport& report : cuda::device_reports(cuda::load_plugin())) reports.push_back(std::move(report));
  return reports;
}

std::vector<GpuLoad> read_gpu_loads() { return cuda::gpu_loads(cuda::load_plugin()); }

namespace train {

namespace {

constexpr char kDevicesField[] = R"({"field":"devices"})";

/// The GPU's number in "cuda:1"; -1 for any other name.
int gpu_number(const std::string& device) {
  constexpr std::string_view kPrefix = "cuda:";
  if (device.rfind(kPrefix, 0) != 0) return -1;
  int number = -1;
  const char *begin = device.data() + kPrefix.size(), *end = device.data() + device.size();
  const auto [stop, error] = std::from_chars(begin, end, number);
  return error == std::errc() && stop == end && number >= 0 ? number : -1;
}

void check_gpus(const std::vector<std::string>& devices, const std::vector<DeviceReport>& reports) {
  for (const std::string& device : devices) {
    if (device == "cpu") continue;
    const auto report = std::find_if(reports.begin(), reports.end(),
                                     [&](const auto& one) { return one.id == device || one.id == "cuda"; });
    if (report == reports.end())
      throw Error(ErrorCode::kDeviceUnavailable,
                  device + ": there is no such GPU; " + std::to_string(reports.size()) + " are found here");
    if (!report->usable) throw Error(ErrorCode::kDeviceUnavailable, device + ": " + report->reason);
  }
}

std::unique_ptr<columns::ColumnTeam> make_gpu_team(const cuda::PluginApi& api, const NetPlan& plan,
                                                   const DeviceLayout& layout, const TeamOptions& options) {
  std::vector<int> numbers;
  for (const std::string& device : options.devices) numbers.push_back(gpu_number(device));
  // Where one device has all columns of a replica, one thread drives them, and the first brings the batch for
  // all.
  const cuda::ColumnOptions column_options{.devices = layout.by_place(numbers, plan.spec.columns),
                                           .precision = options.precision,
                                           .training = options.training,
                                           .brings_input = layout.together()};
  std::vector<const columns::Column*> first(static_cast<size_t>(layout.replicas));
  return std::make_unique<columns::ColumnTeam>(plan, layout, [&](const columns::Share& share, int) {
    // Columns of several devices are made at once, each by its thread: only where one makes all is there a
    // first.
    if (!layout.together()) return cuda::make_plugin_column(api, plan, share, column_options);
    cuda::ColumnOptions own = column_options;
    const columns::Column*& leader = first[static_cast<size_t>(share.replica)];
    own.input_from = leader;
    auto made = cuda::make_plugin_column(api, plan, share, own);
    if (!leader) leader = made.get();
    return made;
  });
}

std::unique_ptr<columns::ColumnTeam> make_cpu_team(const NetPlan& plan, const DeviceLayout& layout,
                                                   const TeamOptions& options) {
  if (options.precision == Precision::kTf32)
    throw Error(ErrorCode::kInvalidConfig, "precision: tf32 is for GPUs; a CPU computes in fp32 or bf16",
                R"({"field":"precision"})");
  if (options.precision == Precision::kBf16 && !cpu::has_bf16())
    throw Error(ErrorCode::kDeviceUnavailable,
                "cpu: this processor has no bf16 instructions (AVX512-BF16 or AMX); use fp32");
  const int devices = static_cast<int>(options.devices.size());
  const int threads = options.threads > 0 ? options.threads : cpu::available_cores();
  return std::make_unique<columns::ColumnTeam>(plan, layout, [&](const columns::Share& share, int) {
    return cpu::make_cpu_column(plan, share,
                                {.bf16 = options.precision == Precision::kBf16,
                                 .training = options.training,
                                 .views = options.views,
                                 .threads = std::max(1, threads / devices)});
  });
}

}  // namespace

std::unique_ptr<columns::ColumnTeam> make_team(const NetPlan& plan, const TeamOptions& options) {
  size_t gpus = 0;
  for (const std::string& device : options.devices) {
    const bool gpu = gpu_number(device) >= 0;
    if (!gpu && device != "cpu")
      throw Error(ErrorCode::kInvalidConfig,
                  "devices: " + device + " is no device; \"cpu\" and \"cuda:0\" are some", kDevicesField);
    gpus += gpu;
  }
  const DeviceLayout layout = layout_devices(plan.spec, options.parallelism, options.devices, options.batch);
  if (gpus == 0) return make_cpu_team(plan, layout, options);
  const cuda::PluginLoad plugin = cuda::load_plugin();
  check_gpus(options.devices, cuda::device_reports(plugin));
  return make_gpu_team(*plugin.api, plan, layout, options);
}

}  // namespace train
}  // namespace alexnet
