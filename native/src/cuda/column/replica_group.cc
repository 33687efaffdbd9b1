#include "cuda/column/replica_group.h"

#include <algorithm>
#include <chrono>
#include <mutex>

namespace alexnet::cuda {

ReplicaGroup::ReplicaGroup(const std::vector<int>& devices) : devices_(devices) {
  if (std::all_of(devices.begin(), devices.end(), [&](int d) { return d == devices[0]; })) return;
  nccl_ = open_nccl(library_folders());
  if (!nccl_.state.usable())
    throw Error(ErrorCode::kDeviceUnavailable, device_name(devices[0]) +
                                                   ": several devices add up their gradients with NCCL; " +
                                                   nccl_.state.reason);
  comms_.resize(devices.size());
  ALEXNET_NCCL_CHECK(nccl_, devices_[0], init_all(comms_.data(), size(), devices_.data()));
}

ReplicaGroup::~ReplicaGroup() {
  // A group that was given up is gone already.
  if (aborted_) return;
  for (NcclComm comm : comms_)
    if (comm) nccl_.destroy(comm);
}

void ReplicaGroup::start(int rank, const std::vector<Summand>& summands, uint32_t* flag,
                         cudaStream_t stream) {
  const std::shared_lock lock(starting_);
  if (aborted_)
    throw Error(ErrorCode::kDeviceLost,
                device_name(devices_[static_cast<size_t>(rank)]) + ": another device of the run has failed");
  const int device = devices_[static_cast<size_t>(rank)];
  NcclComm comm = comms_[static_cast<size_t>(rank)];
  // One launch for all of them.
  ALEXNET_NCCL_CHECK(nccl_, device, group_start());
  NcclResult status = kNcclSuccess;
  if (flag) status = nccl_.all_reduce(flag, flag, 1, kNcclUint32, kNcclMax, comm, stream);
  for (const Summand& s : summands)
    if (status == kNcclSuccess)
      status =
          nccl_.all_reduce(s.data, s.data, static_cast<size_t>(s.count), kNcclFloat, kNcclSum, comm, stream);
  const NcclResult ended = nccl_.group_end();  // also after a failure
  if (status == kNcclSuccess) status = ended;
  if (status != kNcclSuccess) fail_nccl(nccl_, status, "ncclAllReduce", device, Place::current());
}

void ReplicaGroup::abort() {
  if (comms_.empty() || aborted_.exchange(true)) return;
  // Whoever is inside NCCL may itself wait there for the rank that failed: then the abort is what frees it.
  constexpr auto kPatience = std::chrono::seconds(1);
  std::unique_lock lock(starting_, std::defer_lock);
  (void)lock.try_lock_for(kPatience);
  for (NcclComm comm : comms_) nccl_.abort(comm);
}

}  // namespace alexnet::cuda
