// cuDNN's graph interface, as far as convolutions need it: descriptors, the choice of an engine, plans. The
// legacy one (cudnnConvolutionForward and others) has no faster engines: cuDNN 9's "Backend API Overview"
// puts both above the same engine libraries and recommends this one, and PyTorch, when it changed, measured
// both within 4 % of each other, either way (pull request 89022). The legacy one pads alike on both sides
// only, and tells less of what an algorithm does to numbers.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "alexnet/run_config.h"
#include "cuda/column/context.h"
#include "cuda/column/engine_choice.h"

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
  bool measured = false;        // the fastest of a few of them; otherwise the first
};

/// A graph with the engine that computes it, or, before bind(), those of which one will.
class GraphPlan {
 public:
  /// Enough for each of the engines.
  int64_t workspace_bytes() const;
  /// Tells where the tensors lie, by their numbers; once, before run(). The engines are run then, for some
  /// accept a graph and refuse to compute it; where all do, the next ones that need no more than the working
  /// memory at hand take their place. Where that is asked for the fastest of them is kept. What lies in the
  /// results is overwritten. Throws kDeviceUnavailable where every engine refuses.
  void bind(const DeviceContext& context, const std::vector<int64_t>& uids,
            const std::vector<void*>& pointers, void* workspace, int64_t workspace_bytes);
  /// Queues the work on the context's compute stream.
  void run(const DeviceContext& context) const { run(context, engines_.front()); }
  /// After bind().
  const EngineChoice& choice() const { return choice_; }

 private:
  friend std::optional<GraphPlan> choose_plan(const DeviceContext& context, const GraphDescriptor& graph,
                                              const EngineRules& rules);
  /// An engine that is made for the graph. The plan goes before the configuration that it was made of.
  struct Engine {
    GraphDescriptor config, plan;
    int64_t workspace_bytes;
  };

  GraphPlan() = default;
  /// Makes an engine of the first of the configurations that are left which needs at most so much working
  /// memory. False where none does.
  bool make_engine(const DeviceContext& context, int64_t workspace_bytes);
  void run(const DeviceContext& context, const Engine& engine) const;
  void keep_fastest(const DeviceContext& context);

  std::deque<GraphDescriptor> configs_;  // that follow the rules and no engine was made of yet, best first
  std::vector<Engine> engines_;          // best first; after bind() one
  std::optional<GraphDescriptor> pack_;
  bool measured_ = false;
  EngineChoice choice_;
};

/// The engines that follow the rules and give the same bits every time, in cuDNN's own order of preference.
/// The order depends on the device, the library and the shapes alone: where the first one is taken without
/// measuring, a resumed run finds the same engine and goes on bit for bit. Nothing where there is none.
std::optional<GraphPlan> choose_plan(const DeviceContext& context, const GraphDescriptor& graph,
                                     const EngineRules& rules);

}  // namespace alexnet::cuda
