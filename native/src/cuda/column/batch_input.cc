#include "cuda/column/batch_input.h"

namespace alexnet::cuda {

template <class T>
BatchInput<T>::BatchInput(const DeviceContext& context, Arena& arena, const NetPlan& plan, int64_t batch)
    : context_(context), batch_(batch), ready_(context), prefetched_(context) {
  const int64_t size = plan.spec.input_size;
  const BlockedInput blocked = blocked_input(plan.layers[0]);
  format_ = blocked.format(size);
  maps_ = make_maps<T>(arena, batch, blocked.channels, blocked.side, blocked.side, /*training=*/false);
  for (Buffer& buffer : buffers_) {
    buffer.images = arena.take<T>(batch * 3 * size * size, Growth::kWithBatch);
    buffer.labels = arena.take<int32_t>(batch, Growth::kWithBatch);
  }
}

template <class T>
void BatchInput<T>::set(const columns::Batch& batch) {
  const auto stream = context_.compute();
  if (is_there(batch)) {
    current_ = 1 - current_;
    prefetched_.hold(stream);
  } else {
    upload(batch, buffers_[current_], stream);
  }
  has_labels_ = batch.labels != nullptr;
  // Rows without a label are zeros already where it matters: the loader's.
  arrange_input<T>(stream, buffers_[current_].images.data(), InputLayout::kNhwc, nullptr, batch_,
                   maps_.data.data(), format_);
  ready_.record(stream);
}

template <class T>
void BatchInput<T>::prefetch(const columns::Batch& next) {
  // The other buffer's last reader was a pass that is finished.
  upload(next, buffers_[1 - current_], context_.upload());
  prefetched_.record(context_.upload());
  next_ = next;
}

template <class T>
void BatchInput<T>::upload(const columns::Batch& batch, const Buffer& to, cudaStream_t stream) const {
  ALEXNET_CUDA_CHECK(context_.device(),
                     cudaMemcpyAsync(to.images.data(), batch.images, static_cast<size_t>(to.images.bytes()),
                                     cudaMemcpyHostToDevice, stream));
  if (batch.labels)
    ALEXNET_CUDA_CHECK(context_.device(),
                       cudaMemcpyAsync(to.labels.data(), batch.labels, static_cast<size_t>(to.labels.bytes()),
                                       cudaMemcpyHostToDevice, stream));
}

template class BatchInput<float>;
template class BatchInput<Bf16>;

}  // namespace alexnet::cuda
