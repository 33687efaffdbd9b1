// The batch on the device: brought there once for all columns of a thread, the next one while this one is
// computed on, and made into what the first layer reads: from finished inputs, or from bytes of records,
// which are a half (bf16) or a quarter of the way to the device.
#pragma once

#include <array>

#include "columns/column.h"
#include "cuda/column/conv_layer.h"

namespace alexnet::cuda {

template <class T>
class BatchInput {
 public:
  BatchInput(const DeviceContext& context, Arena& arena, const NetPlan& plan, const columns::Share& share);

  /// How inputs are made of records. Waits.
  void set_preprocessing(const Preprocessing& preprocessing);

  /// What the first layer reads, and the labels; the same memory for every batch.
  const Maps<T>& maps() const { return maps_; }
  const int32_t* labels() const { return labels_.data(); }
  /// Of the current batch.
  bool has_labels() const { return has_labels_; }

  /// Makes a batch the current one, in the order of the compute stream.
  void set(const columns::Batch& batch);
  /// Holds another column's compute stream until the current batch is there.
  void hold(cudaStream_t stream) const { ready_.hold(stream); }
  /// Starts to bring the next one beside the current pass.
  void prefetch(const columns::Batch& next);

  /// Waits until the current batch has left the host's memory; `all`: and the one told ahead.
  void wait_for_uploads(DeviceContext& context, bool all) const;

 private:
  struct Buffer {
    explicit Buffer(const DeviceContext& context) : arrived(context), read(context) {}
    Block<std::byte> images;  // inputs, or the pieces of records that they are made of, which take less
    Block<int32_t> labels;
    Block<RecordDraw> draws;
    Event arrived;  // on the device
    Event read;     // made into maps_: it may be overwritten
  };

  void upload(const columns::Batch& batch, const Buffer& to, cudaStream_t stream) const;
  void copy(void* to, const void* from, int64_t bytes, cudaStream_t stream) const;
  /// Whether `batch` is what the other buffer was filled with.
  bool is_there(const columns::Batch& batch) const {
    return batch.id != 0 && batch.id == next_.id && batch.images == next_.images;
  }

  const DeviceContext& context_;
  const int64_t batch_, first_label_;  // rows of images; of the first of them among the labels
  NetInputFormat format_;
  Maps<T> maps_;
  Block<int32_t> labels_;
  Block<float> mean_image_;
  Preprocessing preprocessing_;
  std::array<Buffer, 2> buffers_;
  size_t current_ = 0;
  bool has_labels_ = false;
  columns::Batch next_;  // in the other buffer, or on its way there
  Event ready_;
};

}  // namespace alexnet::cuda
