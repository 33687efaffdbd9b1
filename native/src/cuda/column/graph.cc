#include "cuda/column/graph.h"

#include <algorithm>
#include <array>

namespace alexnet::cuda {

GraphDescriptor::GraphDescriptor(const DeviceContext& context, int kind) : context_(&context) {
  ALEXNET_CUDNN_CHECK(*context_, create_descriptor(kind, &descriptor_));
}

GraphDescriptor::~GraphDescriptor() {
  if (descriptor_) context_->cudnn().destroy_descriptor(descriptor_);
}

void GraphDescriptor::set(int attribute, int type, int64_t count, const void* values) {
  ALEXNET_CUDNN_CHECK(*context_, set_attribute(descriptor_, attribute, type, count, values));
}

void GraphDescriptor::set_integers(int attribute, const std::vector<int64_t>& values) {
  set(attribute, kCudnnTypeInt64, static_cast<int64_t>(values.size()), values.data());
}

void GraphDescriptor::set_descriptor(int attribute, const GraphDescriptor& other) {
  set(attribute, kCudnnTypeDescriptor, 1, &other.descriptor_);
}

void GraphDescriptor::set_descriptors(int attribute, const std::vector<CudnnDescriptor>& others) {
  set(attribute, kCudnnTypeDescriptor, static_cast<int64_t>(others.size()), others.data());
}

void GraphDescriptor::finalize() { ALEXNET_CUDNN_CHECK(*context_, finalize(descriptor_)); }

bool GraphDescriptor::try_finalize() { return context_->cudnn().finalize(descriptor_) == kCudnnSuccess; }

int64_t GraphPlan::workspace_bytes() const {
  int64_t bytes = 0;
  for (const Engine& engine : engines_) bytes = std::max(bytes, engine.workspace_bytes);
  return bytes;
}

void GraphPlan::bind(const DeviceContext& context, const std::vector<int64_t>& uids,
                     const std::vector<void*>& pointers, void* workspace, int64_t workspace_bytes) {
  GraphDescriptor pack(context, kCudnnVariantPack);
  const auto count = static_cast<int64_t>(uids.size());
  pack.set(kCudnnPackPointers, kCudnnTypeVoidPointer, count, pointers.data());
  pack.set(kCudnnPackUids, kCudnnTypeInt64, count, uids.data());
  pack.set(kCudnnPackWorkspace, kCudnnTypeVoidPointer, 1, &workspace);
  pack.finalize();
  pack_.emplace(std::move(pack));
  CudnnStatus refusal = kCudnnSuccess;
  const auto refuses = [&](const Engine& engine) {
    const CudnnStatus status =
        context.cudnn().execute(context.cudnn_handle(), engine.plan.get(), pack_->get());
    if (status == kCudnnSuccess) return false;
    check_device(context.device());
    cudaGetLastError();  // the next launch would be blamed for it
    refusal = status;
    return true;
  };
  do {
    std::erase_if(engines_, refuses);
  } while (engines_.empty() && make_engine(context, workspace_bytes));
  if (engines_.empty())
    throw Error(ErrorCode::kDeviceUnavailable,
                device_name(context.device()) + ": cuDNN " + context.cudnn().state.version +
                    " accepts a convolution of this net, but none of its engines computes it (" +
                    context.cudnn().get_error_string(refusal) +
                    "); choose another precision or batch size, or " + "train on the CPU");
  if (measured_) keep_fastest(context);
}

void GraphPlan::keep_fastest(const DeviceContext& context) {
  choice_ = choose_fastest(context, engines_.size(), [&](size_t i) { run(context, engines_[i]); });
  std::swap(engines_.front(), engines_[choice_.fastest]);
  engines_.erase(engines_.begin() + 1, engines_.end());
}

bool GraphPlan::make_engine(const DeviceContext& context, int64_t workspace_bytes) {
  while (!configs_.empty()) {
    GraphDescriptor config = std::move(configs_.front());
    configs_.pop_front();
    GraphDescriptor plan(context, kCudnnExecutionPlan);
    CudnnHandle handle = context.cudnn_handle();
    plan.set(kCudnnPlanHandle, kCudnnTypeHandle, 1, &handle);
    plan.set_descriptor(kCudnnPlanConfig, config);
    if (!plan.try_finalize()) continue;  // proposed, but not for this device
    int64_t workspace = 0, count = 0;
    ALEXNET_CUDNN_CHECK(
        context, get_attribute(plan.get(), kCudnnPlanWorkspace, kCudnnTypeInt64, 1, &count, &workspace));
    if (workspace > workspace_bytes) continue;
    engines_.push_back({std::move(config), std::move(plan), workspace});
    return true;
  }
  return false;
}

void GraphPlan::run(const DeviceContext& context, const Engine& engine) const {
  ALEXNET_CUDNN_CHECK(context, execute(context.cudnn_handle(), engine.plan.get(), pack_->get()));
}

namespace {

/// What an engine does to numbers.
std::vector<int> numerical_notes(const DeviceContext& context, const GraphDescriptor& config) {
  const GraphDescriptor engine(context, kCudnnEngine);
  CudnnDescriptor handle = engine.get();
  int64_t count = 0;
  ALEXNET_CUDNN_CHECK(
      context, get_attribute(config.get(), kCudnnConfigEngine, kCudnnTypeDescriptor, 1, &count, &handle));
  // As many kinds of notes as cuDNN 9 began with; an engine has a few of them.
  std::array<int, 10> notes{};
  ALEXNET_CUDNN_CHECK(context, get_attribute(handle, kCudnnEngineNumericalNote, kCudnnTypeNumericalNote,
                                             static_cast<int64_t>(notes.size()), &count, notes.data()));
  return {notes.begin(), notes.begin() + std::clamp<int64_t>(count, 0, notes.size())};
}

bool allowed(const std::vector<int>& notes, Precision precision) {
  const auto has = [&](int note) { return std::find(notes.begin(), notes.end(), note) != notes.end(); };
  if (has(kCudnnNoteNondeterministic) || has(kCudnnNoteDownConvert) || has(kCudnnNoteReducedReduction))
    return false;
  // Transforms lose about a digit more than sums of products do. In fp32 that is ten times the error, and
  // with it as many units on the other side of a ReLU or a pooling than the reference's.
  if (has(kCudnnNoteFft) || has(kCudnnNoteWinograd) || has(kCudnnNoteWinograd4) || has(kCudnnNoteWinograd6) ||
      has(kCudnnNoteWinograd13))
    return false;
  // On fp32 values tensor cores compute in tf32.
  return precision != Precision::kFp32 || !has(kCudnnNoteTensorCore);
}

/// The configurations that a mode of the heuristics proposes, best first.
std::vector<GraphDescriptor> proposals(const DeviceContext& context, const GraphDescriptor& graph, int mode) {
  std::vector<GraphDescriptor> configs;
  GraphDescriptor heuristics(context, kCudnnHeuristics);
  heuristics.set_descriptor(kCudnnHeuristicsGraph, graph);
  heuristics.set_value(kCudnnHeuristicsMode, kCudnnTypeHeuristicsMode, mode);
  if (!heuristics.try_finalize()) return configs;  // this mode knows no such graph
  int64_t count = 0;
  ALEXNET_CUDNN_CHECK(context, get_attribute(heuristics.get(), kCudnnHeuristicsResults, kCudnnTypeDescriptor,
                                             0, &count, nullptr));
  std::vector<CudnnDescriptor> handles;
  for (int64_t i = 0; i < count; ++i) {
    configs.emplace_back(context, kCudnnEngineConfig);
    handles.push_back(configs.back().get());
  }
  if (count == 0) return configs;
  int64_t given = 0;
  ALEXNET_CUDNN_CHECK(context, get_attribute(heuristics.get(), kCudnnHeuristicsResults, kCudnnTypeDescriptor,
                                             count, &given, handles.data()));
  while (static_cast<int64_t>(configs.size()) > given) configs.pop_back();
  return configs;
}

}  // namespace

std::optional<GraphPlan> choose_plan(const DeviceContext& context, const GraphDescriptor& graph,
                                     const EngineRules& rules) {
  GraphPlan plan;
  for (const int mode : {kCudnnHeuristicsA, kCudnnHeuristicsFallback})
    for (GraphDescriptor& config : proposals(context, graph, mode))
      if (allowed(numerical_notes(context, config), rules.precision))
        plan.configs_.push_back(std::move(config));
  plan.measured_ = rules.measured;
  const size_t wanted = rules.measured ? kEnginesMeasured : 1;
  while (plan.engines_.size() < wanted && plan.make_engine(context, rules.workspace_bytes)) continue;
  if (plan.engines_.empty()) return std::nullopt;
  return plan;
}

}  // namespace alexnet::cuda
