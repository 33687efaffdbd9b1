#include "cuda/loader/device_reports.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include "alexnet/error.h"
#include "cuda/plugin_calls.h"

namespace alexnet::cuda {

namespace {

std::string device_id(int number) { return "cuda:" + std::to_string(number); }

std::vector<DeviceReport> no_device(const std::string& driver, const std::string& reason) {
  DeviceReport report;
  report.id = "cuda";
  report.name = "NVIDIA GPUs";
  report.driver = driver;
  report.reason = reason;
  return {report};
}

/// "cuDNN 9.10.2, cuBLASLt 13.0.2": those that can be used.
std::string usable_libraries(const PluginReport& found) {
  std::string text;
  for (int i = 0; i < found.library_count; ++i) {
    const PluginLibrary& library = found.libraries[i];
    if (library.reason[0] == 0)
      text += (text.empty() ? "" : ", ") + std::string(library.name) + " " + library.version;
  }
  return text;
}

/// Why GPUs cannot add up their gradients: without NCCL.
std::string no_sums(const PluginReport& found) {
  for (int i = 0; i < found.library_count; ++i)
    if (std::string_view(found.libraries[i].name) == "NCCL") return found.libraries[i].reason;
  return "";
}

/// The reason of the first required library that cannot be used.
std::string missing_library(const PluginReport& found) {
  for (int i = 0; i < found.library_count; ++i)
    if (found.libraries[i].required && found.libraries[i].reason[0] != 0) return found.libraries[i].reason;
  return "";
}

std::vector<std::string> notes(const PluginReport& found, int device) {
  std::vector<std::string> all;
  for (int i = 0; i < found.library_count; ++i)
    if (!found.libraries[i].required && found.libraries[i].reason[0] != 0)
      all.push_back(found.libraries[i].reason);
  for (int other = 0; other < found.device_count; ++other)
    if (other != device && !found.devices[device].peer[other])
      all.push_back("copies to and from " + device_id(other) +
                    " go through the host's memory: the driver gives no direct access between the two");
  return all;
}

}  // namespace

std::vector<DeviceReport> device_reports(const PluginLoad& plugin) {
  if (plugin.state != PluginState::kLoaded) return no_device("", plugin.reason);
  const auto found = std::make_unique<PluginReport>();
  try {
    call(plugin.api->probe, found.get());
  } catch (const Error& error) {
    return no_device("", error.what());
  }
  if (found->reason[0] != 0) return no_device(found->driver, found->reason);
  const std::string missing = missing_library(*found), libraries = usable_libraries(*found);
  std::vector<DeviceReport> reports;
  for (int d = 0; d < std::min<int>(found->device_count, kMaxDevices); ++d) {
    const PluginDevice& device = found->devices[d];
    DeviceReport report;
    report.id = device_id(d);
    report.name = device.name;
    report.reason = device.reason[0] != 0 ? std::string(device.reason) : missing;
    report.usable = report.reason.empty();
    report.memory_bytes = device.memory_bytes;
    report.free_bytes = device.free_bytes;
    if (report.usable) report.precisions = {"fp32", "tf32", "bf16"};
    report.library = libraries;
    report.driver = found->driver;
    report.compute_capability = std::to_string(device.major) + "." + std::to_string(device.minor);
    report.sharing_reason = no_sums(*found);
    report.notes = notes(*found, d);
    reports.push_back(report);
  }
  return reports;
}

std::vector<GpuLoad> gpu_loads(const PluginLoad& plugin) {
  if (plugin.state != PluginState::kLoaded) return {};
  const auto found = std::make_unique<PluginLoads>();
  call(plugin.api->loads, found.get());
  std::vector<GpuLoad> loads;
  for (int d = 0; d < std::min<int>(found->device_count, kMaxDevices); ++d) {
    const PluginGpuLoad& device = found->devices[d];
    loads.push_back({device_id(d), device.utilisation_percent, device.memory_used_bytes, device.memory_bytes,
                     device.reason});
  }
  return loads;
}

}  // namespace alexnet::cuda
