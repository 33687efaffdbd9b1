// NVML of a driver that runs, with a device on bus 0000:01:00.0 that tells all and one on 0000:02:00.0 that
// tells nothing of its load; or (STUB_dead) of a driver whose kernel module is not loaded.
#include <cstdio>
#include <cstring>

#include "stub.h"

namespace {

constexpr int kNotSupported = 3, kNotFound = 6, kDriverNotLoaded = 9;
int known, unknown, readings;  // the first two: devices are their addresses

}  // namespace

STUB_EXPORT int nvmlInit_v2() {
#ifdef STUB_dead
  return kDriverNotLoaded;
#else
  return 0;
#endif
}
STUB_EXPORT int nvmlSystemGetDriverVersion(char* text, unsigned int length) {
  std::snprintf(text, length, "580.65.06");
  return 0;
}
STUB_EXPORT const char* nvmlErrorString(int status) {
  if (status == kNotSupported) return "Not Supported";
  return status == kNotFound ? "Not Found" : "Driver Not Loaded";
}

STUB_EXPORT int nvmlDeviceGetHandleByPciBusId_v2(const char* bus, void** device) {
  if (std::strcmp(bus, "0000:01:00.0") == 0)
    *device = &known;
  else if (std::strcmp(bus, "0000:02:00.0") == 0)
    *device = &unknown;
  else
    return kNotFound;
  return 0;
}
STUB_EXPORT int nvmlDeviceGetUtilizationRates(void* device, unsigned int* gpu_and_memory) {
  if (device == &unknown) return kNotSupported;
  gpu_and_memory[0] = 83 + static_cast<unsigned int>(readings++);
  gpu_and_memory[1] = 12;
  return 0;
}
STUB_EXPORT int nvmlDeviceGetMemoryInfo(void*, unsigned long long* total_free_used) {
  total_free_used[0] = 80ull << 30;
  total_free_used[1] = 59ull << 30;
  total_free_used[2] = 21ull << 30;
  return 0;
}

#define STUB(name) \
  STUB_EXPORT int name() { return 0; }
STUB(nvmlShutdown)
STUB(nvmlDeviceGetComputeRunningProcesses_v3)
