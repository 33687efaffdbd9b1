// A column's work as CUDA graphs. What it queues between two points at which it meets other columns is told
// here call by call. A sequence that comes for the first time is run as it is, for libraries set themselves
// up in their first calls; the second time it is recorded; from then on it is launched at once, which takes
// the host a few microseconds instead of some for every kernel. What varies from pass to pass without
// changing the sequence (rates, the step's number, labels) is read from device memory; what changes it
// (frozen layers, a pass without gradients) is part of its key and gives another graph.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cuda/column/context.h"

namespace alexnet::cuda {

class StepGraphs {
 public:
  /// `wanted`: otherwise everything is run as it is.
  StepGraphs(const DeviceContext& context, bool wanted) : context_(context), on_(wanted) {}
  ~StepGraphs();
  StepGraphs(const StepGraphs&) = delete;
  StepGraphs& operator=(const StepGraphs&) = delete;

  /// A call that queues work on the compute stream, and does nothing else that a graph would not repeat.
  /// `key`: which call, and every value that it takes from the host.
  void add(std::initializer_list<uint64_t> key, std::function<void()> call);
  /// Starts what was added since the last time.
  void start();
  /// What was added is not wanted any more.
  void drop();

  /// How many graphs there are.
  int64_t recorded() const { return recorded_; }
  /// Why graphs are not used although they were wanted; empty where they are.
  const std::string& refusal() const { return refusal_; }

 private:
  struct Graph {
    int seen = 0;
    cudaGraphExec_t recorded = nullptr;
  };
  using Calls = std::vector<std::function<void()>>;

  static void run(const Calls& calls) {
    for (const auto& call : calls) call();
  }
  /// Null, with refusal_ set, where that is not possible.
  cudaGraphExec_t record(const Calls& calls);

  const DeviceContext& context_;
  bool on_;
  std::string refusal_;
  Calls calls_;
  std::vector<uint64_t> key_;
  std::map<std::vector<uint64_t>, Graph> graphs_;
  int64_t recorded_ = 0;
};

}  // namespace alexnet::cuda
