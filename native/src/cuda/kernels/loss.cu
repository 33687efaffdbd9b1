// Launches the kernels of loss.h.
#include "cuda/kernels/loss.h"
#include "cuda/kernels/kernels.h"
#include "cuda/kernels/on_device.cuh"

namespace alexnet::cuda {

template <class T>
void softmax_cross_entropy(Stream stream, const float* logits, int64_t row_stride, const int32_t* labels,
                           int64_t images, int64_t classes, const LossGradient<T>& gradient, RowLoss* rows,
                           LossTotals* totals, uint32_t* not_finite, const uint32_t* keep) {
  run_softmax_cross_entropy(OnDevice{stream, "softmax_cross_entropy"}, logits, row_stride, labels, images,
                            classes, gradient, rows, totals, not_finite, keep);
}

#define ALEXNET_INSTANTIATE(T)                                                                         \
  template void softmax_cross_entropy(Stream, const float*, int64_t, const int32_t*, int64_t, int64_t, \
                                      const LossGradient<T>&, RowLoss*, LossTotals*, uint32_t*,        \
                                      const uint32_t*);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)
#undef ALEXNET_INSTANTIATE

}  // namespace alexnet::cuda
