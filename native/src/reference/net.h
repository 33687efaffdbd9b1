// A whole net in double: any NetPlan forward, backward and step, on tensors that join all columns.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alexnet/net_spec.h"
#include "alexnet/run_config.h"
#include "reference/layers.h"

namespace alexnet::reference {

/// The weights or biases of one layer, with what a step needs.
struct Parameter {
  std::string name;  // "conv1.weight", "conv1.bias", ...: canonical layout
  Values values, velocity, gradient;
};

/// What the forward pass left behind: for comparing a backend layer by layer.
struct OpTrace {
  Values y;
  Values dy;                    // after a backward pass: the gradient to y
  std::vector<int64_t> argmax;  // pool
  std::vector<uint8_t> kept;    // dropout in training
};
struct LayerTrace {
  Values x, linear;          // the layer's input; after the convolution or product
  Values dlinear;            // after a backward pass: the gradient to it
  std::vector<OpTrace> ops;  // after each op
};

/// Selects the masks of dropout: see spec/dropout.h. `step` counts the steps completed before this one.
struct DropoutKey {
  uint64_t seed = 0;
  uint32_t step = 0;
};

class Net {
 public:
  /// Starts from the canonical initial parameters (spec/init.h) and velocities of 0.
  Net(const NetPlan& plan, uint64_t seed);

  const NetPlan& plan() const { return plan_; }
  std::vector<Parameter>& parameters() { return parameters_; }
  /// Throws kNotFound.
  Parameter& parameter(const std::string& name);

  /// The logits [batch, classes] of images [batch, 3, size, size]. With a key dropout is in training,
  /// without one at test.
  const Values& forward(const Values& images, int64_t batch, std::optional<DropoutKey> dropout);
  /// The loss of the last forward pass; fills every parameter's gradient. One label an image, negative:
  /// the image does not count.
  Loss backward(std::span<const int32_t> labels);
  /// The same for any function of the logits, given by its gradient to them, [batch, classes].
  void differentiate(const Values& logit_gradient);
  /// One update of every parameter with the gradients of the last backward pass. `rate` is the learning
  /// rate of the schedule; biases keep the first rate where the optimiser says so.
  void step(const OptimiserSpec& optimiser, double rate);

  const std::vector<LayerTrace>& traces() const { return traces_; }

 private:
  Values run_op(size_t layer, const OpPlan& op, const Values& x, OpTrace& trace) const;
  Values run_op_backward(const OpPlan& op, const OpTrace& trace, const Values& x, const Values& dy) const;

  NetPlan plan_;
  std::vector<Parameter> parameters_;  // weight and bias of each layer in turn
  std::vector<LayerTrace> traces_;
  int64_t batch_ = 0;
  std::optional<DropoutKey> dropout_;
};

/// The rates of a layer's weights (bias false) or biases (bias true), given the schedule's rate.
Rates parameter_rates(const OptimiserSpec& optimiser, const LayerSpec& layer, bool bias, double rate);

}  // namespace alexnet::reference
