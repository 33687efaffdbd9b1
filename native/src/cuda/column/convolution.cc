#include "cuda/column/convolution.h"

#include <algorithm>
#include <string>

namespace alexnet::cuda {

namespace {

/// The tensors' numbers in every graph.
enum Uid : int64_t { kX = 1, kWeights, kY, kBias, kSum, kConvolved, kSummed, kBiased };

template <class T>
constexpr int data_type() {
  return sizeof(T) == 2 ? kCudnnDataBfloat16 : kCudnnDataFloat;
}

/// Makes descriptors and keeps them.
class Descriptors {
 public:
  Descriptors(const DeviceContext& context, std::deque<GraphDescriptor>& kept, int64_t alignment)
      : context_(context), kept_(kept), alignment_(alignment) {}

  const DeviceContext& context() const { return context_; }
  GraphDescriptor& make(int kind) { return kept_.emplace_back(context_, kind); }

  /// A tensor [n, c, h, w] with channels last.
  const GraphDescriptor& tensor(Uid uid, int type, const std::vector<int64_t>& dimensions,
                                bool is_virtual = false) {
    const int64_t c = dimensions[1], h = dimensions[2], w = dimensions[3];
    GraphDescriptor& descriptor = make(kCudnnTensor);
    descriptor.set_value(kCudnnTensorDataType, kCudnnTypeDataType, type);
    descriptor.set_integers(kCudnnTensorDimensions, dimensions);
    descriptor.set_integers(kCudnnTensorStrides, {h * w * c, 1, w * c, c});
    descriptor.set_integer(kCudnnTensorUid, uid);
    // What lies nowhere keeps off no boundary, but it is of float, and cuDNN wants a multiple of that.
    descriptor.set_integer(kCudnnTensorAlignment, is_virtual ? sizeof(float) : alignment_);
    descriptor.set(kCudnnTensorVirtual, kCudnnTypeBoolean, 1, &is_virtual);
    if (!descriptor.try_finalize()) {
      check_device(context_.device());
      throw Error(ErrorCode::kDeviceUnavailable, device_name(context_.device()) + ": cuDNN " +
                                                     context_.cudnn().state.version + " takes no maps of [" +
                                                     std::to_string(dimensions[0]) + ", " +
                                                     std::to_string(c) + ", " + std::to_string(h) + ", " +
                                                     std::to_string(w) + "] values; choose a smaller batch");
    }
    return descriptor;
  }

  const GraphDescriptor& convolution(const ConvolutionShape& s) {
    GraphDescriptor& descriptor = make(kCudnnConvolution);
    descriptor.set_value(kCudnnConvolutionComputeType, kCudnnTypeDataType, kCudnnDataFloat);
    descriptor.set_value(kCudnnConvolutionConvMode, kCudnnTypeConvolutionMode, kCudnnCrossCorrelation);
    descriptor.set_integer(kCudnnConvolutionSpatialDims, 2);
    descriptor.set_integers(kCudnnConvolutionPrePaddings, {s.pad_begin, s.pad_begin});
    descriptor.set_integers(kCudnnConvolutionPostPaddings, {s.pad_end, s.pad_end});
    descriptor.set_integers(kCudnnConvolutionStrides, {s.stride, s.stride});
    descriptor.set_integers(kCudnnConvolutionDilations, {1, 1});
    descriptor.finalize();
    return descriptor;
  }

  const GraphDescriptor& pointwise(int mode) {
    GraphDescriptor& descriptor = make(kCudnnPointwise);
    descriptor.set_value(kCudnnPointwiseMode, kCudnnTypePointwiseMode, mode);
    descriptor.set_value(kCudnnPointwiseMathType, kCudnnTypeDataType, kCudnnDataFloat);
    descriptor.finalize();
    return descriptor;
  }

