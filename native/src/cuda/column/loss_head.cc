#include "cuda/column/loss_head.h"

namespace alexnet::cuda {

LossHead::LossHead(const DeviceContext& context, Arena& arena, int64_t batch, int64_t classes)
    : context_(context),
      batch_(batch),
      classes_(classes),
      logits_(arena.take<float>(batch * classes, Growth::kWithBatch)),
      rows_(arena.take<RowLoss>(batch, Growth::kWithBatch)),
      totals_(arena.take<LossTotals>(1, Growth::kFixed)),
      not_finite_(arena.take<uint32_t>(1, Growth::kFixed)),
      host_totals_(context, kPassesAtOnce) {}

const float* LossHead::on_host() const {
  if (!host_logits_) host_logits_.emplace(context_, batch_ * classes_);
  ALEXNET_CUDA_CHECK(context_.device(),
                     cudaMemcpy(host_logits_->data(), logits_.data(), static_cast<size_t>(logits_.bytes()),
                                cudaMemcpyDeviceToHost));
  return host_logits_->data();
}

void LossHead::fetch_totals(size_t slot) {
  ALEXNET_CUDA_CHECK(context_.device(),
                     cudaMemcpyAsync(host_totals_.data() + slot, totals_.data(), sizeof(LossTotals),
                                     cudaMemcpyDeviceToHost, context_.compute()));
}

columns::BatchTotals LossHead::totals(size_t slot) const {
  const LossTotals& totals = host_totals_.data()[slot];
  return {totals.loss, totals.top1_hits, totals.top5_hits, totals.images};
}

}  // namespace alexnet::cuda
