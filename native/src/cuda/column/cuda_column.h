// One column of the net on one GPU.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alexnet/run_config.h"
#include "columns/column.h"
#include "cuda/column/engine_choice.h"

namespace alexnet::cuda {

struct CudaColumnOptions {
  columns::Share share;
  std::vector<int> devices;  // of every column, by its place
  Precision precision = Precision::kFp32;
  bool training = false;  // false: forward only, without gradients and velocities
  /// Brings the batch to the device for this column too; see PluginColumnOptions. Null: none.
  const columns::Column* input_from = nullptr;
  bool brings_input = false;  // for those after it, which count on it
};

/// Makes a column in the calling thread, which must make all its calls. `plan` must outlive it. All columns
/// of the net must come from here. Throws kOutOfMemory, kDeviceUnavailable.
std::unique_ptr<columns::Column> make_cuda_column(const NetPlan& plan, const CudaColumnOptions& options);

/// Milliseconds of the last pass by layer, forward then backward, where the environment's
/// ALEXNET_CUDA_PROFILE was set when the column was made; otherwise zeros.
void cuda_layer_times(const columns::Column& column, float* milliseconds);

/// How many CUDA graphs a column has recorded, and why none are used where they are wanted and cannot be.
struct GraphReport {
  int64_t recorded = 0;
  std::string refusal;
};
GraphReport cuda_graphs(const columns::Column& column);

/// What was measured to choose the engines of each layer (engine_choice.h).
std::vector<LayerEngines> cuda_engines(const columns::Column& column);

}  // namespace alexnet::cuda
