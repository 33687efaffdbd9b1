// The batch on the device: brought there once for all columns of a thread, the next one while this one is
// computed on, and arranged as the first layer reads it.
#pragma once

#include <array>

#include "columns/column.h"
#include "cuda/column/conv_layer.h"

namespace alexnet::cuda {

template <class T>
class BatchInput {
 public:
  BatchInput(const DeviceContext& context, Arena& arena, const NetPlan& plan, int64_t batch);

  /// What the first layer reads; the same memory for every batch.
  const Maps<T>& maps() const { return maps_; }
  /// Of the current batch; null where it has none.
  const int32_t* labels() const { return has_labels_ ? buffers_[current_].labels.data() : nullptr; }

  /// Makes a batch the current one: the compute stream goes on once it is there.
  void set(const columns::Batch& batch);
  /// Holds another column's compute stream until the current batch is there.
  void hold(cudaStream_t stream) const { ready_.hold(stream); }
  void prefetch(const columns::Batch& next);
  /// The end of the last prefetch: until then its source must not change.
  const Event& prefetched() const { return prefetched_; }

 private:
  struct Buffer {
    Block<T> images;
    Block<int32_t> labels;
  };

  void upload(const columns::Batch& batch, const Buffer& to, cudaStream_t stream) const;
  /// Whether `batch` is what the other buffer was filled with.
  bool is_there(const columns::Batch& batch) const {
    return batch.id != 0 && batch.id == next_.id && batch.images == next_.images;
  }

  const DeviceContext& context_;
  const int64_t batch_;
  NetInputFormat format_;
  Maps<T> maps_;
  std::array<Buffer, 2> buffers_;
  size_t current_ = 0;
  bool has_labels_ = false;
  columns::Batch next_;  // in the other buffer, or on its way there
  Event ready_, prefetched_;
};

}  // namespace alexnet::cuda
