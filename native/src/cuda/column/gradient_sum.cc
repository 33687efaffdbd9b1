#include "cuda/column/gradient_sum.h"

#include <algorithm>
#include <utility>

#include "cuda/kernels/kernels.h"

namespace alexnet::cuda {

namespace {

/// From here on a sum's time is that of its bytes, on NVLink as on PCIe.
constexpr int64_t kBucketBytes = int64_t{4} << 20;

}  // namespace

GradientSum::GradientSum(const DeviceContext& context, size_t layers, const GradientSum* leader)
    : context_(context), leader_(leader), gradients_(layers), summed_(context) {
  for (size_t l = 0; l < layers; ++l) ready_.push_back(std::make_unique<Event>(context));
  for (Wait& wait : waits_) {
    wait.begin = std::make_unique<Event>(context, /*timed=*/true);
    wait.end = std::make_unique<Event>(context, /*timed=*/true);
  }
  if (!leader)
    ALEXNET_CUDA_CHECK(context.device(), cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
}

GradientSum::~GradientSum() {
  if (!stream_ || context_.given_up()) return;
  cudaStreamSynchronize(stream_);
  cudaStreamDestroy(stream_);
}

void GradientSum::connect(int rank, std::vector<const GradientSum*> ranks) {
  rank_ = rank;
  ranks_ = std::move(ranks);
  if (rank > 0) {
    group_ = ranks_[0]->group_;
  } else if (leader_) {
    group_ = leader_->group_;
  } else {
    std::vector<int> devices;
    for (const GradientSum* other : ranks_) devices.push_back(other->context_.device());
    group_ = std::make_shared<ReplicaGroup>(devices);
  }
}

void GradientSum::start(size_t layer, bool last) {
  if (group_->local())
    start_local(layer);
  else {
    waiting_.push_back(layer);
    start_group(last);
  }
  first_ = false;
}

void GradientSum::start_group(bool last) {
  std::vector<Summand> summands;
  int64_t bytes = 0;
  for (const size_t layer : waiting_)
    for (const Summand& gradient : gradients_[layer]) {
      summands.push_back(gradient);
      bytes += gradient.count * static_cast<int64_t>(sizeof(float));
    }
  if (bytes < kBucketBytes && !last && !first_) return;
  ready_[waiting_.back()]->hold(stream());
  waiting_.clear();
  group_->start(rank_, summands, first_ ? flag_ : nullptr, stream());
  summed_.record(stream());
}

/// Rank 0 does it for all. Every rank has told by now that its gradients are ready.
void GradientSum::start_local(size_t layer) {
  if (rank_ > 0) return;
  const auto send = [&](void* to, const void* from, int64_t bytes) {
    ALEXNET_CUDA_CHECK(context_.device(), cudaMemcpyAsync(to, from, static_cast<size_t>(bytes),
                                                          cudaMemcpyDeviceToDevice, stream()));
  };
  for (const GradientSum* rank : ranks_) rank->ready_[layer]->hold(stream());
  if (first_) {
    for (size_t r = 1; r < ranks_.size(); ++r) raise_flag(stream(), ranks_[r]->flag_, flag_);
    for (size_t r = 1; r < ranks_.size(); ++r) send(ranks_[r]->flag_, flag_, sizeof(uint32_t));
  }
  for (size_t i = 0; i < gradients_[layer].size(); ++i) {
    const Summand& sum = gradients_[layer][i];
    const MapView view = channels_last_view(1, sum.count, 1, 1);
    for (size_t r = 1; r < ranks_.size(); ++r)
      add_maps<float>(stream(), sum.data, view, ranks_[r]->gradients_[layer][i].data, view, sum.data, view);
    for (size_t r = 1; r < ranks_.size(); ++r)
      send(ranks_[r]->gradients_[layer][i].data, sum.data, sum.count * static_cast<int64_t>(sizeof(float)));
  }
  summed_.record(stream());
}

void GradientSum::hold(size_t slot) {
  const GradientSum& adds = group_->local() ? *ranks_[0] : *this;
  waits_[slot].begin->record(context_.compute());
  adds.summed_.hold(context_.compute());
  waits_[slot].end->record(context_.compute());
  waits_[slot].used = true;
}

double GradientSum::milliseconds(size_t slot) const {
  return waits_[slot].used ? waits_[slot].end->since(*waits_[slot].begin) : 0.0;
}

void GradientSum::rest(DeviceContext& context) const {
  if (!stream_) return;
  const Event end(context);
  end.record(stream_);
  context.wait(end.get());
}

}  // namespace alexnet::cuda
