// One layer of one column on the device: what it reads, what it gives, its parameters.
#pragma once

#include <vector>

#include "alexnet/run_config.h"
#include "columns/column.h"
#include "cuda/column/engine_choice.h"
#include "cuda/column/map_ops.h"
#include "cuda/column/parameter.h"

namespace alexnet::cuda {

/// What all layers of a column share while they are built.
struct LayerSite {
  const DeviceContext& context;
  Arena& arena;
  const NetPlan& plan;
  size_t layer;
  const columns::Share& share;
  bool training;
  Precision precision;
  const Block<uint32_t>& step;  // completed steps, on the device
  /// Of what a layer reads, the features with which it begins before the others are there, each column's in
  /// one piece (of an image where it is fully connected, of the batch where it convolves); empty: it begins
  /// with all.
  Range early{};
  bool engines_measured = false;  // see settings.h

  const LayerPlan& here() const { return plan.layers[layer]; }
  /// This column's maps or units, and its rows of the step's batch.
  Range own() const { return share.width(here()); }
  Range rows() const { return share.rows(here()); }
  int64_t batch() const { return rows().size(); }
};

template <class T>
class Layer {
 public:
  virtual ~Layer() = default;

  /// Bytes of working memory that it shares with the column's other layers, which run one after the other.
  virtual int64_t workspace_bytes() const = 0;
  /// Once the memory is there.
  virtual void bind(void* workspace, int64_t workspace_bytes) = 0;

  // What these queue depends on their arguments alone: it may be recorded and repeated with the same ones.

  /// Where it has early features (LayerSite): what can be computed of them alone; forward() does the rest.
  virtual void forward_early() {}
  virtual void forward(const columns::PassContext& context) = 0;
  /// From the gradient of output() to that of the layer's linear part, then of what it read.
  virtual void backward_data(const columns::PassContext& context, bool input_gradient) = 0;
  /// The gradients of its parameters; after backward_data().
  virtual void backward_weights() = 0;
  /// After the parameters have changed.
  virtual void refresh() {}
  virtual const Maps<T>& output() const = 0;
  /// After bind(); where the forward pass is in two parts, the last one's.
  virtual LayerEngines engines() const = 0;

  const Parameter<T>& weights() const { return weights_; }
  const Parameter<T>& biases() const { return biases_; }
  /// Its weights, then its biases, as the update reads them.
  virtual std::vector<ParameterEntry> entries() const = 0;

 protected:
  Parameter<T> weights_, biases_;
};

}  // namespace alexnet::cuda
