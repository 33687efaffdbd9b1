// How busy GPUs are, as the driver counts it.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cuda/libraries/nvml.h"

namespace alexnet::cuda {

/// -1 where it is not known, and `reason` says why.
struct LoadReading {
  int utilisation_percent = -1;
  int64_t memory_used_bytes = -1, memory_bytes = -1;
  std::string reason;
};

/// Opens NVML at the first reading and keeps it: starting it can take longer than a hundred readings. Any
/// thread.
class LoadMeter {
 public:
  /// `bus`: the device's place on the PCI bus, e.g. "0000:3B:00.0". `folders` as of open_nvml().
  LoadReading read(const std::string& bus, const std::vector<std::string>& folders);

 private:
  std::mutex mutex_;
  std::optional<Nvml> nvml_;  // once it could be opened; as long as it cannot, every reading tries again
  std::map<std::string, NvmlDevice> devices_;  // by bus
};

}  // namespace alexnet::cuda
