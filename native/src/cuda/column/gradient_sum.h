// One column's part in adding up its layers' gradients over the replicas. Each layer's sum begins when its
// gradients are there, on a stream of its own, while the lower layers' backward pass goes on; small layers
// wait for each other, since a sum's own time hardly shrinks below some megabytes. Always in fp32, so that a
// sum over replicas rounds as little as the one over a batch's images.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "cuda/column/context.h"
#include "cuda/column/passes.h"
#include "cuda/column/replica_group.h"

namespace alexnet::cuda {

class GradientSum {
 public:
  /// `leader`: of the columns that one thread drives, the one whose group and stream all of them use, so that
  /// every device queues its sums in the same order; null: this one.
  GradientSum(const DeviceContext& context, size_t layers, const GradientSum* leader);
  ~GradientSum();
  GradientSum(const GradientSum&) = delete;
  GradientSum& operator=(const GradientSum&) = delete;

  /// Once the memory is there: a layer's gradients, and the mark of a loss that is not finite.
  void bind(size_t layer, std::vector<Summand> gradients) { gradients_[layer] = std::move(gradients); }
  void bind_flag(uint32_t* flag) { flag_ = flag; }
  /// The same column's of every replica; rank 0 connects first. Throws what ReplicaGroup throws.
  void connect(int rank, std::vector<const GradientSum*> ranks);

  void begin_pass(size_t slot) {
    first_ = true;
    waits_[slot].used = false;
    waiting_.clear();
  }
  /// A layer's gradients are what the compute stream has by now.
  void ready(size_t layer) const { ready_[layer]->record(context_.compute()); }
  /// Starts a layer's sum, or leaves it for the next one; `last`: there is none. With the first of a pass
  /// goes the flag.
  void start(size_t layer, bool last);
  /// Holds the compute stream until everything that was started is summed.
  void hold(size_t slot);
  /// How long that held it, once the pass is over: what of the sums was not hidden by the backward pass.
  double milliseconds(size_t slot) const;
  /// Waits until nothing is being summed.
  void rest(DeviceContext& context) const;
  /// From any thread: ends the waiting for other replicas.
  void abandon() const {
    if (group_) group_->abort();
  }

 private:
  void start_group(bool last);
  void start_local(size_t layer);
  cudaStream_t stream() const { return leader_ ? leader_->stream_ : stream_; }

  const DeviceContext& context_;
  const GradientSum* const leader_;
  cudaStream_t stream_ = nullptr;
  std::shared_ptr<ReplicaGroup> group_;
  int rank_ = 0;
  std::vector<const GradientSum*> ranks_;
  std::vector<std::vector<Summand>> gradients_;  // by layer
  uint32_t* flag_ = nullptr;
  std::vector<std::unique_ptr<Event>> ready_;  // by layer
  Event summed_;
  struct Wait {
    std::unique_ptr<Event> begin, end;
    bool used = false;
  };
  std::array<Wait, kPassesAtOnce> waits_;
  bool first_ = true;
  std::vector<size_t> waiting_;  // layers whose sum has not been started
};

}  // namespace alexnet::cuda
