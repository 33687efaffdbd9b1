// What follows a convolution in one column: activation, normalisation, pooling, dropout, in the order of
// the layer's "then" list, forward and backward. Neighbouring ops are fused where a kernel for it exists.
#pragma once

#include <optional>
#include <vector>

#include "columns/column.h"
#include "cpu/buffer.h"
#include "cpu/kernels/kernels.h"
#include "cpu/purpose.h"

namespace alexnet::cpu {

/// A batch of maps and, in training, the gradient of the loss with respect to them.
template <class T>
struct Maps {
  MapView view;
  T* data = nullptr;
  T* gradient = nullptr;
};

/// The draw and scale of one dropout in a pass (paper section 4.2): at test nothing is dropped, and the
/// scale is 1 - p where the net scales at test. The caller adds the features.
DropoutDraw dropout_draw(const NetPlan& plan, size_t layer, double probability,
                         const columns::PassContext& context);

template <class T>
class MapOps {
 public:
  /// `linear` is the convolution's result; where relu_fused, its first op, a ReLU, is already done.
  /// `rows`: of the step's batch.
  MapOps(const NetPlan& plan, size_t layer, int column, Range rows, Layout layout, Purpose purpose,
         const Maps<T>& linear, bool relu_fused);

  void forward(const columns::PassContext& context);
  /// From the gradient of output() to the gradient of the convolution's result.
  void backward();
  const Maps<T>& output() const { return steps_.empty() ? linear_ : steps_.back().out; }
  /// See Layer::place().
  Maps<T> place(size_t n) const;

 private:
  /// One kernel call. In-place steps have out == in.
  struct Step {
    enum class Kind { kActivation, kLrnPool, kLrn, kPool, kSpatialNorm, kDropout };
    Kind kind = Kind::kActivation;
    OpSpec spec;    // of the (last) op
    size_t op = 0;  // its place in the list
    LrnSpec lrn;    // kLrnPool, kLrn
    Shape shape;    // of the result, over all columns
    Maps<T> in, out;
    std::optional<Activation> before;  // activation whose output is `in` and whose derivative is taken here
    bool skip_backward = false;        // kActivation: done by the next step
    bool skip_forward = false;         // kActivation: done by the convolution
    Buffer<T> data, gradient;
    Buffer<uint8_t> bytes;    // argmax or kept units
    float dropout_scale = 1;  // of the last forward pass
  };

  void allocate(Step& step, const OpPlan& op, Purpose purpose);
  void forward(Step& step, const columns::PassContext& context);
  void backward(Step& step);

  const NetPlan& plan_;
  const size_t layer_;
  const int column_;
  const Range rows_;
  const Layout layout_;
  Maps<T> linear_;
  std::vector<Step> steps_;
};

}  // namespace alexnet::cpu
