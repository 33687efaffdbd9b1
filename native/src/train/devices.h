// From device names to columns on devices.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alexnet/run_config.h"
#include "columns/team.h"

namespace alexnet::train {

struct TeamOptions {
  std::vector<std::string> devices;
  Parallelism parallelism = Parallelism::kColumns;
  Precision precision = Precision::kFp32;
  int threads = 0;  // over all devices; 0: all cores
  int64_t batch = 0;
  bool training = false;
  bool views = false;  // see cpu::CpuColumnOptions
};

/// Puts the columns of `plan` (which must outlive the team) on devices.
/// Throws kDeviceUnavailable naming the device and why, kInvalidConfig for a precision it does not have or a
/// list of devices that does not suit the net, kInvalidSpec for a net that does not begin with a convolution.
std::unique_ptr<columns::ColumnTeam> make_team(const NetPlan& plan, const TeamOptions& options);

}  // namespace alexnet::train
