// cuDNN's graph interface, as far as convolutions need it: descriptors, the choice of an engine, plans.
#pragma once

#include <cstdint>
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
  /// Tells where the tensors lie, by their numbers; once, before run().
  void bind(const DeviceContext& context, const std::vector<int64_t>& uids,
            const std::vector<void*>& pointers, void* workspace);
  /// Queues the work on the context's compute stream.
  void run(const DeviceContext& context) const;

 private:
  friend std::optional<GraphPlan> choose_plan(const DeviceContext& context, const GraphDescriptor& graph,
                                              const EngineRules& rules);
  GraphPlan(GraphDescriptor config, GraphDescriptor plan, int64_t workspace_bytes)
      : config_(std::move(config)), plan_(std::move(plan)), workspace_bytes_(workspace_bytes) {}

  GraphDescriptor config_, plan_;
  std::optional<GraphDescriptor> pack_;
  int64_t workspace_bytes_ = 0;
};

/// The first of cuDNN's own order of preference that follows the rules and gives the same bits every time.
/// The order depends on the device, the library and the shapes alone, never on a measurement: a resumed run
/// finds the same engine and goes on bit for bit. Nothing where no engine does.
std::optional<GraphPlan> choose_plan(const DeviceContext& context, const GraphDescriptor& graph,
                                     const EngineRules& rules);

}  // namespace alexnet::cuda
