// A convolutional layer of one column. The first one, whose input has few channels and a stride, runs as a
// convolution of stride 1 over blocks of pixels ("space to depth"), which tensor cores do many times faster.
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

  int64_t workspace_bytes() const override { return convolution_->workspace_bytes(); }
  void bind(void* workspace, int64_t workspace_bytes) override;
  void forward(const columns::PassContext& context) override;
  void backward_data(const columns::PassContext& context, bool input_gradient) override;
  void backward_weights() override;
  void refresh() override;
  const Maps<T>& output() const override { return ops_->output(); }
  std::vector<ParameterEntry> entries() const override;

 private:
  /// The weights in the form that the convolution reads.
  T* filter() const { return first_ ? blocked_.data() : this->weights_.multiplied(); }

  const DeviceContext& context_;
  const LayerPlan& plan_;
  const Activation activation_;
  const bool first_, training_, summed_;
  Maps<T> input_, linear_;
  std::unique_ptr<Convolution<T>> convolution_;
  std::optional<MapOps<T>> ops_;
  bool relu_ = false;      // the first op is a ReLU
  Block<T> blocked_;       // the first layer's weights in blocks
  Block<T> raw_gradient_;  // the weights' gradient as cuDNN gives it, where that is not the parameter's own
  Block<float> sums_;      // working memory of the biases' gradient
};

}  // namespace alexnet::cuda
