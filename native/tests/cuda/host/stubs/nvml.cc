// NVML of a driver that runs, or (STUB_dead) of one whose kernel module is not loaded.
#include <cstdio>

#include "stub.h"

#ifdef STUB_dead
#define STUB_RESULT 9
#else
#define STUB_RESULT 0
#endif

STUB_EXPORT int nvmlInit_v2() { return STUB_RESULT; }
STUB_EXPORT int nvmlSystemGetDriverVersion(char* text, unsigned int length) {
  std::snprintf(text, length, "580.65.06");
  return 0;
}
STUB_EXPORT const char* nvmlErrorString(int) { return "Driver Not Loaded"; }

#define STUB(name) \
  STUB_EXPORT int name() { return 0; }
STUB(nvmlShutdown)
STUB(nvmlDeviceGetHandleByPciBusId_v2)
STUB(nvmlDeviceGetMemoryInfo)
STUB(nvmlDeviceGetComputeRunningProcesses_v3)
