#include "cuda/column/step_graphs.h"

namespace alexnet::cuda {

namespace {

/// A run that is steered without end shall not fill the memory: what comes after so many is run as it is.
constexpr int64_t kMostGraphs = 512;

}  // namespace

StepGraphs::~StepGraphs() {
  if (context_.given_up()) return;
  for (const auto& [key, graph] : graphs_)
    if (graph.recorded) cudaGraphExecDestroy(graph.recorded);
}

void StepGraphs::add(std::initializer_list<uint64_t> key, std::function<void()> call) {
  key_.insert(key_.end(), key);
  calls_.push_back(std::move(call));
}

void StepGraphs::drop() {
  calls_.clear();
  key_.clear();
}

void StepGraphs::start() {
  const Calls calls = std::exchange(calls_, {});
  const std::vector<uint64_t> key = std::exchange(key_, {});
  if (calls.empty()) return;
  if (!on_) return run(calls);
  Graph& graph = graphs_[key];
  if (!graph.recorded && graph.seen++ > 0 && recorded_ < kMostGraphs) {
    graph.recorded = record(calls);
    on_ = graph.recorded != nullptr;
    recorded_ += on_;
  }
  if (!graph.recorded) return run(calls);
  ALEXNET_CUDA_CHECK(context_.device(), cudaGraphLaunch(graph.recorded, context_.compute()));
}

cudaGraphExec_t StepGraphs::record(const Calls& calls) {
  const auto stream = context_.compute();
  const auto refuse = [&](const std::string& why) {
    cudaGetLastError();  // it is dealt with here; what is wrong with the device shows again
    refusal_ = "CUDA graphs are not used on " + device_name(context_.device()) + ": " + why;
    return nullptr;
  };
  // Other threads may do as they like meanwhile; this one does nothing but queue.
  cudaError_t status = cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
  if (status != cudaSuccess) return refuse(cudaGetErrorString(status));
  std::string failure;
  try {
    run(calls);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  cudaGraph_t graph = nullptr;
  status = cudaStreamEndCapture(stream, &graph);
  if (failure.empty() && status != cudaSuccess) failure = cudaGetErrorString(status);
  cudaGraphExec_t recorded = nullptr;
  if (failure.empty()) {
    status = cudaGraphInstantiate(&recorded, graph, 0);
    if (status != cudaSuccess) failure = cudaGetErrorString(status);
  }
  if (graph) cudaGraphDestroy(graph);
  if (!failure.empty()) return refuse(failure);
  return recorded;
}

}  // namespace alexnet::cuda
