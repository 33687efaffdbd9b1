// This machine's GPUs, for tests that need one.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "alexnet/device.h"
#include "cpu/column_net.h"
#include "cuda/loader/device_reports.h"
#include "cuda/loader/plugin_column.h"

namespace alexnet::test {

struct Gpus {
  cuda::PluginLoad plugin;
  int usable = 0;
  std::string reason;  // why there is none
};

inline const Gpus& gpus() {
  static const Gpus found = [] {
    Gpus gpus;
    gpus.plugin = cuda::load_plugin();
    for (const DeviceReport& report : cuda::device_reports(gpus.plugin)) {
      // Devices are numbered as CUDA does: those before the first that cannot be used are enough here.
      if (!report.usable && gpus.reason.empty()) gpus.reason = report.id + ": " + report.reason;
      if (report.usable && gpus.reason.empty()) ++gpus.usable;
    }
    return gpus;
  }();
  return found;
}

/// False, and said so, where there is no GPU; with ALEXNET_REQUIRE_GPU set that is a failure.
inline bool has_gpu() {
  if (gpus().usable > 0) return true;
  REQUIRE_MESSAGE(!std::getenv("ALEXNET_REQUIRE_GPU"), "no GPU: " << gpus().reason);
  MESSAGE("skipped: " << gpus().reason);
  return false;
}

/// Sums in float in another order than the reference's, in double.
inline constexpr Tolerance kGpuFp32{36, 3, 1e-4, 1e-4, 5e-4, 1e-3, false};
/// tf32 keeps eleven bits of what is multiplied: an eighth of bf16's error.
inline constexpr Tolerance kGpuTf32{4, 1, 0.005, 0.005, 0.2, 0.2, true};
/// As for the CPU: see tests/cpu/column_net_test.cc.
inline constexpr Tolerance kGpuBf16{4, 1, 0.03, 0.02, 0.65, 0.65, true};

}  // namespace alexnet::test
