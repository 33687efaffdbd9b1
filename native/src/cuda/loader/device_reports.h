// What the CUDA plug-in found, as the device reports that every screen shows.
#pragma once

#include <vector>

#include "alexnet/device.h"
#include "cuda/loader/plugin.h"

namespace alexnet::cuda {

/// One report for each GPU, "cuda:0" and on; or, where none can even be asked for, the single report "cuda"
/// with the reason.
std::vector<DeviceReport> device_reports(const PluginLoad& plugin);

/// Of each GPU; none where none can be asked for. Throws what the plug-in reports.
std::vector<GpuLoad> gpu_loads(const PluginLoad& plugin);

}  // namespace alexnet::cuda
