// The loss of a batch from all columns' joined logits; every column computes the same.
#pragma once

#include <optional>

#include "columns/column.h"
#include "cuda/column/arena.h"
#include "cuda/column/passes.h"
#include "cuda/kernels/kernels.h"

namespace alexnet::cuda {

class LossHead {
 public:
  LossHead(const DeviceContext& context, Arena& arena, int64_t batch, int64_t classes);

  /// Where the columns' logits are joined: [batch, classes].
  float* joined() const { return logits_.data(); }
  MapView view() const { return channels_last_view(batch_, classes_, 1, 1); }
  /// Copied to the host at the call; from any thread, between passes. Training never needs them there: the
  /// host's memory for them is taken by the first call.
  const float* on_host() const;

  /// Queues the loss of the joined logits and the gradient. Where `*keep` is not 0, a loss before this one
  /// that was not finite still counts in not_finite().
  template <class T>
  void run(const int32_t* labels, const LossGradient<T>& gradient, const uint32_t* keep) {
    softmax_cross_entropy<T>(context_.compute(), logits_.data(), classes_, labels, batch_, classes_, gradient,
                             rows_.data(), totals_.data(), not_finite_.data(), keep);
  }
  /// Queues the way of run()'s totals to the host.
  void fetch_totals(size_t slot);
  /// A pass without labels has no loss.
  void clear(size_t slot) { host_totals_.data()[slot] = {}; }
  /// Once the pass is done.
  columns::BatchTotals totals(size_t slot) const;
  /// On the device: whether the loss is not finite.
  uint32_t* not_finite() const { return not_finite_.data(); }

 private:
  const DeviceContext& context_;
  const int64_t batch_, classes_;
  Block<float> logits_;
  Block<RowLoss> rows_;
  Block<LossTotals> totals_;
  Block<uint32_t> not_finite_;
  Pinned<LossTotals> host_totals_;
  mutable std::optional<Pinned<float>> host_logits_;
};

}  // namespace alexnet::cuda
