// The NVIDIA driver, asked before CUDA is touched: whether there is one, whether it is new enough, whether it
// has a device.
#pragma once

#include <string>

namespace alexnet::cuda {

enum class DriverState { kReady, kMissing, kBroken, kTooOld, kNoDevice };

struct Driver {
  DriverState state = DriverState::kMissing;
  int cuda_version = 0;  // e.g. 13000; 0 where it could not be asked
  int devices = 0;
  std::string reason;  // why not, and what to do; empty where kReady
};

#define ALEXNET_DRIVER_CONSTANTS(X)  \
  X(kDriverSuccess, CUDA_SUCCESS, 0) \
  X(kDriverNoDevice, CUDA_ERROR_NO_DEVICE, 100)

#define X(ours, theirs, value) inline constexpr int ours = value;
ALEXNET_DRIVER_CONSTANTS(X)
#undef X

#define ALEXNET_DRIVER_FUNCTIONS(X)         \
  X(init, cuInit, int(unsigned int))        \
  X(version, cuDriverGetVersion, int(int*)) \
  X(count, cuDeviceGetCount, int(int*))

/// `needed` is the CUDA version that the plug-in was built with, e.g. 13000. A driver of the same major
/// version will do.
Driver ask_driver(int needed);

/// "13.0" of 13000.
std::string cuda_version_text(int version);

}  // namespace alexnet::cuda
