// A convolutional layer of one column. The first one, whose input has few channels and a stride, runs as a
// convolution of stride 1 over blocks of pixels ("space to depth"), which tensor cores do many times faster.
// One that begins with its own column's maps is two convolutions whose sums are added.
#pragma once

#include <optional>

#include "cuda/column/convolution.h"
#include "cuda/column/layer.h"

namespace alexnet::cuda {

/// The first layer's convolution over blocks: see NetInputFormat::kSpaceToDepth.
struct BlockedInput {
  int64_t block = 1;   // the stride
  int64_t kernel = 1;  // in blocks
  int64_t pad = 0;     // zeros left and above, in pixels
  int64_t side = 0;    // blocks a row
  int64_t channels = 0;

  NetInputFormat format(int64_t size) const;
};

BlockedInput blocked_input(const LayerPlan& layer);

template <class T>
class ConvLayer : public Layer<T> {
 public:
  /// `input`: what it reads; of the first layer the blocked image.
  ConvLayer(const LayerSite& site, const Maps<T>& input);

  int64_t workspace_bytes() const override;
  void bind(void* workspace, int64_t workspace_bytes) override;
  void forward_early() override { parts_.front()->forward(); }
  void forward(const columns::PassContext& context) override;
  void backward_data(const columns::PassContext& context, bool input_gradient) override;
  void backward_weights() override;
  void refresh() override;
  const Maps<T>& output() const override { return ops_->output(); }
  LayerEngines engines() const override { return parts_.back()->engines(); }
  std::vector<ParameterEntry> entries() const override;

 private:
  /// The weights in the form that the convolutions read, and the gradients that they give.
  T* filter() const { return first_ ? blocked_.data() : this->weights_.multiplied(); }
  void* filter_gradient() const;
  /// What a plain convolution leaves.
  void finish_forward();

  const DeviceContext& context_;
  const LayerPlan& plan_;
  const Activation activation_;
  const bool first_, training_, summed_;
  const int own_piece_;  // where it begins with its own features: which piece of the input they are
  Maps<T> input_, linear_;
  // One over all channels; or one over the own ones, which are there first, and one over the others.
  std::vector<std::unique_ptr<Convolution<T>>> parts_;
  Block<T> own_sum_;  // the first of two parts' result
  std::optional<MapOps<T>> ops_;
  bool relu_ = false;      // the first op is a ReLU
  Block<T> blocked_;       // the first layer's weights in blocks
  Block<T> raw_gradient_;  // the weights' gradient as cuDNN gives it, where that is not the parameter's own
  Block<float> sums_;      // working memory of the biases' gradient
};

}  // namespace alexnet::cuda
