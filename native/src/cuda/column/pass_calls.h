// A pass's calls on a column's compute stream as step_graphs.h records them: what each one queues, and the
// key that tells it from calls that queue something else.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "columns/column.h"
#include "cuda/column/joined_input.h"
#include "cuda/column/layer.h"
#include "cuda/column/layer_clock.h"
#include "cuda/column/parameter_update.h"
#include "cuda/column/step_graphs.h"

namespace alexnet::cuda {

template <class T>
class PassCalls {
 public:
  /// `layers`: which may still be made. `recorded`: otherwise everything is run as it is.
  PassCalls(const DeviceContext& context, LayerClock& clock,
            const std::vector<std::unique_ptr<Layer<T>>>& layers, bool recorded)
      : clock_(clock), layers_(layers), graphs_(context, recorded) {}

  void begin(const columns::PassContext& pass) { pass_ = pass; }

  void forward_early(size_t layer);
  /// `begun`: by forward_early().
  void forward(size_t layer, bool begun);
  /// `work`: depends on `gradient` alone.
  void loss(bool gradient, std::function<void()> work);
  void backward_data(size_t layer, bool input_gradient);
  void lay_out_gradient(size_t layer, const JoinedInput<T>& joined);
  void backward_weights(size_t layer, bool frozen);
  /// All parameters at once, none of them where `*not_finite`.
  void update(ParameterUpdate& update, const uint32_t* not_finite);

  /// Starts the calls since the last time: before anything that orders this stream and others.
  void start() { graphs_.start(); }
  void drop() { graphs_.drop(); }
  const StepGraphs& graphs() const { return graphs_; }

 private:
  LayerClock& clock_;
  const std::vector<std::unique_ptr<Layer<T>>>& layers_;
  StepGraphs graphs_;
  columns::PassContext pass_;  // that is being started
};

}  // namespace alexnet::cuda
