// The update of all of a column's parameters in one kernel, and the look for weights that are not finite.
#pragma once

#include <vector>

#include "columns/column.h"
#include "cuda/column/arena.h"
#include "cuda/column/passes.h"
#include "cuda/kernels/kernels.h"

namespace alexnet::cuda {

class ParameterUpdate {
 public:
  ParameterUpdate(const DeviceContext& context, Arena& arena, size_t layers);

  /// Once the memory is there: every layer's weights, then its biases.
  void bind(std::vector<ParameterEntry> entries);

  /// A layer that is not told its factors in a pass is frozen in it.
  void begin_pass();
  void set(size_t layer, const columns::LayerUpdate& update) { updates_[layer] = update; }
  bool frozen(size_t layer) const { return updates_[layer].frozen; }
  /// Queues the factors' way to the device.
  void send(size_t slot);
  /// Queues the update by the factors that were sent. Where `*skip` is not 0 nothing is changed.
  void run(const uint32_t* skip);

  /// Waits.
  bool all_finite() const;

 private:
  const DeviceContext& context_;
  Block<ParameterEntry> entries_;
  Block<ParameterRates> rates_;
  Block<uint32_t> not_finite_;
  ParameterTable table_;
  std::vector<columns::LayerUpdate> updates_;  // of this pass, by layer
  Pinned<ParameterRates> host_rates_;
  Pinned<uint32_t> host_flag_;
};

}  // namespace alexnet::cuda
