// NCCL as plain loops: a sum is work on every rank's stream that waits for the other ranks' and is then done
// in the order of ranks, so that sums which were queued in different orders, or by some ranks alone, hang or
// go wrong here as they do on devices. No rank may share its device.
#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "cuda/column/fake_device.h"
#include "cuda/libraries/nccl.h"

using namespace alexnet;
using namespace alexnet::cuda;

namespace {

constexpr NcclResult kInvalidUsage = 5;

struct Operation {
  std::vector<void*> data;
  size_t count = 0;
  int type = 0;
  int arrived = 0;
  bool done = false;
};

/// What the ranks of one group share.
struct Group {
  explicit Group(int ranks) : ranks(ranks) {}
  const int ranks;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<int, Operation> operations;  // by number
  std::map<int, int> queued;            // by number: ranks
  bool aborted = false;

  /// A rank queues its part of a sum.
  void queue(int number) {
    const std::lock_guard lock(mutex);
    const int others = queued[number]++;
    if (others == 0) fake::note_partial_sums(1);
    if (others + 1 == ranks) fake::note_partial_sums(-1);
  }

  void arrive(int number, int rank, void* data, size_t count, int type) {
    std::unique_lock lock(mutex);
    Operation& operation = operations[number];
    operation.data.resize(static_cast<size_t>(ranks));
    operation.data[static_cast<size_t>(rank)] = data;
    if (operation.arrived++ > 0 && (operation.count != count || operation.type != type))
      aborted = true;  // real ranks would add up different things, or hang
    operation.count = count;
    operation.type = type;
    if (operation.arrived == ranks && !aborted) {
      add_up(operation);
      operation.done = true;
      changed.notify_all();
    }
    changed.wait(lock, [&] { return operation.done || aborted; });
  }

  static void add_up(const Operation& operation) {
    for (size_t i = 0; i < operation.count; ++i) {
      if (operation.type == kNcclFloat) {
        float sum = static_cast<const float*>(operation.data[0])[i];
        for (size_t r = 1; r < operation.data.size(); ++r)
          sum += static_cast<const float*>(operation.data[r])[i];
        for (void* data : operation.data) static_cast<float*>(data)[i] = sum;
      } else {
        uint32_t most = 0;
        for (void* data : operation.data) most = std::max(most, static_cast<const uint32_t*>(data)[i]);
        for (void* data : operation.data) static_cast<uint32_t*>(data)[i] = most;
      }
    }
  }
};

}  // namespace

namespace alexnet::cuda {

struct NcclCommOpaque {
  std::shared_ptr<Group> group;
  int rank = 0, next = 0;
};

}  // namespace alexnet::cuda

#define FAKE extern "C" __attribute__((visibility("default")))

FAKE NcclResult ncclGetVersion(int* version) {
  *version = 22703;
  return 0;
}
FAKE const char* ncclGetErrorString(NcclResult) { return "a status of the stand-in"; }
FAKE const char* ncclGetLastError(NcclComm) { return "the stand-in's last words"; }
FAKE NcclResult ncclCommInitAll(NcclComm* comms, int ranks, const int* devices) {
  if (std::set<int>(devices, devices + ranks).size() < static_cast<size_t>(ranks)) return kInvalidUsage;
  const auto group = std::make_shared<Group>(ranks);
  for (int r = 0; r < ranks; ++r) comms[r] = new NcclCommOpaque{group, r};
  return 0;
}
FAKE NcclResult ncclCommDestroy(NcclComm comm) {
  delete comm;
  return 0;
}
FAKE NcclResult ncclCommAbort(NcclComm comm) {
  {
    const std::lock_guard lock(comm->group->mutex);
    comm->group->aborted = true;
    comm->group->changed.notify_all();
  }
  delete comm;
  return 0;
}
FAKE NcclResult ncclGroupStart() { return 0; }
FAKE NcclResult ncclGroupEnd() { return 0; }
FAKE NcclResult ncclAllReduce(const void* from, void* to, size_t count, int type, int operation,
                              NcclComm comm, void* stream) {
  const bool known =
      (type == kNcclFloat && operation == kNcclSum) || (type == kNcclUint32 && operation == kNcclMax);
  if (from != to || !known || !fake::is_current(stream)) return kInvalidUsage;
  comm->group->queue(comm->next);
  fake::enqueue(stream, [group = comm->group, number = comm->next++, rank = comm->rank, to, count, type] {
    group->arrive(number, rank, to, count, type);
  });
  fake::note_sum();
  return 0;
}
