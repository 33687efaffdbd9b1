// A column behind the plug-in's C interface, as the column team sees it.
#pragma once

#include <memory>
#include <vector>

#include "alexnet/run_config.h"
#include "columns/column.h"
#include "cuda/interface.h"

namespace alexnet::cuda {

struct ColumnOptions {
  std::vector<int> devices;  // of every column, by its place: CUDA's numbers
  Precision precision = Precision::kFp32;
  bool training = false;
  /// A column on the same device, driven by the same thread and before this one, that brings the batch to the
  /// device for both; it outlives this one. Null: none.
  const columns::Column* input_from = nullptr;
  /// Whether the columns after this one will be made with it as their input_from.
  bool brings_input = false;
};

/// Makes the column that computes `share` in the calling thread, which must make all its calls. Throws what
/// the plug-in reports: kOutOfMemory, kDeviceUnavailable.
std::unique_ptr<columns::Column> make_plugin_column(const PluginApi& api, const NetPlan& plan,
                                                    const columns::Share& share,
                                                    const ColumnOptions& options);

/// How many CUDA graphs the column has recorded, and why none are used where they are wanted and cannot be.
/// `column` must come from make_plugin_column.
PluginGraphs graph_report(const columns::Column& column);

/// How the engines of each layer's forward pass, gradient of what it reads and gradient of its weights were
/// chosen: [layers, 3]. `column` must come from make_plugin_column.
std::vector<PluginEngine> engine_report(const columns::Column& column, size_t layers);

/// Milliseconds of the last pass by layer, forward then backward; zeros without ALEXNET_CUDA_PROFILE.
/// `column` must come from make_plugin_column.
std::vector<float> layer_times(const columns::Column& column, size_t layers);

}  // namespace alexnet::cuda
