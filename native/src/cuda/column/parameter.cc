#include "cuda/column/parameter.h"

#include <type_traits>

namespace alexnet::cuda {

template <class T>
Parameter<T>::Parameter(Arena& arena, const ParameterShape& shape, bool training, bool copied)
    : shape_(shape), master_(arena.take<float>(shape.count(), Growth::kFixed)) {
  if (training) {
    velocity_ = arena.take<float>(shape.count(), Growth::kFixed);
    gradient_ = arena.take<float>(shape.count(), Growth::kFixed);
  }
  if (copied) copy_ = arena.take<Bf16>(shape.count(), Growth::kFixed);
}

template <class T>
T* Parameter<T>::multiplied() const {
  if constexpr (std::is_same_v<T, float>)
    return master_.data();
  else
    return copy_.data();
}

template <class T>
ParameterEntry Parameter<T>::entry(const void* rounded_gradient) const {
  return {.weight = master_.data(),
          .velocity = velocity_.data(),
          .gradient = rounded_gradient ? rounded_gradient : gradient_.data(),
          .copy = copy_.data(),
          .count = shape_.count(),
          .first_chunk = 0,
          .gradient_is_bf16 = rounded_gradient != nullptr};
}

template <class T>
void Parameter<T>::write(const DeviceContext& context, bool velocity, std::span<const float> values,
                         float* staging) const {
  const auto stream = context.compute();
  float* to = (velocity ? velocity_ : master_).data();
  ALEXNET_CUDA_CHECK(context.device(), cudaMemcpyAsync(staging, values.data(), values.size_bytes(),
                                                       cudaMemcpyHostToDevice, stream));
  weights_to_channels_last<float>(stream, staging, to, shape_.out, shape_.in, shape_.taps, shape_.pieces);
  if (!velocity && copy_.count() > 0) convert<float, Bf16>(stream, to, copy_.data(), shape_.count());
  ALEXNET_CUDA_CHECK(context.device(), cudaStreamSynchronize(stream));
}

template <class T>
void Parameter<T>::read(const DeviceContext& context, bool velocity, std::span<float> values,
                        float* staging) const {
  const auto stream = context.compute();
  const float* from = (velocity ? velocity_ : master_).data();
  weights_from_channels_last(stream, from, staging, shape_.out, shape_.in, shape_.taps, shape_.pieces);
  ALEXNET_CUDA_CHECK(context.device(), cudaMemcpyAsync(values.data(), staging, values.size_bytes(),
                                                       cudaMemcpyDeviceToHost, stream));
  ALEXNET_CUDA_CHECK(context.device(), cudaStreamSynchronize(stream));
}

template class Parameter<float>;
template class Parameter<Bf16>;

}  // namespace alexnet::cuda
