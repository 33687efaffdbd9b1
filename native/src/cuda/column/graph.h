// cuDNN's graph interface, as far as convolutions need it: descriptors, the choice of an engine, plans.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "alexnet/run_config.h"
#include "cuda/column/context.h"

namespace alexnet::cuda {

/// One of cuDNN's descriptors, destroyed with this.
class GraphDescriptor {
 public:
  GraphDescriptor(const DeviceContext& context, int kind);
  ~GraphDescriptor();
  GraphDescriptor(GraphDescriptor&& other) noexcept
      : context_(other.context_), descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  GraphDescriptor& operator=(GraphDescriptor&& other) noexcept {
    std::swap(context_, other.context_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  GraphDescriptor(const GraphDescriptor&) = delete;
  GraphDescriptor& operator=(const GraphDescriptor&) = delete;

  CudnnDescriptor get() const { return descriptor_; }

  void set(int attribute, int type, int64_t count, const void* values);
  void set_value(int attribute, int type, int value) { set(attribute, type, 1, &value); }
  void set_integer(int attribute, int64_t value) { set(attribute, kCudnnTypeInt64, 1, &value); }
  void set_integers(int attribute, const std::vector<int64_t>& values);
  void set_descriptor(int attribute, const GraphDescriptor& other);
  void set_descriptors(int attribute, const std::vector<CudnnDescriptor>& others);
  void finalize();
  /// False where cuDNN has nothing that does this.
  bool try_finalize();

 private:
  const DeviceContext* context_;
  CudnnDescriptor descriptor_ = nullptr;
};

/// Which engines may be chosen.
struct EngineRules {
  Precision precision = Precision::kFp32;
  int64_t workspace_bytes = 0;  // at most
};

/// A graph with the engine that computes it.
class GraphPlan {
 public:
  int64_t workspace_bytes() const { return workspace_bytes_; }
  /// Tells where the tensors lie, by their numbers; once, before run(). The plan is run then, for some
  /// engines accept a graph and refuse to compute it: the next one that needs no more than the working memory
  /// at hand takes its place. What lies in the results is overwritten. Throws kDeviceUnavailable where all
  /// refuse.
  void bind(const DeviceContext& context, const std::vector<int64_t>& uids,
            const std::vector<void*>& pointers, void* workspace, int64_t workspace_bytes);
  /// Queues the work on the context's compute stream.
  void run(const DeviceContext& context) const;

 private:
  friend std::optional<GraphPlan> choose_plan(const DeviceContext& context, const GraphDescriptor& graph,
                                              const EngineRules& rules);
  GraphPlan() = default;
  /// Makes the plan of the first of the configurations that are left which needs at most so much working
  /// memory. False where none does.
  bool choose(const DeviceContext& context, int64_t workspace_bytes);

  std::deque<GraphDescriptor> configs_;  // that follow the rules and were not taken yet, best first
  std::optional<GraphDescriptor> config_, plan_, pack_;
  int64_t workspace_bytes_ = 0;
};

/// The first of cuDNN's own order of preference that follows the rules and gives the same bits every time.
/// The order depends on the device, the library and the shapes alone, never on a measurement: a resumed run
/// finds the same engine and goes on bit for bit. Nothing where no engine does.
std::optional<GraphPlan> choose_plan(const DeviceContext& context, const GraphDescriptor& graph,
                                     const EngineRules& rules);

}  // namespace alexnet::cuda
