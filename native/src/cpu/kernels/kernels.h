// Own CPU kernels for everything between the convolutions and products: normalisation, pooling,
// activations, dropout, loss, copies between columns and the update rule. Vectorised for the best
// instruction set of the machine, parallel by OpenMP. The functions are declared in kernels.inc.
#pragma once

#include <cstdint>
#include <optional>

#include "alexnet/net_spec.h"
#include "cpu/kernels/map_view.h"

namespace alexnet::cpu {

/// Which units a dropout layer drops and how it scales the others.
struct DropoutDraw {
  double drop_probability = 0.5;
  float scale = 1;  // on kept units: 1 / (1 - p), or 1 where the scaling is done at test time
  uint64_t seed = 0;
  uint32_t step = 0, layer = 0;
  int64_t total_features = 0;  // of the layer over all columns
  int64_t feature_offset = 0;  // of this column's first unit
  int64_t first_image = 0;     // of the batch: row 0 here is this image
};

/// One update's factors. learning_rate is the layer's own, weight_decay too.
struct SgdStep {
  float learning_rate, momentum, weight_decay;
};

#include "cpu/kernels/kernels.inc"

/// What softmax_cross_entropy adds up over the images with a label, in image order.
struct LossTotals {
  double loss = 0;  // sum of -log p(label)
  int64_t top1_hits = 0, top5_hits = 0, images = 0;
};

/// Softmax with cross-entropy on [images, classes] logits (rows `row_stride` apart in both arrays).
/// labels[i] < 0 marks an image that only fills the batch: its gradient, loss and hits are zero.
/// dlogits (null: not wanted) = (softmax - one_hot(label)) * gradient_scale, e.g. 1 / valid images.
/// losses, top1, top5 (each may be null): one entry per image; a hit at k means fewer than k classes have a
/// larger logit, or an equal one and a smaller index. Throws Error(kInvalidArgument) for a label that is
/// no class.
template <class T>
LossTotals softmax_cross_entropy(const float* logits, const int32_t* labels, int64_t images, int64_t classes,
                                 int64_t row_stride, double gradient_scale, T* dlogits, double* losses,
                                 uint8_t* top1, uint8_t* top5);

}  // namespace alexnet::cpu
