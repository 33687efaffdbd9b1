// What of NVIDIA is on this machine, and why what cannot be used, cannot. Starts nothing on a device.
#pragma once

#include "cuda/interface.h"

namespace alexnet::cuda {

/// Throws nothing that has a place in the report.
void probe_devices(PluginReport& report);

}  // namespace alexnet::cuda
