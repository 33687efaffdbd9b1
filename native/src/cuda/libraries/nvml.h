// The part of NVML, the driver's own management library, that tells who uses a device, how much of it, and
// what is wrong with it; declared by hand, see cudnn.h.
#pragma once

#include <cstdint>

#include "cuda/libraries/dynamic_library.h"

namespace alexnet::cuda {

using NvmlDevice = struct NvmlDeviceOpaque*;
using NvmlReturn = int;

struct NvmlMemory {
  unsigned long long total, free, used;
};

/// Per cent of the time since the driver's last sample: computing, and reading or writing memory.
struct NvmlUtilization {
  unsigned int gpu, memory;
};

struct NvmlProcess {
  unsigned int pid;
  unsigned long long used_memory;
  unsigned int gpu_instance, compute_instance;
};

#define ALEXNET_NVML_CONSTANTS(X)                           \
  X(kNvmlSuccess, NVML_SUCCESS, 0)                          \
  X(kNvmlInsufficientSize, NVML_ERROR_INSUFFICIENT_SIZE, 7) \
  X(kNvmlVersionBytes, NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE, 80)

#define X(ours, theirs, value) inline constexpr int ours = value;
ALEXNET_NVML_CONSTANTS(X)
#undef X

#define ALEXNET_NVML_FUNCTIONS(X)                                                          \
  X(init, nvmlInit_v2, NvmlReturn())                                                       \
  X(shutdown, nvmlShutdown, NvmlReturn())                                                  \
  X(error_string, nvmlErrorString, const char*(NvmlReturn))                                \
  X(driver_version, nvmlSystemGetDriverVersion, NvmlReturn(char*, unsigned int))           \
  X(device_by_bus, nvmlDeviceGetHandleByPciBusId_v2, NvmlReturn(const char*, NvmlDevice*)) \
  X(memory, nvmlDeviceGetMemoryInfo, NvmlReturn(NvmlDevice, NvmlMemory*))                  \
  X(utilization, nvmlDeviceGetUtilizationRates, NvmlReturn(NvmlDevice, NvmlUtilization*))  \
  X(processes, nvmlDeviceGetComputeRunningProcesses_v3, NvmlReturn(NvmlDevice, unsigned int*, NvmlProcess*))

struct Nvml {
#define X(member, theirs, ...) std::type_identity_t<__VA_ARGS__>* member = nullptr;
  ALEXNET_NVML_FUNCTIONS(X)
#undef X
  LibraryState state;
};

/// Opened and initialised; its version is the driver's.
Nvml open_nvml(const std::vector<std::string>& folders);

}  // namespace alexnet::cuda
