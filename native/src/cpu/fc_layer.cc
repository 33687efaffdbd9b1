#include "cpu/fc_layer.h"

#include <algorithm>

namespace alexnet::cpu {

using columns::LayerUpdate;
using columns::Parameter;
using columns::PassContext;

template <class T>
FcLayer<T>::FcLayer(const Onednn& onednn, const NetPlan& plan, size_t layer, int column, int64_t batch,
                    bool training, const Port<T>& input, ProductScratch& scratch)
    : net_(plan),
      layer_(layer),
      units_(column_range(plan.layers[layer].spec.width, plan.spec.columns, column)),
      batch_(batch),
      classifier_(layer + 1 == plan.layers.size()),
      input_(input),
      scratch_(scratch) {
  const auto& ops = plan.layers[layer].ops;
  const int64_t units = units_.size();
  for (size_t i = 0; i < ops.size(); ++i) {
    if (ops[i].spec.kind == OpKind::kActivation) activation_ = true;
    if (ops[i].spec.kind == OpKind::kDropout) dropouts_.push_back({ops[i].spec.dropout, {}, {}, {}});
  }
  relu_fused_ = activation_ && plan.spec.activation == Activation::kRelu;

  const ProductShape shape{batch, input.features, units};
  if (classifier_) {
    classifier_product_.emplace(onednn, shape, false, training);
    logits_ = Buffer<float>(batch * units);
  } else {
    product_.emplace(onednn, shape, relu_fused_, training);
    data_ = Buffer<T>(batch * units);
  }
  weights_ = Buffer<float>(units * input.features);
  biases_ = Buffer<float>(units);
  if constexpr (sizeof(T) == 2) copy_ = Buffer<Bf16>(weights_.count());
  if (training) {
    gradient_ = Buffer<T>(batch * units);
    weight_velocity_ = Buffer<float>(weights_.count());
    bias_velocity_ = Buffer<float>(units);
    bias_gradient_ = Buffer<float>(units);
    scratch.reserve(weights_.count());
  }
  output_ = {.flat = true, .maps = {}, .features = units, .data = data_.data(), .gradient = gradient_.data()};
  for (Dropout& dropout : dropouts_) {
    dropout.data = Buffer<T>(batch * units);
    dropout.kept = Buffer<uint8_t>(batch * units);
    output_.data = dropout.data.data();
    if (training) {
      dropout.gradient = Buffer<T>(batch * units);
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
  product_->forward(input_.data, multiplied(), biases_.data(), data_.data());
  const int64_t units = units_.size();
  if (activation_ && !relu_fused_)
    activation_forward(data_.data(), data_.data(), batch_ * units, net_.spec.activation);
  const T* x = data_.data();
  for (Dropout& dropout : dropouts_) {
    DropoutDraw draw = dropout_draw(net_, layer_, dropout.probability, context);
    draw.total_features = net_.layers[layer_].spec.width;
    draw.feature_offset = units_.begin;
    dropout.scale = draw.scale;
    dropout_forward(x, dropout.data.data(), dropout.kept.data(), batch_, units, units, draw);
    x = dropout.data.data();
  }
}

template <class T>
void FcLayer<T>::backward(const LayerUpdate& update, bool input_gradient) {
  const int64_t units = units_.size();
  for (size_t i = dropouts_.size(); i-- > 0;) {
    Dropout& dropout = dropouts_[i];
    T* to = i == 0 ? gradient_.data() : dropouts_[i - 1].gradient.data();
    dropout_backward(dropout.gradient.data(), to, dropout.kept.data(), batch_, units, units, dropout.scale);
  }
  if (activation_)
    activation_backward_from_output(data_.data(), gradient_.data(), gradient_.data(), batch_ * units,
                                    net_.spec.activation);
  float* weight_gradient = scratch_.weight_gradient.data();
  const auto run = [&](auto& product) {
    if (input_gradient) product.backward_data(gradient_.data(), multiplied(), input_.gradient);
    if (!update.frozen)
      product.backward_weights(input_.data, gradient_.data(), weight_gradient, bias_gradient_.data());
  };
  if (classifier_)
    run(*classifier_product_);
  else
    run(*product_);
  if (update.frozen) return;
  Bf16* copy = copy_.count() > 0 ? copy_.data() : nullptr;
  sgd_update(weights_.data(), weight_velocity_.data(), weight_gradient, weights_.count(),
             {update.weight_rate, update.momentum, update.weight_decay}, copy);
  sgd_update(biases_.data(), bias_velocity_.data(), bias_gradient_.data(), units,
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
