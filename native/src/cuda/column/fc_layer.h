// A fully connected layer of one column: product, bias, activation, dropout. The classifier gives float
// logits.
#pragma once

#include <optional>

#include "cuda/column/layer.h"
#include "cuda/column/product.h"

namespace alexnet::cuda {

template <class T>
class FcLayer : public Layer<T> {
 public:
  FcLayer(const LayerSite& site, const Maps<T>& input);

  int64_t workspace_bytes() const override;
  void bind(void* workspace, int64_t workspace_bytes) override;
  void forward_early() override;
  void forward(const columns::PassContext& context) override;
  void backward_data(const columns::PassContext& context, bool input_gradient) override;
  void backward_weights() override;
  const Maps<T>& output() const override { return ops_->output(); }
  LayerEngines engines() const override {
    return classifier_ ? classifier_product_->engines() : product_->engines();
  }
  std::vector<ParameterEntry> entries() const override {
    return {this->weights_.entry(nullptr), this->biases_.entry(nullptr)};
  }

  /// The classifier's: [batch, this column's classes].
  const Block<float>& logits() const { return logits_; }
  /// The gradient of the classifier's logits, in T.
  T* logits_gradient() const { return linear_.gradient.data(); }

 private:
  const DeviceContext& context_;
  const Activation activation_;
  const bool classifier_;
  Maps<T> input_, linear_;  // linear_: after bias and activation
  Block<float> logits_;
  std::optional<Product<T, T>> product_;
  std::optional<Product<T, float>> classifier_product_;
  std::optional<MapOps<T>> ops_;
  bool relu_ = false;
  Block<float> sums_;
};

}  // namespace alexnet::cuda
