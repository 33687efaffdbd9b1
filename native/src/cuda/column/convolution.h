// One convolution of one column, or of a part of its input's channels: forward with bias and, where asked
// for, ReLU; backward to its input and to its weights. Maps are channels last, weights [out, kernel, kernel,
// in].
#pragma once

#include <deque>
#include <functional>

#include "cuda/column/graph.h"
#include "cuda/kernels/map_view.h"

namespace alexnet::cuda {

struct ConvolutionShape {
  int64_t batch = 0, in_channels = 0, in_height = 0, in_width = 0;
  int64_t out_channels = 0, out_height = 0, out_width = 0;
  int64_t kernel = 1, stride = 1, pad_begin = 0, pad_end = 0;
  int64_t alignment = 16;  // bytes: on multiples of it every tensor begins
};

/// What of a sum over the input's channels the forward pass computes.
enum class SumPart {
  kWhole,  // all of it, and bias and ReLU
  kOwn,    // that over these channels alone: no bias, no ReLU
  kRest    // that over these channels and the one that lies in ConvolutionData::sum, then bias and ReLU
};

/// What a convolution is needed for.
struct ConvolutionUse {
  SumPart part = SumPart::kWhole;
  bool relu = false;            // after bias
  bool input_gradient = false;  // backward to the input
  bool weight_gradient = false;
};

/// Where its tensors lie; those that its use does not need are null. T: float or Bf16, also of the weights'
/// gradient.
struct ConvolutionData {
  void *x = nullptr, *weights = nullptr, *bias = nullptr, *sum = nullptr, *y = nullptr;
  void *dx = nullptr, *dweights = nullptr, *dy = nullptr;
};

template <class T>
class Convolution {
 public:
  /// Throws kDeviceUnavailable where cuDNN has no engine for it.
  Convolution(const DeviceContext& context, const ConvolutionShape& shape, const ConvolutionUse& use,
              const EngineRules& rules);

  int64_t workspace_bytes() const;
  /// `workspace_bytes`: at least workspace_bytes(). `finish` queues what forward() leaves to the caller where
  /// it is plain(): where engines are measured it may be faster to leave it.
  void bind(const ConvolutionData& data, void* workspace, int64_t workspace_bytes,
            const std::function<void()>& finish);

  void forward() { forward_->run(context_); }
  void backward_data() { backward_data_->run(context_); }
  void backward_weights() { backward_weights_->run(context_); }

  /// Whether forward() leaves the other sum, bias and activation to the caller, for cuDNN has no engine that
  /// does them at once, or a slow one.
  bool plain() const { return plain_; }
  /// After bind().
  LayerEngines engines() const;

 private:
  void choose_form(const std::function<void()>& finish);

  const DeviceContext& context_;
  SumPart part_;
  bool plain_ = false;
  // What the plans are made of, for as long as they live: cuDNN does not say whether it copies.
  std::deque<GraphDescriptor> kept_;
  std::optional<GraphPlan> forward_, backward_data_, backward_weights_;
  std::optional<GraphPlan> other_form_;  // of the forward pass, plain, until the faster one is chosen
  EngineChoice forward_choice_;
};

}  // namespace alexnet::cuda
