#include "cuda/column/map_ops.h"

#include <algorithm>
#include <utility>

namespace alexnet::cuda {

template <class T>
MapOps<T>::MapOps(Arena& arena, const NetPlan& plan, size_t layer, const columns::Share& share, bool training,
                  const Maps<T>& linear, const Block<uint32_t>& step)
    : plan_(plan),
      layer_(layer),
      own_(share.width(plan.layers[layer])),
      rows_(share.rows(plan.layers[layer])),
      training_(training),
      linear_(linear),
      step_number_(step) {
  const auto& ops = plan.layers[layer].ops;
  for (size_t i = 0; i < ops.size(); ++i) {
    Step next = step_of(ops, i);
    if (!steps_.empty() && steps_.back().kind == Kind::kActivation && next.kind != Kind::kActivation) {
      next.before = plan.spec.activation;
      steps_.back().skip_backward = true;
    }
    next.in = next.out = output();
    if (next.kind != Kind::kActivation) allocate(arena, next, training);
    steps_.push_back(std::move(next));
  }
}

/// The step that begins with op `index`, which moves on to the step's last op.
template <class T>
auto MapOps<T>::step_of(const std::vector<OpPlan>& ops, size_t& index) const -> Step {
  Step step;
  const OpSpec& op = ops[index].spec;
  step.lrn = op.lrn;
  switch (op.kind) {
    case OpKind::kActivation:
      step.kind = Kind::kActivation;
      break;
    case OpKind::kLrn:
      step.kind = Kind::kLrn;
      if (index + 1 < ops.size() && ops[index + 1].spec.kind == OpKind::kPool) {
        step.kind = Kind::kLrnPool;
        ++index;
      }
      break;
    case OpKind::kSpatialNorm:
      step.kind = Kind::kSpatialNorm;
      break;
    case OpKind::kPool:
      step.kind = Kind::kPool;
      break;
    case OpKind::kDropout:
      step.kind = Kind::kDropout;
      break;
  }
  step.spec = ops[index].spec;
  step.shape = ops[index].out;
  // The original code's order: normalisation and pooling before the ReLU.
  const bool fuses = step.kind == Kind::kLrn || step.kind == Kind::kLrnPool || step.kind == Kind::kPool;
  if (fuses && plan_.spec.activation == Activation::kRelu && index + 1 < ops.size() &&
      ops[index + 1].spec.kind == OpKind::kActivation) {
    step.relu_after = true;
    ++index;
  }
  return step;
}

template <class T>
void MapOps<T>::allocate(Arena& arena, Step& step, bool training) {
  const int64_t channels = own_.size();
  step.out = make_maps<T>(arena, rows_.size(), channels, step.shape.height, step.shape.width, training);
  if (training && (step.kind == Kind::kPool || step.kind == Kind::kLrnPool))
    step.winners = arena.take<uint8_t>(step.out.view.count(), Growth::kWithBatch);
  if (training && step.kind == Kind::kSpatialNorm && shares_.count() == 0) {
    // A few images at a time keep the device busy.
    constexpr int64_t kImages = 16;
    shares_ = arena.take<float>(std::min(rows_.size(), kImages) * step.out.view.image_stride, Growth::kFixed);
  }
}

template <class T>
void MapOps<T>::forward(Stream stream, const columns::PassContext& context, bool activated) {
  for (size_t i = activated ? 1 : 0; i < steps_.size(); ++i) forward(stream, steps_[i], context);
}

template <class T>
void MapOps<T>::backward(Stream stream, const columns::PassContext& context) {
  for (size_t i = steps_.size(); i-- > 0;) backward(stream, steps_[i], context);
}

template <class T>
DropoutDraw MapOps<T>::draw_of(const Step& step, const columns::PassContext& context) const {
  const double p = step.spec.dropout;
  const bool scaled_in_training = plan_.spec.dropout_scale == DropoutScale::kTraining;
  DropoutDraw draw;
  draw.drop_probability = context.training ? p : 0.0;
  if (context.training)
    draw.scale = scaled_in_training ? static_cast<float>(1.0 / (1.0 - p)) : 1.0f;
  else
    draw.scale = scaled_in_training ? 1.0f : static_cast<float>(1.0 - p);
  draw.seed = context.seed;
  draw.layer = static_cast<uint32_t>(layer_);
  draw.step = step_number_.data();
  draw.total_features = step.shape.count();
  draw.first_image = rows_.begin;
  draw.feature_offset = own_.begin * step.shape.height * step.shape.width;
  return draw;
}

template <class T>
void MapOps<T>::forward(Stream stream, const Step& s, const columns::PassContext& context) {
  const T* x = s.in.data.data();
  T* y = s.out.data.data();
  const MapView &in = s.in.view, &out = s.out.view;
  switch (s.kind) {
    case Kind::kActivation:
      bias_activation<T>(stream, x, in, y, out, nullptr, plan_.spec.activation);
      break;
    case Kind::kLrnPool:
      lrn_pool_forward<T>(stream, x, in, y, out, s.winners.data(), s.lrn, s.spec.pool, s.relu_after);
      break;
    case Kind::kLrn:
      lrn_forward<T>(stream, x, in, y, out, s.lrn, s.relu_after);
      break;
    case Kind::kPool:
      pool_forward<T>(stream, x, in, y, out, s.winners.data(), s.spec.pool, s.relu_after);
      break;
    case Kind::kSpatialNorm:
      spatial_norm_forward<T>(stream, x, in, y, out, s.spec.spatial_norm);
      break;
    case Kind::kDropout:
      dropout_forward<T>(stream, x, in, y, out, draw_of(s, context));
      break;
  }
}

template <class T>
void MapOps<T>::backward(Stream stream, const Step& s, const columns::PassContext& context) {
  const T *x = s.in.data.data(), *y = s.out.data.data(), *dy = s.out.gradient.data();
  T* dx = s.in.gradient.data();
  const MapView &in = s.in.view, &out = s.out.view;
  switch (s.kind) {
    case Kind::kActivation:
      if (!s.skip_backward) activation_backward<T>(stream, y, out, dy, out, dx, in, plan_.spec.activation);
      break;
    case Kind::kLrnPool:
      lrn_pool_backward<T>(stream, x, in, dy, out, s.winners.data(), dx, in, s.lrn, s.spec.pool, s.relu_after,
                           s.before);
      break;
    case Kind::kLrn:
      lrn_backward<T>(stream, x, in, dy, out, dx, in, s.lrn, s.relu_after, s.before);
      break;
    case Kind::kPool:
      pool_backward<T>(stream, x, in, dy, out, s.winners.data(), dx, in, s.spec.pool,
                       s.relu_after ? std::optional(Activation::kRelu) : s.before);
      break;
    case Kind::kSpatialNorm:
      spatial_norm_backward<T>(stream, x, in, dy, out, dx, in, s.spec.spatial_norm, s.before, shares_.data(),
                               shares_.count());
      break;
    case Kind::kDropout:
      dropout_backward<T>(stream, dy, out, x, in, dx, in, draw_of(s, context), s.before);
      break;
  }
}

template class MapOps<float>;
template class MapOps<Bf16>;

}  // namespace alexnet::cuda
