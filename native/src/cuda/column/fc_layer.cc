#include "cuda/column/fc_layer.h"

#include <type_traits>

namespace alexnet::cuda {

namespace {

/// What cuBLASLt's documentation recommends for the newest devices.
constexpr int64_t kWorkspaceBytes = int64_t{32} << 20;

}  // namespace

template <class T>
FcLayer<T>::FcLayer(const LayerSite& site, const Maps<T>& input)
    : context_(site.context),
      activation_(site.plan.spec.activation),
      classifier_(site.layer + 1 == site.plan.layers.size()),
      input_(input) {
  const LayerPlan& plan = site.here();
  const int64_t units = site.own().size();
  const MapView& in = input.view;
  constexpr bool kRounded = !std::is_same_v<T, float>;
  // As what it reads lies: where columns' features are in a piece each, a row of weights is such pieces, too.
  const int64_t pieces = site.early.size() > 0 ? in.image_stride / site.early.size() : 1;
  this->weights_ = {site.arena, {units * pieces, in.channels / pieces, in.pixels()}, site.training, kRounded};
  // The classifier adds its bias in float.
  this->biases_ = {site.arena, {units, 1, 1}, site.training, kRounded && !classifier_};
  linear_.view = channels_last_view(site.batch(), units, 1, 1);
  if (classifier_)
    logits_ = site.arena.template take<float>(site.batch() * units, Growth::kWithBatch);
  else
    linear_.data = site.arena.template take<T>(site.batch() * units, Growth::kWithBatch);
  if (site.training) {
    linear_.gradient = site.arena.template take<T>(site.batch() * units, Growth::kWithBatch);
    sums_ = site.arena.template take<float>(sum_rows_work(site.batch(), units), Growth::kWithBatch);
  }
  relu_ =
      activation_ == Activation::kRelu && !plan.ops.empty() && plan.ops[0].spec.kind == OpKind::kActivation;
  const ProductShape shape{site.batch(), in.image_stride, units, site.early};
  const ProductRules rules{site.precision, kWorkspaceBytes, site.engines_measured};
  if (site.arena.exceeds_device()) {
    // There is no memory to compute anything in.
  } else if (classifier_) {
    classifier_product_.emplace(context_, shape, /*relu=*/false, site.training, rules);
  } else {
    product_.emplace(context_, shape, relu_, site.training, rules);
  }
  ops_.emplace(site.arena, site.plan, site.layer, site.share, site.training, linear_, site.step);
}

template <class T>
int64_t FcLayer<T>::workspace_bytes() const {
  if (classifier_product_) return classifier_product_->workspace_bytes();
  return product_ ? product_->workspace_bytes() : 0;
}

template <class T>
void FcLayer<T>::bind(void* workspace, int64_t) {
  const auto data = [&]<class Out>(const Out* bias, Out* y) {
    return ProductData<T, Out>{.x = input_.data.data(),
                               .weights = this->weights_.multiplied(),
                               .bias = bias,
                               .y = y,
                               .dx = input_.gradient.data(),
                               .dweights = this->weights_.gradient(),
                               .dy = linear_.gradient.data()};
  };
  if (classifier_)
    classifier_product_->bind(data(this->biases_.master(), logits_.data()), workspace);
  else
    product_->bind(data(this->biases_.multiplied(), linear_.data.data()), workspace);
}

template <class T>
void FcLayer<T>::forward_early() {
  if (classifier_)
    classifier_product_->forward_early();
  else
    product_->forward_early();
}

template <class T>
void FcLayer<T>::forward(const columns::PassContext& context) {
  const auto stream = context_.compute();
  if (classifier_) {
    classifier_product_->forward();
    if (classifier_product_->plain())
      bias_activation<float>(stream, logits_.data(), linear_.view, logits_.data(), linear_.view,
                             this->biases_.master(), std::nullopt);
    return;
  }
  product_->forward();
  bool activated = relu_;
  if (product_->plain()) {
    activated = ops_->begins_with_activation();
    bias_activation<T>(stream, linear_.data.data(), linear_.view, linear_.data.data(), linear_.view,
                       this->biases_.master(), activated ? std::optional(activation_) : std::nullopt);
  }
  ops_->forward(stream, context, activated);
}

template <class T>
void FcLayer<T>::backward_data(const columns::PassContext& context, bool input_gradient) {
  ops_->backward(context_.compute(), context);
  if (!input_gradient) return;
  if (classifier_)
    classifier_product_->backward_data();
  else
    product_->backward_data();
}

template <class T>
void FcLayer<T>::backward_weights() {
  if (classifier_)
    classifier_product_->backward_weights();
  else
    product_->backward_weights();
  sum_rows<T>(context_.compute(), linear_.gradient.data(), linear_.view.images, linear_.view.channels,
              linear_.view.image_stride, sums_.data(), this->biases_.gradient());
}

template class FcLayer<float>;
template class FcLayer<Bf16>;

}  // namespace alexnet::cuda
