#include "cpu/conv_layer.h"

#include <algorithm>

namespace alexnet::cpu {

using columns::LayerUpdate;
using columns::Parameter;
using columns::PassContext;
using dnnl::memory;

namespace {

/// A fused ReLU saves a pass over the largest maps of the net.
bool fuses_relu(const NetPlan& plan, const LayerPlan& layer) {
  return plan.spec.activation == Activation::kRelu && !layer.ops.empty() &&
         layer.ops[0].spec.kind == OpKind::kActivation;
}

InputParts input_parts(const NetPlan& plan, const LayerPlan& layer, bool first) {
  if (first) return {1, layer.in.channels, true};
  const int64_t per_column = layer.in.channels / plan.spec.columns;
  return {layer.gathers ? plan.spec.columns : 1, per_column, false};
}

}  // namespace

template <class T>
ConvLayer<T>::ConvLayer(const Onednn& onednn, const NetPlan& plan, size_t layer, const columns::Share& share,
                        Layout layout, Purpose purpose, const Maps<T>& input, bool flatten)
    : onednn_(onednn),
      plan_(plan.layers[layer]),
      out_channels_(share.width(plan_).size()),
      taps_(plan_.spec.kernel * plan_.spec.kernel),
      parts_(input_parts(plan, plan_, layer == 0)),
      input_(input) {
  const Range rows = share.rows(plan_);
  const int64_t batch = rows.size(), stored_out = stored_channels(out_channels_);
  const ConvolutionShape shape{.batch = batch,
                               .in_channels = parts_.stored(),
                               .in_height = plan_.in.height,
                               .in_width = plan_.in.width,
                               .out_channels = stored_out,
                               .out_height = plan_.linear.height,
                               .out_width = plan_.linear.width,
                               .kernel = plan_.spec.kernel,
                               .stride = plan_.spec.stride,
                               .pad_begin = plan_.spec.padding.size,
                               .pad_end = plan_.pad_right_bottom,
                               .reads_image = layer == 0};
  const bool relu = !keeps_all(purpose) && fuses_relu(plan, plan_);
  convolution_ = std::make_unique<Convolution<T>>(onednn, shape, layout, relu, purpose);

  linear_.view = map_view(layout, batch, out_channels_, plan_.linear.height, plan_.linear.width);
  linear_data_ = Buffer<T>(linear_.view.padded_count());
  linear_.data = linear_data_.data();
  const int64_t weights = stored_out * parts_.stored() * taps_;
  weights_ = Buffer<float>(weights);
  biases_ = Buffer<float>(stored_out);
  if (has_gradients(purpose)) {
    linear_gradient_ = Buffer<T>(linear_.view.padded_count());
    linear_.gradient = linear_gradient_.data();
  }
  if (has_updates(purpose)) {
    weight_velocity_ = Buffer<float>(weights);
    weight_gradient_ = Buffer<float>(weights);
    bias_velocity_ = Buffer<float>(stored_out);
    bias_gradient_ = Buffer<float>(stored_out);
  }
  ops_.emplace(plan, layer, share.column, rows, layout, purpose, linear_, relu);

  output_.maps = ops_->output();
  output_.data = output_.maps.data;
  output_.gradient = output_.maps.gradient;
  if (flatten) prepare_flatten();
}

template <class T>
void ConvLayer<T>::prepare_flatten() {
  const MapView& view = output_.maps.view;
  output_.flat = true;
  output_.features = out_channels_ * view.height * view.width;
  flat_ = Buffer<T>(view.images * output_.features);
  output_.data = flat_.data();
  with_onednn("preparing to flatten", [&] {
    const memory::dims dims{view.images, out_channels_, view.height, view.width};
    flat_desc_ = memory::desc(dims, data_type_of<T>(), memory::format_tag::nchw);
    map_desc_ = view.pixel_stride == kBlock
                    ? memory::desc(dims, data_type_of<T>(), memory::format_tag::nChw16c)
                    : memory::desc(dims, data_type_of<T>(),
                                   memory::dims{view.image_stride, 1, view.row_stride, view.pixel_stride});
    flatten_.emplace(dnnl::reorder::primitive_desc(onednn_.engine, map_desc_, onednn_.engine, flat_desc_));
    if (!output_.gradient) return;
    flat_gradient_ = Buffer<T>(view.images * output_.features);
    output_.gradient = flat_gradient_.data();
    unflatten_.emplace(dnnl::reorder::primitive_desc(onednn_.engine, flat_desc_, onednn_.engine, map_desc_));
  });
}

template <class T>
Port<T> ConvLayer<T>::place(size_t n) const {
  const Maps<T> maps = ops_->place(n);
  return {.flat = false, .maps = maps, .features = 0, .data = maps.data, .gradient = maps.gradient};
}

template <class T>
void ConvLayer<T>::forward(const PassContext& context) {
  convolution_->forward(input_.data, biases_.data(), linear_.data);
  ops_->forward(context);
  if (!flatten_) return;
  with_onednn("flattening", [&] {
    memory from = memory_over(onednn_, map_desc_, output_.maps.data);
    memory to = memory_over(onednn_, flat_desc_, output_.data);
    dnnl::stream stream = onednn_.stream;
    flatten_->execute(stream, from, to);
    stream.wait();
  });
}

template <class T>
void ConvLayer<T>::backward(bool input_gradient, bool parameters) {
  if (unflatten_) {
    with_onednn("flattening, backward", [&] {
      memory from = memory_over(onednn_, flat_desc_, output_.gradient);
      memory to = memory_over(onednn_, map_desc_, output_.maps.gradient);
      dnnl::stream stream = onednn_.stream;
      unflatten_->execute(stream, from, to);
      stream.wait();
    });
  }
  ops_->backward();
  if (input_gradient) convolution_->backward_data(linear_.gradient, input_.gradient);
  if (parameters)
    convolution_->backward_weights(input_.data, linear_.gradient, weight_gradient_.data(),
                                   bias_gradient_.data());
}

template <class T>
void ConvLayer<T>::update(const LayerUpdate& update) {
  sgd_update(weights_.data(), weight_velocity_.data(), weight_gradient_.data(), weights_.count(),
             {update.weight_rate, update.momentum, update.weight_decay});
  sgd_update(biases_.data(), bias_velocity_.data(), bias_gradient_.data(), biases_.count(),
             {update.bias_rate, update.momentum, update.bias_decay});
  convolution_->set_weights(weights_.data());
}

template <class T>
void ConvLayer<T>::write(Parameter parameter, std::span<const float> values) {
  if (parameter == Parameter::kBias || parameter == Parameter::kBiasVelocity) {
    Buffer<float>& to = parameter == Parameter::kBias ? biases_ : bias_velocity_;
    std::copy(values.begin(), values.end(), to.data());
    return;
  }
  float* to = (parameter == Parameter::kWeight ? weights_ : weight_velocity_).data();
  const float* from = values.data();
  for (int64_t o = 0; o < out_channels_; ++o)
    for (int64_t i = 0; i < parts_.logical(); ++i)
      for (int64_t t = 0; t < taps_; ++t) to[place(o, i, t)] = *from++;
  if (parameter == Parameter::kWeight) convolution_->set_weights(weights_.data());
}

template <class T>
void ConvLayer<T>::read(Parameter parameter, std::span<float> values) const {
  if (parameter == Parameter::kBias || parameter == Parameter::kBiasVelocity) {
    const Buffer<float>& from = parameter == Parameter::kBias ? biases_ : bias_velocity_;
    std::copy_n(from.data(), values.size(), values.begin());
    return;
  }
  const float* from = (parameter == Parameter::kWeight ? weights_ : weight_velocity_).data();
  float* to = values.data();
  for (int64_t o = 0; o < out_channels_; ++o)
    for (int64_t i = 0; i < parts_.logical(); ++i)
      for (int64_t t = 0; t < taps_; ++t) *to++ = from[place(o, i, t)];
}

template class ConvLayer<float>;
template class ConvLayer<Bf16>;

}  // namespace alexnet::cpu
