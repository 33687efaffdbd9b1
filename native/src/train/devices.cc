#include "train/devices.h"

#include <algorithm>

#include "alexnet/device.h"
#include "alexnet/error.h"
#include "cpu/cpu_column.h"
#include "cpu/cpu_info.h"

namespace alexnet {

std::vector<DeviceReport> list_devices() {
  DeviceReport cuda;
  cuda.id = "cuda";
  cuda.name = "NVIDIA GPUs";
  cuda.reason = "this build has no CUDA plug-in; train on the CPU";
  return {cpu::report(), cuda};
}

namespace train {

namespace {

void check(const TeamOptions& options) {
  for (const std::string& device : options.devices) {
    if (device == "cpu") continue;
    for (const DeviceReport& report : list_devices())
      if (!report.usable && (device == report.id || device.rfind(report.id + ":", 0) == 0))
        throw Error(ErrorCode::kDeviceUnavailable, device + ": " + report.reason);
    throw Error(ErrorCode::kInvalidConfig, "devices: " + device + " is no device; \"cpu\" is one",
                R"({"field":"devices"})");
  }
  if (options.precision == Precision::kTf32)
    throw Error(ErrorCode::kInvalidConfig, "precision: tf32 is for GPUs; a CPU computes in fp32 or bf16",
                R"({"field":"precision"})");
  if (options.precision == Precision::kBf16 && !cpu::has_bf16())
    throw Error(ErrorCode::kDeviceUnavailable,
                "cpu: this processor has no bf16 instructions (AVX512-BF16 or AMX); use fp32");
}

}  // namespace

std::unique_ptr<columns::ColumnTeam> make_team(const NetPlan& plan, const TeamOptions& options) {
  check(options);
  const int devices = static_cast<int>(options.devices.size());
  const int threads = options.threads > 0 ? options.threads : cpu::available_cores();
  return std::make_unique<columns::ColumnTeam>(plan, devices, [&](int column, int) {
    return cpu::make_cpu_column(plan, column,
                                {.batch = options.batch,
                                 .bf16 = options.precision == Precision::kBf16,
                                 .training = options.training,
                                 .threads = std::max(1, threads / devices)});
  });
}

}  // namespace train
}  // namespace alexnet
