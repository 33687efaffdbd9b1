// A driver with one device; STUB_old: of CUDA 12; STUB_none: without a device; STUB_dead: that does not
// start.
#include "stub.h"

STUB_EXPORT int cuDriverGetVersion(int* version) {
  *version = STUB_old ? 12040 : 13000;
  return 0;
}

STUB_EXPORT int cuInit(unsigned int) {
#if defined(STUB_dead)
  return 999;
#elif defined(STUB_none)
  return 100;
#else
  return 0;
#endif
}

STUB_EXPORT int cuDeviceGetCount(int* count) {
  *count = 1;
  return 0;
}
