// What follows a layer's linear part in one column: activation, normalisation, pooling, dropout, in the order
// of the layer's "then" list, forward and backward. Neighbouring ops are fused where a kernel for it exists.
#pragma once

#include <optional>
#include <vector>

#include "columns/column.h"
#include "cuda/column/maps.h"
#include "cuda/kernels/kernels.h"

namespace alexnet::cuda {

template <class T>
class MapOps {
 public:
  /// `linear` is the linear part's result; where `relu_fused`, its first op, a ReLU, may be done already: see
  /// forward(). `step` is the number of completed steps, on the device.
  MapOps(Arena& arena, const NetPlan& plan, size_t layer, const columns::Share& share, bool training,
         const Maps<T>& linear, const Block<uint32_t>& step);

  /// `activated`: the first op, an activation, has been done.
  void forward(Stream stream, const columns::PassContext& context, bool activated);
  /// From the gradient of output() to the gradient of the linear part's result.
  void backward(Stream stream, const columns::PassContext& context);
  const Maps<T>& output() const { return steps_.empty() ? linear_ : steps_.back().out; }
  /// Whether the first op is an activation.
  bool begins_with_activation() const { return !steps_.empty() && steps_[0].kind == Kind::kActivation; }

 private:
  enum class Kind { kActivation, kLrnPool, kLrn, kPool, kSpatialNorm, kDropout };
  /// One kernel call. An activation works in place.
  struct Step {
    Kind kind = Kind::kActivation;
    OpSpec spec;              // of the (last) op
    LrnSpec lrn;              // kLrnPool, kLrn
    bool relu_after = false;  // kLrnPool, kLrn, kPool: the op after these, a ReLU, is done at once
    Shape shape;              // of the result, over all columns
    Maps<T> in, out;
    std::optional<Activation> before;  // activation whose output is `in` and whose derivative is taken here
    bool skip_backward = false;        // kActivation: done by the next step
    Block<uint8_t> winners;            // kPool, kLrnPool
  };

  Step step_of(const std::vector<OpPlan>& ops, size_t& index) const;
  void allocate(Arena& arena, Step& step, bool training);
  void forward(Stream stream, const Step& step, const columns::PassContext& context);
  void backward(Stream stream, const Step& step, const columns::PassContext& context);
  DropoutDraw draw_of(const Step& step, const columns::PassContext& context) const;

  const NetPlan& plan_;
  const size_t layer_;
  const Range own_, rows_;  // of the layer's maps or units, of the step's batch
  const bool training_;
  Maps<T> linear_;
  const Block<uint32_t>& step_number_;
  Block<float> shares_;  // working memory of kSpatialNorm
  std::vector<Step> steps_;
};

}  // namespace alexnet::cuda
