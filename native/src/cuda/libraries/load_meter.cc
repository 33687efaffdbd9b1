#include "cuda/libraries/load_meter.h"

#include <utility>

namespace alexnet::cuda {

LoadReading LoadMeter::read(const std::string& bus, const std::vector<std::string>& folders) {
  const std::lock_guard lock(mutex_);
  LoadReading reading;
  const auto unknown = [&](const std::string& what, const std::string& why) {
    reading.reason += (reading.reason.empty() ? "" : "; ") + what + " not known: " + why;
  };
  if (!nvml_) {
    Nvml opened = open_nvml(folders);
    if (!opened.state.usable()) {
      unknown("load and memory are", opened.state.reason);
      return reading;
    }
    nvml_ = std::move(opened);
  }
  const auto said = [&](NvmlReturn status) {
    return std::string("NVML says \"") + nvml_->error_string(status) + "\"";
  };
  if (!devices_.contains(bus)) {
    NvmlDevice device = nullptr;
    if (const NvmlReturn status = nvml_->device_by_bus(bus.c_str(), &device); status != kNvmlSuccess) {
      unknown("load and memory are", said(status));
      return reading;
    }
    devices_[bus] = device;
  }
  const NvmlDevice device = devices_.at(bus);
  NvmlUtilization utilization{};
  if (const NvmlReturn status = nvml_->utilization(device, &utilization); status != kNvmlSuccess)
    unknown("the load is", said(status));
  else
    reading.utilisation_percent = static_cast<int>(utilization.gpu);
  NvmlMemory memory{};
  if (const NvmlReturn status = nvml_->memory(device, &memory); status != kNvmlSuccess) {
    unknown("the memory is", said(status));
  } else {
    reading.memory_used_bytes = static_cast<int64_t>(memory.used);
    reading.memory_bytes = static_cast<int64_t>(memory.total);
  }
  return reading;
}

}  // namespace alexnet::cuda
