// One column of the net on the CPU.
#pragma once

#include <memory>

#include "columns/column.h"
#include "cpu/purpose.h"

namespace alexnet::cpu {

struct CpuColumnOptions {
  bool bf16 = false;      // maps and multiplied weights in bf16; masters, gradients and updates in fp32
  bool training = false;  // false: forward only, without gradients and velocities
  bool views = false;     // not training: every result is kept for read_place(), and gradients for it
  int threads = 1;        // of the calling thread's team, from now on

  Purpose purpose() const { return training ? Purpose::kTrain : views ? Purpose::kView : Purpose::kAnswer; }
};

/// Makes the column that computes `share` in the calling thread, which must make all its calls. `plan` must
/// outlive it. Throws kOutOfMemory, kDeviceUnavailable.
std::unique_ptr<columns::Column> make_cpu_column(const NetPlan& plan, const columns::Share& share,
                                                 const CpuColumnOptions& options);

}  // namespace alexnet::cpu
