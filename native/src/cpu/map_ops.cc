#include "cpu/map_ops.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace alexnet::cpu {

template <class T>
MapOps<T>::MapOps(const NetPlan& plan, size_t layer, int column, Range rows, Layout layout, Purpose purpose,
                  const Maps<T>& linear, bool relu_fused)
    : plan_(plan), layer_(layer), column_(column), rows_(rows), layout_(layout), linear_(linear) {
  using Kind = typename Step::Kind;
  const auto& ops = plan.layers[layer].ops;
  steps_.reserve(ops.size());
  Maps<T> current = linear;
  for (size_t i = 0; i < ops.size(); ++i) {
    Step step;
    step.spec = ops[i].spec;
    step.lrn = ops[i].spec.lrn;
    step.in = step.out = current;
    const OpPlan* shape = &ops[i];
    switch (ops[i].spec.kind) {
      case OpKind::kActivation:
        step.kind = Kind::kActivation;
        step.skip_forward = relu_fused && i == 0;
        break;
      case OpKind::kLrn:
        step.kind = Kind::kLrn;
        if (!keeps_all(purpose) && i + 1 < ops.size() && ops[i + 1].spec.kind == OpKind::kPool) {
          step.kind = Kind::kLrnPool;
          step.spec = ops[i + 1].spec;
          shape = &ops[++i];
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
    step.op = i;
    if (!keeps_all(purpose) && !steps_.empty() && steps_.back().kind == Kind::kActivation &&
        step.kind != Kind::kActivation && step.kind != Kind::kDropout) {
      step.before = plan.spec.activation;
      steps_.back().skip_backward = true;
    }
    if (step.kind != Kind::kActivation || keeps_all(purpose)) allocate(step, *shape, purpose);
    current = step.out;
    steps_.push_back(std::move(step));
  }
}

template <class T>
void MapOps<T>::allocate(Step& step, const OpPlan& op, Purpose purpose) {
  const int64_t channels = column_range(op.out.channels, plan_.spec.columns, column_).size();
  step.shape = op.out;
  step.out.view = map_view(layout_, rows_.size(), channels, op.out.height, op.out.width);
  step.data = Buffer<T>(step.out.view.padded_count());
  step.out.data = step.data.data();
  if (has_gradients(purpose)) {
    step.gradient = Buffer<T>(step.out.view.padded_count());
    step.out.gradient = step.gradient.data();
  }
  using Kind = typename Step::Kind;
  if (step.kind == Kind::kLrnPool || step.kind == Kind::kDropout ||
      (step.kind == Kind::kPool && has_gradients(purpose)))
    step.bytes = Buffer<uint8_t>(step.out.view.padded_count());
}

template <class T>
Maps<T> MapOps<T>::place(size_t n) const {
  size_t next = 0;  // the step that reads it
  Maps<T> found = linear_;
  if (n > 0) {
    while (next < steps_.size() && steps_[next].op + 1 < n) ++next;
    if (next == steps_.size() || steps_[next].op + 1 != n) return {};  // fused into a later one
    found = steps_[next++].out;
  }
  const bool overwritten = next < steps_.size() && steps_[next].out.data == found.data;
  return overwritten ? Maps<T>{} : found;
}

template <class T>
void MapOps<T>::forward(const columns::PassContext& context) {
  for (Step& step : steps_) forward(step, context);
}

template <class T>
void MapOps<T>::backward() {
  for (size_t i = steps_.size(); i-- > 0;) backward(steps_[i]);
}

template <class T>
void MapOps<T>::forward(Step& s, const columns::PassContext& context) {
  const MapView &in = s.in.view, &out = s.out.view;
  using Kind = typename Step::Kind;
  switch (s.kind) {
    case Kind::kActivation:
      if (!s.skip_forward) activation_forward(s.in.data, in, s.out.data, out, plan_.spec.activation);
      break;
    case Kind::kLrnPool:
      lrn_pool_forward(s.in.data, in, s.out.data, out, s.bytes.data(), s.lrn, s.spec.pool);
      break;
    case Kind::kLrn:
      lrn_forward(s.in.data, in, s.out.data, out, s.lrn);
      break;
    case Kind::kPool:
      pool_forward(s.in.data, in, s.out.data, out, s.bytes.data(), s.spec.pool);
      break;
    case Kind::kSpatialNorm:
      spatial_norm_forward(s.in.data, in, s.out.data, out, s.spec.spatial_norm);
      break;
    case Kind::kDropout: {
      DropoutDraw draw = dropout_draw(plan_, layer_, s.spec.dropout, context);
      draw.total_features = s.shape.count();
      draw.feature_offset =
          column_range(s.shape.channels, plan_.spec.columns, column_).begin * s.shape.height * s.shape.width;
      draw.first_image = rows_.begin;
      s.dropout_scale = draw.scale;
      dropout_forward(s.in.data, in, s.out.data, out, s.bytes.data(), draw);
      break;
    }
  }
}

template <class T>
void MapOps<T>::backward(Step& s) {
  const MapView &in = s.in.view, &out = s.out.view;
  using Kind = typename Step::Kind;
  switch (s.kind) {
    case Kind::kActivation:
      if (!s.skip_backward)
        activation_backward_from_output(s.out.data, out, s.out.gradient, out, s.in.gradient, in,
                                        plan_.spec.activation);
      break;
    case Kind::kLrnPool:
      lrn_pool_backward(s.in.data, in, s.out.gradient, out, s.bytes.data(), s.in.gradient, in, s.lrn,
                        s.spec.pool, s.before);
      break;
    case Kind::kLrn:
      lrn_backward(s.in.data, in, s.out.gradient, out, s.in.gradient, in, s.lrn, s.before);
      break;
    case Kind::kPool:
      pool_backward(s.in.data, in, s.out.gradient, out, s.bytes.data(), s.in.gradient, in, s.spec.pool,
                    s.before);
      break;
    case Kind::kSpatialNorm:
      spatial_norm_backward(s.in.data, in, s.out.gradient, out, s.in.gradient, in, s.spec.spatial_norm,
                            s.before);
      break;
    case Kind::kDropout:
      dropout_backward(s.out.gradient, out, s.in.gradient, in, s.bytes.data(), s.dropout_scale);
      break;
  }
}

DropoutDraw dropout_draw(const NetPlan& plan, size_t layer, double probability,
                         const columns::PassContext& context) {
  DropoutDraw draw;
  draw.seed = context.seed;
  draw.step = context.step;
  draw.layer = static_cast<uint32_t>(layer);
  draw.drop_probability = context.training ? probability : 0.0;
  const bool in_training = plan.spec.dropout_scale == DropoutScale::kTraining;
  if (context.training)
    draw.scale = in_training ? static_cast<float>(1.0 / (1.0 - probability)) : 1.0f;
  else
    draw.scale = in_training ? 1.0f : static_cast<float>(1.0 - probability);
  return draw;
}

template class MapOps<float>;
template class MapOps<Bf16>;

}  // namespace alexnet::cpu
