// The loss of a batch from all columns' joined logits; every column computes the same.
#pragma once

#include "columns/column.h"
#include "cuda/column/arena.h"
#include "cuda/kernels/kernels.h"

namespace alexnet::cuda {

class LossHead {
 public:
  LossHead(const DeviceContext& context, Arena& arena, int64_t batch, int64_t classes);

  /// Where the columns' logits are joined: [batch, classes].
  float* joined() const { return logits_.data(); }
  MapView view() const { return channels_last_view(batch_, classes_, 1, 1); }
  /// Copied to the host at the call; from any thread, between passes: training never needs them there.
  const float* on_host() const;

  /// Queues the loss of the joined logits, its totals on their way to the host, and the gradient.
  template <class T>
  void run(const int32_t* labels, const LossGradient<T>& gradient) {
    softmax_cross_entropy<T>(context_.compute(), logits_.data(), classes_, labels, batch_, classes_, gradient,
                             rows_.data(), totals_.data(), not_finite_.data());
    fetch_totals();
  }
  /// A pass without labels has no loss.
  void clear() { *host_totals_.data() = {}; }
  /// Once run()'s work is done.
  columns::BatchTotals totals() const;
  /// On the device: whether the loss is not finite.
  const uint32_t* not_finite() const { return not_finite_.data(); }

 private:
  void fetch_totals();

  const DeviceContext& context_;
  const int64_t batch_, classes_;
  Block<float> logits_;
  Block<RowLoss> rows_;
  Block<LossTotals> totals_;
  Block<uint32_t> not_finite_;
  Pinned<LossTotals> host_totals_;
  Pinned<float> host_logits_;
};

}  // namespace alexnet::cuda
