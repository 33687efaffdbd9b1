#include "cuda/column/device_probe.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cuda/column/check.h"
#include "cuda/device_rules.h"
#include "cuda/libraries/driver.h"
#include "cuda/libraries/load_meter.h"
#include "cuda/libraries/nccl.h"
#include "cuda/libraries/nvml.h"
#include "cuda/plugin_calls.h"

namespace alexnet::cuda {

namespace {

void add(PluginReport& report, const LibraryState& state, bool required) {
  PluginLibrary& library = report.libraries[report.library_count++];
  copy_text(library.name, state.name);
  copy_text(library.version, state.version);
  copy_text(library.reason, state.reason);
  library.required = required;
}

int attribute(int device, cudaDeviceAttr which) {
  int value = 0;
  ALEXNET_CUDA_CHECK(device, cudaDeviceGetAttribute(&value, which, device));
  return value;
}

/// Other processes' numbers on the device, as NVML sees them; empty where it cannot say.
std::vector<unsigned int> processes_on(const Nvml& nvml, NvmlDevice device) {
  std::vector<NvmlProcess> found(64);
  auto count = static_cast<unsigned int>(found.size());
  if (nvml.processes(device, &count, found.data()) != kNvmlSuccess) return {};
  std::vector<unsigned int> numbers;
  const auto own = static_cast<unsigned int>(getpid());
  for (unsigned int i = 0; i < count; ++i)
    if (found[i].pid != own) numbers.push_back(found[i].pid);
  return numbers;
}

/// CUDA counts the devices that this process may use, NVML all of them: the bus tells which is which.
std::string bus_of(int number) {
  char bus[32] = "";
  ALEXNET_CUDA_CHECK(number, cudaDeviceGetPCIBusId(bus, sizeof bus, number));
  return bus;
}

/// By number; none where CUDA does not start.
std::vector<std::string> find_buses() {
  int count = 0;
  if (ask_driver(CUDART_VERSION).state != DriverState::kReady || cudaGetDeviceCount(&count) != cudaSuccess)
    return {};
  std::vector<std::string> buses;
  for (int d = 0; d < std::min(count, kMaxDevices); ++d) buses.push_back(bus_of(d));
  return buses;
}

void fill(PluginDevice& device, int number, const Nvml& nvml) {
  cudaDeviceProp properties{};
  ALEXNET_CUDA_CHECK(number, cudaGetDeviceProperties(&properties, number));
  copy_text(device.name, properties.name);
  device.memory_bytes = static_cast<int64_t>(properties.totalGlobalMem);
  device.major = properties.major;
  device.minor = properties.minor;
  device.free_bytes = -1;
  std::vector<unsigned int> processes;
  const std::string bus = bus_of(number);
  NvmlDevice handle = nullptr;
  if (nvml.state.usable() && nvml.device_by_bus(bus.c_str(), &handle) == kNvmlSuccess) {
    NvmlMemory memory{};
    if (nvml.memory(handle, &memory) == kNvmlSuccess) device.free_bytes = static_cast<int64_t>(memory.free);
    processes = processes_on(nvml, handle);
  }
  copy_text(device.reason,
            refusal(device, static_cast<ComputeMode>(attribute(number, cudaDevAttrComputeMode)), processes));
}

}  // namespace

void probe_devices(PluginReport& report) {
  const Driver driver = ask_driver(CUDART_VERSION);
  if (driver.cuda_version > 0) copy_text(report.driver, "CUDA " + cuda_version_text(driver.cuda_version));
  if (driver.state != DriverState::kReady) return copy_text(report.reason, driver.reason);
  const auto folders = library_folders();
  const Nvml nvml = open_nvml(folders);
  if (nvml.state.usable())
    copy_text(report.driver, nvml.state.version + " (CUDA " + cuda_version_text(driver.cuda_version) + ")");
  // cuBLASLt before cuDNN, which uses the one that is open; told in the order of their weight.
  const CublasLt cublas = open_cublaslt(folders, CUDART_VERSION);
  add(report, open_cudnn(folders, CUDART_VERSION).state, /*required=*/true);
  add(report, cublas.state, /*required=*/true);
  add(report, open_nccl(folders).state, /*required=*/false);
  add(report, nvml.state, /*required=*/false);

  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess)
    return copy_text(report.reason, std::string("CUDA does not start (") + cudaGetErrorName(status) + ", " +
                                        cudaGetErrorString(status) + "); install the NVIDIA driver again");
  report.device_count = std::min(count, kMaxDevices);
  for (int d = 0; d < report.device_count; ++d) {
    PluginDevice& device = report.devices[d];
    try {
      fill(device, d, nvml);
      for (int other = 0; other < report.device_count; ++other) {
        device.peer[other] = other == d;
        if (other != d) ALEXNET_CUDA_CHECK(d, cudaDeviceCanAccessPeer(&device.peer[other], d, other));
      }
    } catch (const Error& error) {
      // One broken device does not hide the others.
      copy_text(device.reason, error.what());
      cudaGetLastError();
    }
  }
  if (nvml.state.usable()) nvml.shutdown();
}

void read_loads(PluginLoads& loads) {
  static const std::vector<std::string> buses = find_buses();
  static LoadMeter meter;
  const auto folders = library_folders();
  for (size_t d = 0; d < buses.size(); ++d) {
    const LoadReading reading = meter.read(buses[d], folders);
    PluginGpuLoad& load = loads.devices[loads.device_count++];
    load.utilisation_percent = reading.utilisation_percent;
    load.memory_used_bytes = reading.memory_used_bytes;
    load.memory_bytes = reading.memory_bytes;
    copy_text(load.reason, reading.reason);
  }
}

}  // namespace alexnet::cuda
