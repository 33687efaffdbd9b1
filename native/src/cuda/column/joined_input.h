// What a layer reads that reads every column: their maps side by side, and on the way back the gradient of
// them, of which every column fetches its part.
#pragma once

#include <vector>

#include "cuda/column/exchange.h"
#include "cuda/column/maps.h"

namespace alexnet::cuda {

template <class T>
class JoinedInput {
 public:
  /// `own`: this column's output of the layer below; `devices`: of every column.
  JoinedInput(const DeviceContext& context, Arena& arena, const NetPlan& plan, size_t layer,
              const Maps<T>& own, const std::vector<int>& devices, bool training);

  const Maps<T>& maps() const { return maps_; }

  /// After the gradient's kernels: lays out other devices' parts for their copies.
  void lay_out_gradient() const;
  /// After that: other columns may read it.
  void publish_gradient() const { gradient_ready_.record(context_.compute()); }
  /// A column's part of the gradient; `dense`: laid out for a copy to another device.
  Part<T> gradient_of(int column, bool dense) const;

 private:
  MapView dense_view(int column) const;

  const DeviceContext& context_;
  Maps<T> maps_;
  std::vector<Range> channels_;   // by column
  std::vector<Block<T>> outbox_;  // by column; empty on this device
  Event gradient_ready_;
};

}  // namespace alexnet::cuda
