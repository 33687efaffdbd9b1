// What can compute here, and how busy the GPUs are, as JavaScript objects.
#pragma once

#include <napi.h>

namespace alexnet::addon {

/// () -> DeviceReport[] of main/api/net-description.ts.
Napi::Value list_devices(const Napi::CallbackInfo& info);
/// () -> Promise<GpuLoad[]> of main/engine/addon.ts.
Napi::Value read_gpu_loads(const Napi::CallbackInfo& info);

}  // namespace alexnet::addon
