// plan_net: every shape of a net, and what the shapes cost.
#include <algorithm>

#include "alexnet/net_spec.h"
#include "spec/json_fields.h"
#include "spec/net_check.h"

namespace alexnet {

namespace {

using spec::Scope;

constexpr int64_t kMaxLayerValues = int64_t{1} << 30;  // of one image
constexpr int64_t kMaxParameters = int64_t{1} << 31;

int64_t window_count(int64_t length, int64_t size, int64_t stride, Rounding rounding) {
  const int64_t rest = length - size;
  return 1 + (rounding == Rounding::kFloor ? rest / stride : (rest + stride - 1) / stride);
}

std::string by(int64_t height, int64_t width) { return std::to_string(height) + "x" + std::to_string(width); }

void plan_conv(LayerPlan& layer) {
  const LayerSpec& s = layer.spec;
  const Scope scope{ErrorCode::kInvalidSpec, s.name, {}};
  const int64_t padded = layer.in.height + 2 * s.padding.size;
  if (s.kernel > padded) {
    spec::refuse(
        scope, "kernel",
        "is " + std::to_string(s.kernel) + " and does not fit its padded input of " + by(padded, padded));
  }
  const int64_t out = window_count(padded, s.kernel, s.stride, s.padding.rounding);
  layer.linear = {s.width, out, out};
  layer.pad_right_bottom = s.padding.rounding == Rounding::kFloor
                               ? s.padding.size
                               : (out - 1) * s.stride + s.kernel - layer.in.height - s.padding.size;
}

Shape plan_pool(const LayerSpec& layer, const PoolSpec& pool, const Shape& in) {
  if (pool.size > in.height) {
    spec::refuse({ErrorCode::kInvalidSpec, layer.name, {}}, "pooling.size",
                 "is " + std::to_string(pool.size) + " and does not fit maps of " + by(in.height, in.width));
  }
  const int64_t out = window_count(in.height, pool.size, pool.stride, pool.rounding);
  return {in.channels, out, out};
}

LayerPlan plan_layer(const NetSpec& net, size_t index, const Shape& in) {
  LayerPlan layer;
  layer.spec = net.layers[index];
  layer.in = in;
  const bool split = net.columns > 1 && index > 0;
  layer.groups = split && !layer.spec.reads_both ? net.columns : 1;
  layer.gathers = split && layer.spec.reads_both;
  if (layer.spec.kind == LayerKind::kConv) {
    plan_conv(layer);
  } else {
    layer.linear = {layer.spec.width, 1, 1};
  }
  const Scope scope{ErrorCode::kInvalidSpec, layer.spec.name, {}};
  if (layer.linear.count() > kMaxLayerValues) {
    spec::refuse(scope, "width",
                 "gives " + std::to_string(layer.linear.count()) + " values an image; at most " +
                     std::to_string(kMaxLayerValues) + " can be held");
  }
  if (layer.weight_count() > kMaxParameters) {
    spec::refuse(scope, "width",
                 "gives " + std::to_string(layer.weight_count()) + " weights; at most " +
                     std::to_string(kMaxParameters) + " can be held");
  }
  Shape shape = layer.linear;
  for (const OpSpec& op : layer.spec.then) {
    const Shape before = shape;
    if (op.kind == OpKind::kPool) shape = plan_pool(layer.spec, op.pool, before);
    layer.ops.push_back({op, before, shape});
  }
  layer.out = shape;
  return layer;
}

}  // namespace

std::vector<int64_t> LayerPlan::weight_shape() const {
  if (spec.kind == LayerKind::kFc) return {spec.width, fan_in()};
  return {spec.width, in.channels / groups, spec.kernel, spec.kernel};
}

int64_t LayerPlan::weight_count() const { return spec.width * fan_in(); }

int64_t LayerPlan::fan_in() const {
  if (spec.kind == LayerKind::kFc) return in.count() / groups;
  return in.channels / groups * spec.kernel * spec.kernel;
}

int64_t LayerPlan::multiply_adds() const { return weight_count() * linear.height * linear.width; }

int64_t NetPlan::parameters() const {
  int64_t total = 0;
  for (const LayerPlan& layer : layers) total += layer.weight_count() + layer.spec.width;
  return total;
}

int64_t NetPlan::units() const {
  int64_t total = 0;
  for (const LayerPlan& layer : layers) total += layer.linear.count();
  return total;
}

int64_t NetPlan::multiply_adds() const {
  int64_t total = 0;
  for (const LayerPlan& layer : layers) total += layer.multiply_adds();
  return total;
}

int64_t NetPlan::training_flops() const {
  // Two operations a multiply-add; forward, gradient of the weights, gradient of the input.
  return 6 * multiply_adds() - 2 * layers.front().multiply_adds();
}

int64_t NetPlan::activation_bytes(int64_t batch, int64_t bytes_per_value) const {
  // What the backward pass reads again: the input, every linear output, and the output of every op that
  // cannot be done in place.
  int64_t values = layers.front().in.count();
  for (const LayerPlan& layer : layers) {
    values += layer.linear.count();
    for (const OpPlan& op : layer.ops) {
      const bool in_place = op.spec.kind == OpKind::kActivation || op.spec.kind == OpKind::kDropout;
      if (!in_place) values += op.out.count();
    }
  }
  return values * batch * bytes_per_value;
}

int64_t NetPlan::parameter_bytes() const {
  constexpr int64_t kCopies = 3;  // weight, velocity, gradient
  return parameters() * kCopies * static_cast<int64_t>(sizeof(float));
}

int64_t NetPlan::exchange_bytes(int64_t batch, int64_t bytes_per_value) const {
  int64_t values = 0;
  for (const LayerPlan& layer : layers) {
    if (layer.gathers) values += layer.in.count() / spec.columns;
  }
  return values * batch * bytes_per_value;
}

Range column_range(int64_t width, int columns, int column) {
  const int64_t share = width / columns, rest = width % columns;
  const int64_t begin = column * share + std::min<int64_t>(column, rest);
  return {begin, begin + share + (column < rest ? 1 : 0)};
}

NetPlan plan_net(const NetSpec& spec) {
  spec::check_net_spec(spec);
  NetPlan plan;
  plan.spec = spec;
  Shape shape{spec.input_channels, spec.input_size, spec.input_size};
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    plan.layers.push_back(plan_layer(spec, i, shape));
    shape = plan.layers.back().out;
  }
  if (plan.parameters() > kMaxParameters) {
    spec::refuse({ErrorCode::kInvalidSpec, {}, {}}, "layers",
                 "have " + std::to_string(plan.parameters()) + " parameters together; at most " +
                     std::to_string(kMaxParameters) + " can be held");
  }
  return plan;
}

}  // namespace alexnet
