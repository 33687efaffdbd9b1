// What the CUDA plug-in gives the engine: columns on GPUs, and what it finds on this machine.
#include "cuda/column/check.h"
#include "cuda/column/cuda_column.h"
#include "cuda/column/device_probe.h"
#include "cuda/entry/entry.h"
#include "cuda/plugin_calls.h"

namespace alexnet::cuda::entry {

void probe(PluginReport& report) { probe_devices(report); }

void loads(PluginLoads& loads) { read_loads(loads); }

void* allocate_host(int device, int64_t bytes) {
  void* memory = nullptr;
  ALEXNET_CUDA_CHECK(device, cudaSetDevice(device));
  ALEXNET_CUDA_CHECK(device, cudaHostAlloc(&memory, static_cast<size_t>(bytes), cudaHostAllocPortable));
  return memory;
}

void free_host(int device, void* memory) {
  cudaSetDevice(device);
  cudaFreeHost(memory);
}

std::unique_ptr<columns::Column> make_column(const NetPlan& plan, const PluginColumnOptions& options,
                                             columns::Column* input_from) {
  const columns::Share share = entry::share_of(plan, options);
  return make_cuda_column(plan, {.share = share,
                                 .devices = {options.devices, options.devices + share.places()},
                                 .precision = static_cast<Precision>(options.precision),
                                 .training = options.training != 0,
                                 .input_from = input_from,
                                 .brings_input = options.brings_input != 0});
}

void graphs(const columns::Column& column, PluginGraphs& report) {
  const GraphReport found = cuda_graphs(column);
  report.recorded = found.recorded;
  copy_text(report.refusal, found.refusal);
}

void engines(const columns::Column& column, size_t, PluginEngine* report) {
  for (const LayerEngines& layer : cuda_engines(column))
    for (const EngineChoice& choice : layer)
      *report++ = {static_cast<int32_t>(choice.measured), choice.first_ms, choice.fastest_ms};
}

void layer_times(const columns::Column& column, size_t, float* milliseconds) {
  cuda_layer_times(column, milliseconds);
}

}  // namespace alexnet::cuda::entry
