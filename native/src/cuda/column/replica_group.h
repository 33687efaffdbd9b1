// The same column in every replica, one rank each, and what adds up their gradients: NCCL where every rank
// has a device of its own. NCCL cannot have a device twice in a group: where all ranks are on one device,
// which is how replicas are tried out on a machine with a single GPU, rank 0 adds the others' gradients to
// its own and copies the sum to them, ordered by events; the sums are in the same order of ranks then.
#pragma once

#include <atomic>
#include <shared_mutex>
#include <vector>

#include "cuda/column/check.h"

namespace alexnet::cuda {

/// Some memory on the rank's device that is to become the sum over all ranks.
struct Summand {
  float* data = nullptr;
  int64_t count = 0;
};

class ReplicaGroup {
 public:
  /// `devices`: of every rank; all different, or all the same. Called once for all ranks. Throws
  /// kDeviceUnavailable where NCCL is needed and cannot be used.
  explicit ReplicaGroup(const std::vector<int>& devices);
  ~ReplicaGroup();
  ReplicaGroup(const ReplicaGroup&) = delete;
  ReplicaGroup& operator=(const ReplicaGroup&) = delete;

  int size() const { return static_cast<int>(devices_.size()); }
  /// All ranks on one device, without NCCL.
  bool local() const { return comms_.empty(); }

  /// Not local(): queues the sums over all ranks, and the largest of every rank's `*flag` (null: none). Every
  /// rank calls this with as much, in the same order, from its thread. Throws kDeviceLost after abort().
  void start(int rank, const std::vector<Summand>& summands, uint32_t* flag, cudaStream_t stream);

  /// From any thread: ends what the devices wait for. A group cannot be used again after it.
  void abort();

 private:
  const std::vector<int> devices_;
  Nccl nccl_;
  std::vector<NcclComm> comms_;
  std::atomic<bool> aborted_{false};
  std::shared_timed_mutex starting_;  // shared while a rank is inside NCCL
};

}  // namespace alexnet::cuda
