#include "cuda/column/batch_input.h"

#include <algorithm>

#include "alexnet/pack.h"

namespace alexnet::cuda {

template <class T>
BatchInput<T>::BatchInput(const DeviceContext& context, Arena& arena, const NetPlan& plan,
                          const columns::Share& share)
    : context_(context),
      batch_(share.rows(plan.layers.front()).size()),
      first_label_(share.rows(plan.layers.front()).begin - share.rows(plan.layers.back()).begin),
      buffers_{Buffer(context), Buffer(context)},
      ready_(context) {
  const int64_t labels = share.rows(plan.layers.back()).size();
  const int64_t size = plan.spec.input_size;
  const BlockedInput blocked = blocked_input(plan.layers[0]);
  format_ = blocked.format(size);
  maps_ = make_maps<T>(arena, batch_, blocked.channels, blocked.side, blocked.side, /*training=*/false);
  labels_ = arena.take<int32_t>(labels, Growth::kWithBatch);
  mean_image_ = arena.take<float>(kRecordBytes, Growth::kFixed);
  for (Buffer& buffer : buffers_) {
    buffer.images =
        arena.take<std::byte>(batch_ * 3 * size * size * static_cast<int64_t>(sizeof(T)), Growth::kWithBatch);
    buffer.labels = arena.take<int32_t>(labels, Growth::kWithBatch);
    buffer.draws = arena.take<RecordDraw>(batch_, Growth::kWithBatch);
  }
}

template <class T>
void BatchInput<T>::set_preprocessing(const Preprocessing& preprocessing) {
  preprocessing_ = preprocessing;
  if (preprocessing.mean != MeanMode::kImage) return;
  if (static_cast<int64_t>(preprocessing.mean_image.size()) != kRecordBytes)
    throw Error(ErrorCode::kInvalidArgument, "the mean image must have 256 x 256 x 3 values");
  copy(mean_image_.data(), preprocessing.mean_image.data(), mean_image_.bytes(), context_.compute());
  ALEXNET_CUDA_CHECK(context_.device(), cudaStreamSynchronize(context_.compute()));
  preprocessing_.mean_image.clear();  // it is on the device
}

template <class T>
void BatchInput<T>::set(const columns::Batch& batch) {
  const auto stream = context_.compute();
  if (is_there(batch)) {
    current_ = 1 - current_;
    buffers_[current_].arrived.hold(stream);
  } else {
    upload(batch, buffers_[current_], stream);
  }
  next_ = {};
  const Buffer& buffer = buffers_[current_];
  has_labels_ = batch.labels != nullptr;
  if (has_labels_)
    ALEXNET_CUDA_CHECK(context_.device(), cudaMemcpyAsync(labels_.data(), buffer.labels.data(),
                                                          static_cast<size_t>(labels_.bytes()),
                                                          cudaMemcpyDeviceToDevice, stream));
  // Finished inputs of rows without a label are zeros already: the loader's.
  if (batch.draws)
    write_input<T>(
        stream, {reinterpret_cast<const uint8_t*>(buffer.images.data()), batch.side, batch.first_piece},
        buffer.draws.data(), has_labels_ ? labels_.data() + first_label_ : nullptr,
        std::clamp<int64_t>(batch.valid - first_label_, 0, batch_), batch_, preprocessing_,
        preprocessing_.mean == MeanMode::kImage ? mean_image_.data() : nullptr, maps_.data.data(), format_);
  else
    arrange_input<T>(stream, reinterpret_cast<const T*>(buffer.images.data()), InputLayout::kNhwc, nullptr,
                     batch_, maps_.data.data(), format_);
  buffer.read.record(stream);
  ready_.record(stream);
}

template <class T>
void BatchInput<T>::prefetch(const columns::Batch& next) {
  const Buffer& other = buffers_[1 - current_];
  // Its last reader may be a pass that still runs.
  other.read.hold(context_.upload());
  upload(next, other, context_.upload());
  next_ = next;
}

template <class T>
void BatchInput<T>::upload(const columns::Batch& batch, const Buffer& to, cudaStream_t stream) const {
  const int64_t bytes = batch.draws ? batch.pieces * batch.piece_bytes() : to.images.bytes();
  if (bytes > to.images.bytes())
    throw Error(ErrorCode::kInvalidArgument, "a batch of records is larger than its inputs");
  copy(to.images.data(), batch.images, bytes, stream);
  if (batch.labels) copy(to.labels.data(), batch.labels, to.labels.bytes(), stream);
  if (batch.draws) copy(to.draws.data(), batch.draws, to.draws.bytes(), stream);
  to.arrived.record(stream);
}

template <class T>
void BatchInput<T>::copy(void* to, const void* from, int64_t bytes, cudaStream_t stream) const {
  ALEXNET_CUDA_CHECK(context_.device(),
                     cudaMemcpyAsync(to, from, static_cast<size_t>(bytes), cudaMemcpyHostToDevice, stream));
}

template <class T>
void BatchInput<T>::wait_for_uploads(DeviceContext& context, bool all) const {
  context.wait(buffers_[current_].arrived.get());
  if (all) context.wait(buffers_[1 - current_].arrived.get());
}

template class BatchInput<float>;
template class BatchInput<Bf16>;

}  // namespace alexnet::cuda
