// The fewest bytes that each kernel of a training step moves through a GPU's memory, and the floating-point
// operations of its products: what measured times are compared with. Follows what src/cuda/column fuses.
#pragma once

#include <string>
#include <vector>

#include "alexnet/net_spec.h"
#include "alexnet/run_config.h"

namespace alexnet::cuda {

/// Over all columns of one step.
struct KernelTraffic {
  std::string layer;   // "input", a layer's name, or "update"
  std::string kernel;  // e.g. "convolution", "lrn + pool"
  bool backward = false;
  int64_t bytes = 0;  // every array that it must read or write counted once
  int64_t flops = 0;  // of convolutions and products; others are bound by their bytes
};

/// In the order in which they run. Layers are all trained.
std::vector<KernelTraffic> step_traffic(const NetPlan& plan, int64_t batch, Precision precision);

}  // namespace alexnet::cuda
