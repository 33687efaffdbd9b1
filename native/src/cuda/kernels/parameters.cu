// Launches the kernels of sgd.h and weights.h.
#include "cuda/kernels/sgd.h"
#include "cuda/kernels/kernels.h"
#include "cuda/kernels/on_device.cuh"
#include "cuda/kernels/weights.h"

namespace alexnet::cuda {

ParameterTable make_parameter_table(std::vector<ParameterEntry>& entries) { return number_chunks(entries); }

void sgd_update(Stream stream, const ParameterTable& table, const ParameterRates* rates, const uint32_t* skip,
                uint32_t* not_finite) {
  run_sgd_update(OnDevice{stream, "sgd_update"}, table, rates, skip, not_finite);
}

void find_not_finite(Stream stream, const ParameterTable& table, uint32_t* not_finite) {
  run_find_not_finite(OnDevice{stream, "find_not_finite"}, table, not_finite);
}

template <class To>
void weights_to_channels_last(Stream stream, const float* from, To* to, int64_t out, int64_t in, int64_t taps,
                              int64_t pieces) {
  run_weights_to_channels_last(OnDevice{stream, "weights_to_channels_last"}, from, to, out, in, taps, pieces);
}

void weights_from_channels_last(Stream stream, const float* from, float* to, int64_t out, int64_t in,
                                int64_t taps, int64_t pieces) {
  run_weights_from_channels_last(OnDevice{stream, "weights_from_channels_last"}, from, to, out, in, taps,
                                 pieces);
}

template <class To>
void weights_to_blocks(Stream stream, const float* from, To* to, int64_t out, int64_t kernel, int64_t block,
                       int64_t channels) {
  run_weights_to_blocks(OnDevice{stream, "weights_to_blocks"}, from, to, out, kernel, block, channels);
}

template <class From>
void weights_from_blocks(Stream stream, const From* from, float* to, int64_t out, int64_t kernel,
                         int64_t block, int64_t channels) {
  run_weights_from_blocks(OnDevice{stream, "weights_from_blocks"}, from, to, out, kernel, block, channels);
}

#define ALEXNET_INSTANTIATE(T)                                                                          \
  template void weights_to_channels_last(Stream, const float*, T*, int64_t, int64_t, int64_t, int64_t); \
  template void weights_to_blocks(Stream, const float*, T*, int64_t, int64_t, int64_t, int64_t);        \
  template void weights_from_blocks(Stream, const T*, float*, int64_t, int64_t, int64_t, int64_t);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)
#undef ALEXNET_INSTANTIATE

}  // namespace alexnet::cuda
