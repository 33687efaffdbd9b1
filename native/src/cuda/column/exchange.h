// How one column reads another's memory. On the same device it reads it where it lies; from another device it
// is copied here first, on a stream of its own: directly over NVLink or PCIe where the driver gives access,
// otherwise through the host's memory (the driver's doing; the list of devices says so).
#pragma once

#include <memory>
#include <vector>

#include "cuda/column/arena.h"

namespace alexnet::cuda {

class Exchange {
 public:
  /// `devices`: of every column. `largest`: bytes of the largest piece fetched from one column.
  Exchange(const DeviceContext& context, Arena& arena, int column, const std::vector<int>& devices,
           int64_t largest, int pieces_a_pass);

  bool remote(int column) const { return devices_[static_cast<size_t>(column)] != context_.device(); }

  void begin_pass() { used_ = 0; }
  /// Starts a copy of another device's memory, once `ready` has come, and returns where it will lie. The
  /// compute stream must await() it before it reads.
  template <class T>
  const T* fetch(int column, const T* from, int64_t count, const Event& ready) {
    return static_cast<const T*>(start(column, from, count * static_cast<int64_t>(sizeof(T)), ready));
  }
  /// Holds the compute stream until what was fetched from `column` is here.
  void await(int column) const { fetched_[static_cast<size_t>(column)]->hold(context_.compute()); }
  /// What was fetched has been read, by the work that the compute stream has so far: it may be overwritten.
  void release() const { released_->record(context_.compute()); }

  /// Times what the compute stream does between the two: copies on the same device.
  void begin_local() { begin(context_.compute()); }
  void end_local() { end(context_.compute()); }

  /// The pass's time in copies, once it is over.
  double milliseconds() const;

 private:
  const void* start(int column, const void* from, int64_t bytes, const Event& ready);
  void begin(cudaStream_t stream) { begins_[used_]->record(stream); }
  void end(cudaStream_t stream) { ends_[used_++]->record(stream); }

  const DeviceContext& context_;
  const std::vector<int> devices_;
  std::vector<Block<std::byte>> landing_;        // by column; empty where it is not remote
  std::vector<std::unique_ptr<Event>> fetched_;  // by column
  std::unique_ptr<Event> released_;
  std::vector<std::unique_ptr<Event>> begins_, ends_;
  size_t used_ = 0;
};

}  // namespace alexnet::cuda
