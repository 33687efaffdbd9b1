// What of NVIDIA is on this machine, and why what cannot be used, cannot. Starts nothing on a device.
#pragma once

#include "cuda/interface.h"

namespace alexnet::cuda {

/// Throws nothing that has a place in the report.
void probe_devices(PluginReport& report);

/// How busy each device is. The devices are counted once: what CUDA finds does not change within a process.
void read_loads(PluginLoads& loads);

}  // namespace alexnet::cuda
