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

// What the stand-ins give where their sums have a device's errors, drawn at random, is said beside each.

/// Sums in float in another order than the reference's, in double. Logits are off by 3e-6, parameters and
/// velocities by 2e-6 and 7e-6. A value that is next to zero may round to the other side of a ReLU, though,
/// and then velocities are off by 6e-4; by as much as 0.2 where it happens high up (in one net of five where
/// errors are ten times as large, as after a transform).
inline constexpr Tolerance kGpuFp32{36, 3, 1e-4, 1e-4, 5e-4, 1e-3, false};
/// tf32 keeps eleven bits of what is multiplied, cut off and not rounded in the worst case: logits are off by
/// 0.0033 then, parameters by 0.05 and velocities by 0.07.
inline constexpr Tolerance kGpuTf32{4, 1, 0.01, 0.005, 0.15, 0.15, true};
/// As for the CPU (tests/cpu/column_net_test.cc): velocities are off by 0.58 to 0.60 where sigmoids saturate,
/// by up to 0.4 elsewhere, wherever bias and activation are rounded.
inline constexpr Tolerance kGpuBf16{4, 1, 0.03, 0.02, 0.65, 0.65, true};

/// compare_with_reference() on three draws of pixels, of which one must be within the tolerance: what a value
/// next to zero does is by chance, and a fault of the engine shows in every draw.
inline void compare_on_gpu(const NetPlan& plan, ColumnTeam& team, const Tolerance& tolerance) {
  Distance distance;
  for (const unsigned draw : {3u, 4u, 5u}) {
    draw_parameters(plan, team);
    for (size_t l = 0; l < plan.layers.size(); ++l) {
      team.write(l, Parameter::kWeightVelocity,
                 std::vector<float>(static_cast<size_t>(plan.layers[l].weight_count())));
      team.write(l, Parameter::kBiasVelocity,
                 std::vector<float>(static_cast<size_t>(plan.layers[l].spec.width)));
    }
    distance = distance_from_reference(plan, team, tolerance, draw);
    if (distance.within(tolerance)) return;
    MESSAGE("draw " << draw << ": logits " << distance.logits << ", loss " << distance.loss << ", "
                    << distance.parameter << " " << distance.parameters << ", velocity of "
                    << distance.velocity << " " << distance.velocities);
  }
  check_distance(distance, tolerance);
}

}  // namespace alexnet::test
