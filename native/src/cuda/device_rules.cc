#include "cuda/device_rules.h"

#include <cstdio>

namespace alexnet::cuda {

namespace {

/// bf16 on tensor cores; the oldest architecture that the kernels are compiled for.
constexpr int kOldestMajor = 8;
/// The paper's GPUs had 3 GB; libraries and their code take more than one of them today.
constexpr int64_t kLeastMemory = 3'000'000'000;

}  // namespace

std::string refusal(const PluginDevice& device, ComputeMode mode,
                    const std::vector<unsigned int>& processes) {
  if (device.major < kOldestMajor)
    return "it is too old: its compute capability is " + std::to_string(device.major) + "." +
           std::to_string(device.minor) + ", and " + std::to_string(kOldestMajor) +
           ".0 (Ampere) or newer is needed";
  if (device.memory_bytes < kLeastMemory)
    return "it is too small: it has " + gigabytes(device.memory_bytes) + " of memory, and " +
           gigabytes(kLeastMemory) + " are needed";
  if (mode == ComputeMode::kProhibited)
    return "its compute mode forbids computing (nvidia-smi -c DEFAULT, as root, allows it)";
  if (mode == ComputeMode::kExclusiveProcess && !processes.empty())
    return "it is busy: process " + std::to_string(processes[0]) +
           " has it for itself (its compute mode is exclusive); wait for that process, or let nvidia-smi -c "
           "DEFAULT, as root, share the device";
  return "";
}

std::string gigabytes(int64_t bytes) {
  char text[32];
  const auto value = static_cast<double>(bytes);
  if (value < 1e9)
    std::snprintf(text, sizeof text, "%.0f MB", value / 1e6);
  else
    std::snprintf(text, sizeof text, "%.2f GB", value / 1e9);
  return text;
}

}  // namespace alexnet::cuda