 private:
  const DeviceContext& context_;
  std::deque<GraphDescriptor>& kept_;
  const int64_t alignment_;
};

/// The attributes of one of the three directions.
struct Direction {
  int operation, alpha, beta, convolution, x, weights, y;
};
constexpr Direction kForwardPass{
    kCudnnForward,  kCudnnForwardAlpha, kCudnnForwardBeta, kCudnnForwardConvolution,
    kCudnnForwardX, kCudnnForwardW,     kCudnnForwardY};
constexpr Direction kDataPass{
    kCudnnBackwardData,   kCudnnBackwardDataAlpha, kCudnnBackwardDataBeta, kCudnnBackwardDataConvolution,
    kCudnnBackwardDataDx, kCudnnBackwardDataW,     kCudnnBackwardDataDy};
constexpr Direction kWeightsPass{kCudnnBackwardFilter,     kCudnnBackwardFilterAlpha,
                                 kCudnnBackwardFilterBeta, kCudnnBackwardFilterConvolution,
                                 kCudnnBackwardFilterX,    kCudnnBackwardFilterDw,
                                 kCudnnBackwardFilterDy};

const GraphDescriptor& operation(Descriptors& all, const Direction& d, const GraphDescriptor& convolution,
                                 const GraphDescriptor& x, const GraphDescriptor& weights,
                                 const GraphDescriptor& y) {
  const float one = 1, zero = 0;
  GraphDescriptor& descriptor = all.make(d.operation);
  descriptor.set_descriptor(d.convolution, convolution);
  descriptor.set_descriptor(d.x, x);
  descriptor.set_descriptor(d.weights, weights);
  descriptor.set_descriptor(d.y, y);
  descriptor.set(d.alpha, kCudnnTypeFloat, 1, &one);
  descriptor.set(d.beta, kCudnnTypeFloat, 1, &zero);
  descriptor.finalize();
  return descriptor;
}

const GraphDescriptor& pointwise_operation(Descriptors& all, const GraphDescriptor& what,
                                           const GraphDescriptor& x, const GraphDescriptor* b,
                                           const GraphDescriptor& y) {
  GraphDescriptor& descriptor = all.make(kCudnnOperationPointwise);
  descriptor.set_descriptor(kCudnnOperationPointwiseDescriptor, what);
  descriptor.set_descriptor(kCudnnOperationPointwiseX, x);
  if (b) descriptor.set_descriptor(kCudnnOperationPointwiseB, *b);
  descriptor.set_descriptor(kCudnnOperationPointwiseY, y);
  descriptor.finalize();
  return descriptor;
}

/// Nothing where cuDNN refuses such a graph altogether.
std::optional<GraphPlan> plan_of(Descriptors& all, const std::vector<CudnnDescriptor>& operations,
                                 const EngineRules& rules) {
  GraphDescriptor& graph = all.make(kCudnnOperationGraph);
  CudnnHandle handle = all.context().cudnn_handle();
  graph.set_descriptors(kCudnnGraphOperations, operations);
  graph.set(kCudnnGraphHandle, kCudnnTypeHandle, 1, &handle);
  if (!graph.try_finalize()) return std::nullopt;
  return choose_plan(all.context(), graph, rules);
}

/// The tensors of a convolution in memory.
struct Tensors {
  const GraphDescriptor &x, &weights, &y;
};

std::vector<int64_t> dimensions_of_y(const ConvolutionShape& s) {
  return {s.batch, s.out_channels, s.out_height, s.out_width};
}

/// y = relu(conv(x) + sum + bias), without what is in between going through memory.
std::optional<GraphPlan> fused_plan(Descriptors& all, const ConvolutionShape& s, int type,
                                    const ConvolutionUse& use, const Tensors& t, const GraphDescriptor& conv,
                                    const EngineRules& rules) {
  const auto whole = dimensions_of_y(s);
  const auto between = [&](Uid uid) { return &all.tensor(uid, kCudnnDataFloat, whole, /*is_virtual=*/true); };
  const GraphDescriptor& add = all.pointwise(kCudnnPointwiseAdd);
  const GraphDescriptor* sum = between(kConvolved);
  std::vector<CudnnDescriptor> operations{operation(all, kForwardPass, conv, t.x, t.weights, *sum).get()};
  const auto then = [&](const GraphDescriptor& what, const GraphDescriptor* b, const GraphDescriptor& to) {
    operations.push_back(pointwise_operation(all, what, *sum, b, to).get());
    sum = &to;
  };
  if (use.part == SumPart::kRest) then(add, &all.tensor(kSum, type, whole), *between(kSummed));
  const GraphDescriptor& bias = all.tensor(kBias, type, {1, s.out_channels, 1, 1});
  then(add, &bias, use.relu ? *between(kBiased) : t.y);
  if (use.relu) then(all.pointwise(kCudnnPointwiseRelu), nullptr, t.y);
  return plan_of(all, operations, rules);
}

std::string shape_text(const ConvolutionShape& s) {
  return std::to_string(s.batch) + " images of " + std::to_string(s.in_channels) + "x" +
         std::to_string(s.in_height) + "x" + std::to_string(s.in_width) + " to " +
         std::to_string(s.out_channels) + " maps, kernel " + std::to_string(s.kernel) + ", stride " +
         std::to_string(s.stride) + ", padding " + std::to_string(s.pad_begin) + "/" +
         std::to_string(s.pad_end);
}

}  // namespace

template <class T>
Convolution<T>::Convolution(const DeviceContext& context, const ConvolutionShape& shape,
                            const ConvolutionUse& use, const EngineRules& rules)
    : context_(context), part_(use.part) {
  Descriptors all(context, kept_, shape.alignment);
  const int type = data_type<T>();
  const Tensors tensors{
      all.tensor(kX, type, {shape.batch, shape.in_channels, shape.in_height, shape.in_width}),
      all.tensor(kWeights, type, {shape.out_channels, shape.in_channels, shape.kernel, shape.kernel}),
      all.tensor(kY, type, dimensions_of_y(shape))};
  const GraphDescriptor& conv = all.convolution(shape);
  const auto plan_for = [&](const Direction& direction) {
    const GraphDescriptor& op = operation(all, direction, conv, tensors.x, tensors.weights, tensors.y);
    return plan_of(all, {op.get()}, rules);
  };
  const auto single = [&](const Direction& direction, const char* what) {
    auto plan = plan_for(direction);
    if (!plan)
      throw Error(ErrorCode::kDeviceUnavailable,
                  device_name(context.device()) + ": cuDNN " + context.cudnn().state.version +
                      " has no deterministic " + what + " for a convolution of " + shape_text(shape) +
                      "; choose a smaller batch, another padding or precision, or train on the CPU");
    return plan;
  };
  if (part_ != SumPart::kOwn) forward_ = fused_plan(all, shape, type, use, tensors, conv, rules);
  plain_ = !forward_;
  if (plain_)
    forward_ = single(kForwardPass, "forward pass");
  else if (rules.measured)
    other_form_ = plan_for(kForwardPass);
  if (use.input_gradient) backward_data_ = single(kDataPass, "gradient of the input");
  if (use.weight_gradient) backward_weights_ = single(kWeightsPass, "gradient of the weights");
}

template <class T>
int64_t Convolution<T>::workspace_bytes() const {
  int64_t bytes = 0;
  for (const auto* plan : {&forward_, &other_form_, &backward_data_, &backward_weights_})
    if (*plan) bytes = std::max(bytes, (*plan)->workspace_bytes());
  return bytes;
}

template <class T>
void Convolution<T>::bind(const ConvolutionData& d, void* workspace, int64_t workspace_bytes,
                          const std::function<void()>& finish) {
  std::vector<int64_t> uids{kX, kWeights, kY};
  std::vector<void*> pointers{d.x, d.weights, d.y};
  if (other_form_) other_form_->bind(context_, uids, pointers, workspace, workspace_bytes);
  if (!plain_) {
    uids.push_back(kBias);
    pointers.push_back(d.bias);
    if (part_ == SumPart::kRest) {
      uids.push_back(kSum);
      pointers.push_back(d.sum);
    }
  }
  forward_->bind(context_, uids, pointers, workspace, workspace_bytes);
  forward_choice_ = forward_->choice();
  if (other_form_) choose_form(finish);
  if (backward_data_)
    backward_data_->bind(context_, {kX, kWeights, kY}, {d.dx, d.weights, d.dy}, workspace, workspace_bytes);
  if (backward_weights_)
    backward_weights_->bind(context_, {kX, kWeights, kY}, {d.x, d.dweights, d.dy}, workspace,
                            workspace_bytes);
}

template <class T>
void Convolution<T>::choose_form(const std::function<void()>& finish) {
  const EngineChoice form = choose_fastest(context_, 2, [&](size_t i) {
    if (i == 0) return forward_->run(context_);
    other_form_->run(context_);
    finish();
  });
  forward_choice_.measured += other_form_->choice().measured;
  forward_choice_.fastest_ms = form.fastest_ms;
  plain_ = form.fastest == 1;
  if (plain_) forward_ = std::move(other_form_);
  other_form_.reset();
}

template <class T>
LayerEngines Convolution<T>::engines() const {
  const auto choice = [](const std::optional<GraphPlan>& plan) {
    return plan ? plan->choice() : EngineChoice{};
  };
  return {forward_choice_, choice(backward_data_), choice(backward_weights_)};
}

template class Convolution<float>;
template class Convolution<Bf16>;

}  // namespace alexnet::cuda
