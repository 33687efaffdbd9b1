// A whole net in double; see net.h.
#include "reference/net.h"

#include <algorithm>

#include "alexnet/error.h"
#include "spec/dropout.h"
#include "spec/init.h"

namespace alexnet::reference {

namespace {

Values as_double(const std::vector<float>& values) { return {values.begin(), values.end()}; }

Parameter fresh(std::string name, Values values) {
  const size_t count = values.size();
  return {std::move(name), std::move(values), Values(count), Values(count)};
}

}  // namespace

Net::Net(const NetPlan& plan, uint64_t seed) : plan_(plan) {
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const std::string& name = plan.layers[i].spec.name;
    parameters_.push_back(fresh(name + ".weight", as_double(initial_weights(plan, i, seed))));
    parameters_.push_back(fresh(name + ".bias", as_double(initial_biases(plan, i))));
  }
}

Parameter& Net::parameter(const std::string& name) {
  const auto it = std::find_if(parameters_.begin(), parameters_.end(),
                               [&](const Parameter& parameter) { return parameter.name == name; });
  if (it == parameters_.end()) throw Error(ErrorCode::kNotFound, "The net has no parameter " + name + ".");
  return *it;
}

Values Net::run_op(size_t layer, const OpPlan& op, const Values& x, OpTrace& trace) const {
  switch (op.spec.kind) {
    case OpKind::kActivation:
      return activation_forward(x, plan_.spec.activation);
    case OpKind::kLrn:
      return lrn_forward(x, batch_, op.in, plan_.spec.columns, op.spec.lrn);
    case OpKind::kSpatialNorm:
      return spatial_norm_forward(x, batch_, op.in, op.spec.spatial_norm);
    case OpKind::kPool: {
      Pooled pooled = pool_forward(x, batch_, op.in, op.out, op.spec.pool);
      trace.argmax = std::move(pooled.argmax);
      return std::move(pooled.y);
    }
    case OpKind::kDropout:
      break;
  }
  if (!dropout_) return dropout_test(x, op.spec.dropout, plan_.spec.dropout_scale);
  trace.kept.resize(x.size());
  for (size_t i = 0; i < x.size(); ++i) {  // NCHW over all columns: the index is the rule's element
    trace.kept[i] =
        dropout_keep(dropout_->seed, dropout_->step, static_cast<uint32_t>(layer), i, op.spec.dropout);
  }
  return dropout_training(x, trace.kept, op.spec.dropout, plan_.spec.dropout_scale);
}

const Values& Net::forward(const Values& images, int64_t batch, std::optional<DropoutKey> dropout) {
  if (static_cast<int64_t>(images.size()) != batch * plan_.layers.front().in.count()) {
    throw Error(ErrorCode::kInvalidArgument, "The images do not have the net's input shape.");
  }
  batch_ = batch;
  dropout_ = dropout;
  traces_.clear();
  const Values* x = &images;
  traces_.reserve(plan_.layers.size());
  for (size_t i = 0; i < plan_.layers.size(); ++i) {
    const LayerPlan& layer = plan_.layers[i];
    LayerTrace& trace = traces_.emplace_back();
    trace.x = *x;
    trace.linear = linear_forward(*x, parameters_[2 * i].values, parameters_[2 * i + 1].values,
                                  linear_shape(layer, batch));
    x = &trace.linear;
    trace.ops.reserve(layer.ops.size());
    for (const OpPlan& op : layer.ops) {
      OpTrace& after = trace.ops.emplace_back();
      after.y = run_op(i, op, *x, after);
      x = &after.y;
    }
  }
  return *x;
}

Values Net::run_op_backward(const OpPlan& op, const OpTrace& trace, const Values& x, const Values& dy) const {
  switch (op.spec.kind) {
    case OpKind::kActivation:
      return activation_backward(trace.y, dy, plan_.spec.activation);
    case OpKind::kLrn:
      return lrn_backward(x, dy, batch_, op.in, plan_.spec.columns, op.spec.lrn);
    case OpKind::kSpatialNorm:
      return spatial_norm_backward(x, dy, batch_, op.in, op.spec.spatial_norm);
    case OpKind::kPool:
      return pool_backward(trace.argmax, dy, x.size());
    case OpKind::kDropout:
      break;
  }
  if (!dropout_) return dropout_test(dy, op.spec.dropout, plan_.spec.dropout_scale);
  return dropout_training(dy, trace.kept, op.spec.dropout, plan_.spec.dropout_scale);
}

Loss Net::backward(std::span<const int32_t> labels) {
  if (traces_.empty() || static_cast<int64_t>(labels.size()) != batch_) {
    throw Error(ErrorCode::kInvalidArgument, "backward() needs a forward pass and one label an image.");
  }
  Loss loss = softmax_cross_entropy(traces_.back().linear, labels, plan_.spec.classes);
  differentiate(loss.gradient);
  return loss;
}

void Net::differentiate(const Values& logit_gradient) {
  Values dy = logit_gradient;
  for (size_t i = plan_.layers.size(); i-- > 0;) {
    const LayerPlan& layer = plan_.layers[i];
    LayerTrace& trace = traces_[i];
    for (size_t k = layer.ops.size(); k-- > 0;) {
      const Values& x = k == 0 ? trace.linear : trace.ops[k - 1].y;
      trace.ops[k].dy = dy;
      dy = run_op_backward(layer.ops[k], trace.ops[k], x, dy);
    }
    trace.dlinear = dy;
    LinearGradients d = linear_backward(trace.x, parameters_[2 * i].values, dy, linear_shape(layer, batch_));
    parameters_[2 * i].gradient = std::move(d.weight);
    parameters_[2 * i + 1].gradient = std::move(d.bias);
    dy = std::move(d.input);
  }
}

Rates parameter_rates(const OptimiserSpec& o, const LayerSpec& layer, bool bias, double rate) {
  if (!bias) {
    return {rate * layer.learning_rate_factor, o.momentum, o.weight_decay * layer.weight_decay_factor};
  }
  const double base = o.bias_rate_follows_schedule ? rate : o.learning_rate;
  return {base * o.bias_learning_rate_factor * layer.bias_learning_rate_factor, o.momentum,
          o.weight_decay * o.bias_weight_decay_factor * layer.bias_weight_decay_factor};
}

void Net::step(const OptimiserSpec& optimiser, double rate) {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& p = parameters_[i];
    const LayerSpec& layer = plan_.layers[i / 2].spec;
    sgd_step(p.values, p.velocity, p.gradient, parameter_rates(optimiser, layer, /*bias=*/i % 2 == 1, rate));
  }
}

}  // namespace alexnet::reference
