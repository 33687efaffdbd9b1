#include "cuda/traffic.h"

#include <algorithm>
#include <iterator>

namespace alexnet::cuda {

namespace {

/// One layer's kernels, for a batch.
class LayerTraffic {
 public:
  LayerTraffic(const NetPlan& plan, size_t layer, int64_t batch, int64_t value_bytes)
      : plan_(plan),
        layer_(plan.layers[layer]),
        first_(layer == 0),
        last_(layer + 1 == plan.layers.size()),
        batch_(batch),
        value_(value_bytes) {
    if (layer_.gathers) both("gather", 2 * joined(), 3 * joined());
    linear();
    ops();
  }

  std::vector<KernelTraffic> forward, backward;  // both in the order of the forward pass

 private:
  int64_t maps(const Shape& shape) const { return batch_ * shape.count() * value_; }
  /// Every column keeps what all of them gave.
  int64_t joined() const { return plan_.spec.columns * maps(layer_.in); }
  void add(std::vector<KernelTraffic>& to, const char* kernel, int64_t bytes, int64_t flops = 0) const {
    to.push_back({layer_.spec.name, kernel, &to == &backward, bytes, flops});
  }
  void both(const char* kernel, int64_t forward_bytes, int64_t backward_bytes) {
    add(forward, kernel, forward_bytes);
    add(backward, kernel, backward_bytes);
  }

  void linear() {
    const bool conv = layer_.spec.kind == LayerKind::kConv;
    const char* name = conv ? "convolution" : "product";
    const int64_t flops = 2 * batch_ * layer_.multiply_adds();
    // Columns that read everything each read it.
    const int64_t in = layer_.gathers ? joined() : maps(layer_.in), weights = layer_.weight_count() * value_;
    // Logits are floats; the weights' gradient is of the maps' type where cuDNN gives it.
    const int64_t out = last_ ? batch_ * layer_.linear.count() * 4 : maps(layer_.linear);
    const int64_t gradient = maps(layer_.linear);
    add(forward, name, in + weights + out, flops);
    // From last to first, for the backward pass is read the other way round.
    add(backward, "bias sums", gradient);
    add(backward, conv ? "convolution, weights" : "product, weights",
        in + gradient + layer_.weight_count() * (conv ? value_ : 4), flops);
    if (!first_) add(backward, conv ? "convolution, data" : "product, data", in + gradient + weights, flops);
  }

  void ops() {
    const bool relu = plan_.spec.activation == Activation::kRelu;
    for (size_t i = 0; i < layer_.ops.size(); ++i) {
      const OpPlan& op = layer_.ops[i];
      const int64_t in = maps(op.in);
      const bool activated = i > 0 && layer_.ops[i - 1].spec.kind == OpKind::kActivation;
      if (op.spec.kind == OpKind::kActivation) {
        // Done by the product where it is a ReLU and the first; its derivative by the op after it.
        if (i > 0 || !relu) add(forward, "activation", 2 * in);
        if (i + 1 == layer_.ops.size()) add(backward, "activation", 3 * in);
      } else if (op.spec.kind == OpKind::kDropout) {
        both("dropout", 2 * in, activated ? 3 * in : 2 * in);
      } else if (op.spec.kind == OpKind::kSpatialNorm) {
        both("spatial norm", 2 * in, 3 * in);
      } else {
        const bool norm = op.spec.kind == OpKind::kLrn;
        const bool pools = !norm || follows(i, OpKind::kPool);
        if (norm && pools) ++i;
        const Shape& out = layer_.ops[i].out;
        const int64_t winners = pools ? batch_ * out.count() : 0;
        const bool fused_relu = relu && follows(i, OpKind::kActivation);
        if (fused_relu) ++i;
        // A pooling alone asks for its input only where a derivative is taken from it.
        const int64_t read = norm || activated || fused_relu ? in : 0;
        both(norm && pools ? "lrn + pool"
             : norm        ? "lrn"
                           : "pool",
             in + maps(out) + winners, read + in + maps(out) + winners);
      }
    }
  }

  bool follows(size_t op, OpKind kind) const {
    return op + 1 < layer_.ops.size() && layer_.ops[op + 1].spec.kind == kind;
  }

  const NetPlan& plan_;
  const LayerPlan& layer_;
  const bool first_, last_;
  const int64_t batch_, value_;
};

}  // namespace

std::vector<KernelTraffic> step_traffic(const NetPlan& plan, int64_t batch, Precision precision) {
  const int64_t value = precision == Precision::kBf16 ? 2 : 4;
  const int64_t pixels = batch * plan.layers[0].in.count();
  std::vector<KernelTraffic> all{{"input", "crop, mirror, colour, mean", false, pixels * (1 + value), 0}};
  std::vector<KernelTraffic> backward;
  for (size_t l = 0; l < plan.layers.size(); ++l) {
    LayerTraffic layer(plan, l, batch, value);
    std::move(layer.forward.begin(), layer.forward.end(), std::back_inserter(all));
    std::move(layer.backward.begin(), layer.backward.end(), std::back_inserter(backward));
  }
  const int64_t classes = batch * plan.spec.classes;
  all.push_back({"loss", "softmax", false, plan.spec.columns * classes * 4 + classes * value, 0});
  std::move(backward.rbegin(), backward.rend(), std::back_inserter(all));
  // Weight and velocity read and written, the gradient read, and in bf16 the rounded weights written.
  all.push_back({"update", "sgd", false, plan.parameters() * (16 + 4 + (value == 2 ? 2 : 0)), 0});
  return all;
}

}  // namespace alexnet::cuda
