// How one column reads another's memory. On the same device it reads it where it lies; from another device it
// is copied here first, on a stream of its own: directly over NVLink or PCIe where the driver gives access,
// otherwise through the host's memory (the driver's doing; the list of devices says so).
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "cuda/column/arena.h"
#include "cuda/column/passes.h"
#include "cuda/kernels/kernels.h"

namespace alexnet::cuda {

/// A column's part of something that is joined: what it is, where, and when it is there.
template <class V>
struct Part {
  const V* data;
  MapView view;
  const Event* ready;
  int column = 0;  // whose, as Exchange counts them
  // In what it is joined to: where, in values, and how it lies there.
  int64_t offset = 0;
  MapView there{};
};

class Exchange {
 public:
  /// `devices`: of every column that it ever exchanges with, this one's at `column` among them. `largest`:
  /// bytes of the largest piece fetched from one column.
  Exchange(const DeviceContext& context, Arena& arena, int column, const std::vector<int>& devices,
           int64_t largest, int pieces_a_pass);

  /// Queues every part to its place in `to`.
  template <class V>
  void join(std::vector<Part<V>> parts, V* to);
  /// The same, but of the compute stream's time only this column's own part takes some. The others come
  /// beside what is queued there next, until await_joined().
  template <class V>
  void join_beside(std::vector<Part<V>> parts, V* to);
  void await_joined() const { joined_->hold(context_.compute()); }

  bool remote(int column) const { return devices_[static_cast<size_t>(column)] != context_.device(); }

  void begin_pass(size_t slot) {
    slot_ = slot;
    clocks_[slot].used = 0;
  }
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

  /// The pass's time in copies, once it is over.
  double milliseconds(size_t slot) const;

 private:
  const void* start(int column, const void* from, int64_t bytes, const Event& ready);
  /// Times what the compute stream does between the two: copies on the same device.
  void begin_local() { begin(context_.compute()); }
  void end_local() { end(context_.compute()); }
  void begin(cudaStream_t stream) { clocks_[slot_].begins[clocks_[slot_].used]->record(stream); }
  void end(cudaStream_t stream) { clocks_[slot_].ends[clocks_[slot_].used++]->record(stream); }

  const DeviceContext& context_;
  const int column_;
  const std::vector<int> devices_;
  std::vector<Block<std::byte>> landing_;        // by column; empty where it is not remote
  std::vector<std::unique_ptr<Event>> fetched_;  // by column
  std::unique_ptr<Event> released_, begun_, joined_;
  /// The copies of one pass.
  struct Clock {
    std::vector<std::unique_ptr<Event>> begins, ends;
    size_t used = 0;
  };
  std::array<Clock, kPassesAtOnce> clocks_;
  size_t slot_ = 0;
};

template <class V>
void Exchange::join(std::vector<Part<V>> parts, V* to) {
  // Copies from other devices run while this device's own part is put in its place.
  bool local = false;
  for (Part<V>& part : parts) {
    if (remote(part.column)) {
      part.data = fetch(part.column, part.data, part.view.count(), *part.ready);
    } else if (part.column != column_) {
      part.ready->hold(context_.compute());
      local = true;
    }
  }
  if (local) begin_local();
  for (const bool from_others : {false, true}) {
    for (const Part<V>& part : parts) {
      if (remote(part.column) != from_others) continue;
      if (from_others) await(part.column);
      copy_map<V, V>(context_.compute(), part.data, part.view, to + part.offset, part.there);
    }
    if (local && !from_others) end_local();
  }
  release();
}

template <class V>
void Exchange::join_beside(std::vector<Part<V>> parts, V* to) {
  const auto stream = context_.exchange();
  // What lies there now has been read by all that the compute stream has so far.
  begun_->record(context_.compute());
  begun_->hold(stream);
  for (Part<V>& part : parts) {
    if (part.column == column_) {
      copy_map<V, V>(context_.compute(), part.data, part.view, to + part.offset, part.there);
      continue;
    }
    const bool copied = remote(part.column);
    if (copied)
      part.data = fetch(part.column, part.data, part.view.count(), *part.ready);
    else
      part.ready->hold(stream);
    if (!copied) begin(stream);
    copy_map<V, V>(stream, part.data, part.view, to + part.offset, part.there);
    if (!copied) end(stream);
  }
  joined_->record(stream);
}

}  // namespace alexnet::cuda
