#include "cpu/fc_layer.h"

#include <algorithm>

namespace alexnet::cpu {

using columns::LayerUpdate;
using columns::Parameter;
using columns::PassContext;

template <class T>
FcLayer<T>::FcLayer(const Onednn& onednn, const NetPlan& plan, size_t layer, const columns::Share& share,
                    Purpose purpose, const Port<T>& input, ProductScratch& scratch)
    : net_(plan),
      layer_(layer),
      units_(share.width(plan.layers[layer])),
      rows_(share.rows(plan.layers[layer])),
      batch_(rows_.size()),
      classifier_(layer + 1 == plan.layers.size()),
      input_(input),
      scratch_(scratch) {
  const auto& ops = plan.layers[layer].ops;
  const int64_t units = units_.size();
  for (size_t i = 0; i < ops.size(); ++i) {
    if (ops[i].spec.kind == OpKind::kActivation) activation_ = true;
    if (ops[i].spec.kind == OpKind::kDropout) dropouts_.push_back({ops[i].spec.dropout, {}, {}, {}});
  }
  relu_fused_ = !keeps_all(purpose) && activation_ && plan.spec.activation == Activation::kRelu;

  const ProductShape shape{batch_, input.features, units};
  if (classifier_) {
    classifier_product_.emplace(onednn, shape, false, purpose);
    logits_ = Buffer<float>(batch_ * units);
  } else {
    product_.emplace(onednn, shape, relu_fused_, purpose);
    data_ = Buffer<T>(batch_ * units);
  }
  weights_ = Buffer<float>(units * input.features);
  biases_ = Buffer<float>(units);
  if constexpr (sizeof(T) == 2) copy_ = Buffer<Bf16>(weights_.count());
  if (has_gradients(purpose)) gradient_ = Buffer<T>(batch_ * units);
  if (keeps_all(purpose) && activation_) {
    linear_data_ = Buffer<T>(batch_ * units);
    linear_gradient_ = Buffer<T>(batch_ * units);
  }
  if (has_updates(purpose)) {
    weight_velocity_ = Buffer<float>(weights_.count());
    bias_velocity_ = Buffer<float>(units);
    bias_gradient_ = Buffer<float>(units);
    scratch.reserve(weights_.count());
  }
  output_ = {.flat = true, .maps = {}, .features = units, .data = data_.data(), .gradient = gradient_.data()};
  for (Dropout& dropout : dropouts_) {
    dropout.data = Buffer<T>(batch_ * units);
    dropout.kept = Buffer<uint8_t>(batch_ * units);
    output_.data = dropout.data.data();
    if (has_gradients(purpose)) {
      dropout.gradient = Buffer<T>(batch_ * units);
      output_.gradient = dropout.gradient.data();
    }
  }
}

template <class T>
const T* FcLayer<T>::multiplied() const {
  if constexpr (sizeof(T) == 2)
    return copy_.data();
  else
    return weights_.data();
}

template <class T>
void FcLayer<T>::refresh_copy() {
  if constexpr (sizeof(T) == 2) to_bf16(weights_.data(), copy_.data(), weights_.count());
}

template <class T>
void FcLayer<T>::forward(const PassContext& context) {
  if (classifier_) {
    classifier_product_->forward(input_.data, multiplied(), biases_.data(), logits_.data());
    return;
  }
  T* linear = linear_data_.count() > 0 ? linear_data_.data() : data_.data();
  product_->forward(input_.data, multiplied(), biases_.data(), linear);
  const int64_t units = units_.size();
  if (activation_ && !relu_fused_)
    activation_forward(linear, data_.data(), batch_ * units, net_.spec.activation);
  const T* x = data_.data();
  for (Dropout& dropout : dropouts_) {
    DropoutDraw draw = dropout_draw(net_, layer_, dropout.probability, context);
    draw.total_features = net_.layers[layer_].spec.width;
    draw.feature_offset = units_.begin;
    draw.first_image = rows_.begin;
    dropout.scale = draw.scale;
    dropout_forward(x, dropout.data.data(), dropout.kept.data(), batch_, units, units, draw);
    x = dropout.data.data();
  }
}

template <class T>
Port<T> FcLayer<T>::place(size_t n) const {
  Port<T> port{.flat = true, .maps = {}, .features = units_.size(), .data = nullptr, .gradient = nullptr};
  const auto show = [&](const Buffer<T>& data, const Buffer<T>& gradient) {
    port.data = const_cast<T*>(data.data());
    port.gradient = const_cast<T*>(gradient.data());
  };
  const size_t activations = activation_ ? 1 : 0;
  if (n == 0 && activation_)
    show(linear_data_, linear_gradient_);
  else if (n == activations)
    show(data_, gradient_);
  else if (n - activations - 1 < dropouts_.size())
    show(dropouts_[n - activations - 1].data, dropouts_[n - activations - 1].gradient);
  return port;
}

template <class T>
void FcLayer<T>::backward(bool input_gradient, bool parameters) {
  const int64_t units = units_.size();
  for (size_t i = dropouts_.size(); i-- > 0;) {
    Dropout& dropout = dropouts_[i];
    T* to = i == 0 ? gradient_.data() : dropouts_[i - 1].gradient.data();
    dropout_backward(dropout.gradient.data(), to, dropout.kept.data(), batch_, units, units, dropout.scale);
  }
  T* gradient = linear_gradient_.count() > 0 ? linear_gradient_.data() : gradient_.data();
  if (activation_)
    activation_backward_from_output(data_.data(), gradient_.data(), gradient, batch_ * units,
                                    net_.spec.activation);
  float* weight_gradient = scratch_.weight_gradient.data();
  const auto run = [&](auto& product) {
    if (input_gradient) product.backward_data(gradient, multiplied(), input_.gradient);
    if (parameters) product.backward_weights(input_.data, gradient, weight_gradient, bias_gradient_.data());
  };
  if (classifier_)
    run(*classifier_product_);
  else
    run(*product_);
}

template <class T>
void FcLayer<T>::update(const LayerUpdate& update) {
  Bf16* copy = copy_.count() > 0 ? copy_.data() : nullptr;
  sgd_update(weights_.data(), weight_velocity_.data(), scratch_.weight_gradient.data(), weights_.count(),
             {update.weight_rate, update.momentum, update.weight_decay}, copy);
  sgd_update(biases_.data(), bias_velocity_.data(), bias_gradient_.data(), biases_.count(),
             {update.bias_rate, update.momentum, update.bias_decay});
}

template <class T>
void FcLayer<T>::write(Parameter parameter, std::span<const float> values) {
  Buffer<float>& to = parameter == Parameter::kWeight           ? weights_
                      : parameter == Parameter::kBias           ? biases_
                      : parameter == Parameter::kWeightVelocity ? weight_velocity_
                                                                : bias_velocity_;
  std::copy(values.begin(), values.end(), to.data());
  if (parameter == Parameter::kWeight) refresh_copy();
}

template <class T>
void FcLayer<T>::read(Parameter parameter, std::span<float> values) const {
  const Buffer<float>& from = parameter == Parameter::kWeight           ? weights_
                              : parameter == Parameter::kBias           ? biases_
                              : parameter == Parameter::kWeightVelocity ? weight_velocity_
                                                                        : bias_velocity_;
  std::copy_n(from.data(), values.size(), values.begin());
}

template class FcLayer<float>;
template class FcLayer<Bf16>;

}  // namespace alexnet::cpu
