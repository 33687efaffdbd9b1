#include "cuda/column/conv_layer.h"

#include <algorithm>
#include <numeric>
#include <type_traits>

namespace alexnet::cuda {

namespace {

/// Working memory for one engine, at most. More than this buys no speed in these nets.
constexpr int64_t kWorkspaceBytes = int64_t{512} << 20;

int64_t divided_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

ConvolutionShape convolution_shape(const LayerSite& site, bool first, int64_t pieces) {
  const LayerPlan& plan = site.here();
  ConvolutionShape shape{.batch = site.batch(),
                         .in_channels = plan.in.channels / plan.groups / pieces,
                         .in_height = plan.in.height,
                         .in_width = plan.in.width,
                         .out_channels = site.own().size(),
                         .out_height = plan.linear.height,
                         .out_width = plan.linear.width,
                         .kernel = plan.spec.kernel,
                         .stride = plan.spec.stride,
                         .pad_begin = plan.spec.padding.size,
                         .pad_end = plan.pad_right_bottom};
  if (!first) return shape;
  const BlockedInput blocked = blocked_input(plan);
  shape.in_channels = blocked.channels;
  shape.in_height = shape.in_width = blocked.side;
  shape.kernel = blocked.kernel;
  shape.stride = 1;
  shape.pad_begin = shape.pad_end = 0;
  return shape;
}

}  // namespace

NetInputFormat BlockedInput::format(int64_t size) const {
  return {.arrangement = InputArrangement::kSpaceToDepth,
          .size = size,
          .channels = 3,
          .block = block,
          .pad = pad,
          .blocks_a_row = side};
}

BlockedInput blocked_input(const LayerPlan& layer) {
  BlockedInput blocked;
  blocked.block = layer.spec.stride;
  blocked.kernel = divided_up(layer.spec.kernel, layer.spec.stride);
  blocked.pad = layer.spec.padding.size;
  blocked.side = layer.linear.width + blocked.kernel - 1;
  blocked.channels = blocked.block * blocked.block * layer.in.channels;
  return blocked;
}

template <class T>
ConvLayer<T>::ConvLayer(const LayerSite& site, const Maps<T>& input)
    : context_(site.context),
      plan_(site.here()),
      activation_(site.plan.spec.activation),
      first_(site.layer == 0),
      training_(site.training),
      summed_(site.share.sums(site.here())),
      own_piece_(site.early.begin > 0 ? 1 : 0),
      input_(input) {
  const int64_t out = site.own().size(), taps = plan_.spec.kernel * plan_.spec.kernel;
  const int64_t pieces = site.early.size() > 0 ? 2 : 1;
  constexpr bool kRounded = !std::is_same_v<T, float>;
  this->weights_ = {
      site.arena, {out, plan_.in.channels / plan_.groups, taps, pieces}, training_, kRounded && !first_};
  this->biases_ = {site.arena, {out, 1, 1}, training_, kRounded};
  linear_ = make_maps<T>(site.arena, site.batch(), out, plan_.linear.height, plan_.linear.width, training_);
  ConvolutionShape shape = convolution_shape(site, first_, pieces);
  // The second piece begins where the first one ends.
  if (pieces > 1)
    for (const int64_t whole : {input_.view.count(), this->weights_.shape().count()})
      shape.alignment = std::gcd(shape.alignment, whole / pieces * int64_t{sizeof(T)});
  relu_ =
      activation_ == Activation::kRelu && !plan_.ops.empty() && plan_.ops[0].spec.kind == OpKind::kActivation;
  const std::vector<SumPart> sums =
      pieces == 1 ? std::vector{SumPart::kWhole} : std::vector{SumPart::kOwn, SumPart::kRest};
  if (!site.arena.exceeds_device())
    for (const SumPart part : sums)
      parts_.push_back(std::make_unique<Convolution<T>>(
          context_, shape,
          ConvolutionUse{.part = part,
                         .relu = relu_,
                         .input_gradient = training_ && !first_,
                         .weight_gradient = training_},
          EngineRules{site.precision, kWorkspaceBytes, site.engines_measured}));
  if (pieces > 1) own_sum_ = site.arena.take<T>(linear_.view.count(), Growth::kWithBatch);
  const int64_t filter_count = out * shape.kernel * shape.kernel * shape.in_channels * pieces;
  if (first_) blocked_ = site.arena.take<T>(filter_count, Growth::kFixed);
  if (training_) {
    if (first_ || kRounded) raw_gradient_ = site.arena.take<T>(filter_count, Growth::kFixed);
    sums_ =
        site.arena.take<float>(sum_rows_work(site.batch() * linear_.view.pixels(), out), Growth::kWithBatch);
  }
  ops_.emplace(site.arena, site.plan, site.layer, site.share, training_, linear_, site.step);
}

template <class T>
int64_t ConvLayer<T>::workspace_bytes() const {
  int64_t bytes = 0;
  for (const auto& part : parts_) bytes = std::max(bytes, part->workspace_bytes());
  return bytes;
}

template <class T>
void* ConvLayer<T>::filter_gradient() const {
  if (raw_gradient_.count() > 0) return raw_gradient_.data();
  return this->weights_.gradient();
}

template <class T>
void ConvLayer<T>::bind(void* workspace, int64_t workspace_bytes) {
  const auto pieces = static_cast<int64_t>(parts_.size());
  const int64_t maps = input_.view.count() / pieces, weights = this->weights_.shape().count() / pieces;
  for (int64_t i = 0; i < pieces; ++i) {
    const int64_t piece = i == 0 ? own_piece_ : 1 - own_piece_;
    ConvolutionData data{.x = input_.data.data() + piece * maps,
                         .weights = filter() + piece * weights,
                         .bias = this->biases_.multiplied(),
                         .sum = own_sum_.data(),
                         .y = i + 1 < pieces ? own_sum_.data() : linear_.data.data()};
    if (training_) {
      data.dx = first_ ? nullptr : input_.gradient.data() + piece * maps;
      data.dweights = static_cast<T*>(filter_gradient()) + piece * weights;
      data.dy = linear_.gradient.data();
    }
    parts_[static_cast<size_t>(i)]->bind(data, workspace, workspace_bytes, [this] { finish_forward(); });
  }
}

template <class T>
void ConvLayer<T>::finish_forward() {
  const auto stream = context_.compute();
  const MapView& view = linear_.view;
  T* y = linear_.data.data();
  if (own_sum_.count() > 0) add_maps<T>(stream, own_sum_.data(), view, y, view, y, view);
  bias_activation<T>(stream, y, view, y, view, this->biases_.master(),
                     ops_->begins_with_activation() ? std::optional(activation_) : std::nullopt);
}

template <class T>
void ConvLayer<T>::forward(const columns::PassContext& context) {
  parts_.back()->forward();
  const bool plain = parts_.back()->plain();
  if (plain) finish_forward();
  ops_->forward(context_.compute(), context, plain ? ops_->begins_with_activation() : relu_);
}

template <class T>
void ConvLayer<T>::backward_data(const columns::PassContext& context, bool input_gradient) {
  ops_->backward(context_.compute(), context);
  if (!input_gradient) return;
  for (const auto& part : parts_) part->backward_data();
}

template <class T>
void ConvLayer<T>::backward_weights() {
  const auto stream = context_.compute();
  for (const auto& part : parts_) part->backward_weights();
  if (first_) {
    weights_from_blocks<T>(stream, raw_gradient_.data(), this->weights_.gradient(),
                           this->weights_.shape().out, plan_.spec.kernel, plan_.spec.stride,
                           plan_.in.channels);
  } else if constexpr (!std::is_same_v<T, float>) {
    if (summed_)
      convert<T, float>(stream, raw_gradient_.data(), this->weights_.gradient(), raw_gradient_.count());
  }
  sum_rows<T>(stream, linear_.gradient.data(), linear_.view.images * linear_.view.pixels(),
              linear_.view.channels, linear_.view.pixel_stride, sums_.data(), this->biases_.gradient());
}

template <class T>
void ConvLayer<T>::refresh() {
  if (first_)
    weights_to_blocks<T>(context_.compute(), this->weights_.master(), blocked_.data(),
                         this->weights_.shape().out, plan_.spec.kernel, plan_.spec.stride, plan_.in.channels);
}

template <class T>
std::vector<ParameterEntry> ConvLayer<T>::entries() const {
  // A sum over replicas is of floats.
  const bool rounded = !std::is_same_v<T, float> && !first_ && !summed_;
  return {this->weights_.entry(rounded ? raw_gradient_.data() : nullptr), this->biases_.entry(nullptr)};
}

template class ConvLayer<float>;
template class ConvLayer<Bf16>;

}  // namespace alexnet::cuda
