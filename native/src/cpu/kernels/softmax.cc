// Softmax and cross-entropy in double: a thousand values an image, so exactness costs nothing.
#include <omp.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "alexnet/error.h"
#include "cpu/kernels/kernels.h"
#include "cpu/kernels/scratch.h"

namespace alexnet::cpu {
namespace {

void put(float* to, double v) { *to = static_cast<float>(v); }
void put(Bf16* to, double v) {
  const float f = static_cast<float>(v);
  uint32_t bits;
  std::memcpy(&bits, &f, sizeof bits);
  const uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
  to->bits = static_cast<uint16_t>(f == f ? rounded : (bits >> 16) | 0x40u);
}

struct ImageLoss {
  double loss;
  int64_t rank;  // classes that come before the label
};

/// `powers`: working memory of one double a class.
template <class T>
ImageLoss one_image(const float* logits, int64_t classes, int64_t label, double gradient_scale, T* dlogits,
                    double* powers) {
  double largest = logits[0];
  int64_t rank = 0;
  const float own = logits[label];
  for (int64_t c = 0; c < classes; ++c) {
    if (logits[c] > largest) largest = logits[c];
    // Written so that a NaN among the logits is no hit.
    if (c != label && !(logits[c] < own || (logits[c] == own && c > label))) ++rank;
  }
  double sum = 0;
  for (int64_t c = 0; c < classes; ++c) sum += powers[c] = std::exp(logits[c] - largest);
  if (dlogits) {
    for (int64_t c = 0; c < classes; ++c) {
      put(dlogits + c, (powers[c] / sum - (c == label ? 1.0 : 0.0)) * gradient_scale);
    }
  }
  return {std::log(sum) - (own - largest), rank};
}

}  // namespace

template <class T>
LossTotals softmax_cross_entropy(const float* logits, const int32_t* labels, int64_t images, int64_t classes,
                                 int64_t row_stride, double gradient_scale, T* dlogits, double* losses,
                                 uint8_t* top1, uint8_t* top5) {
  for (int64_t i = 0; i < images; ++i) {
    if (labels[i] >= classes) {
      throw Error(ErrorCode::kInvalidArgument, "Image " + std::to_string(i) + " of the batch has label " +
                                                   std::to_string(labels[i]) + ", but there are only " +
                                                   std::to_string(classes) +
                                                   " classes. Check the data set against the net.");
    }
  }
  std::vector<ImageLoss> each(static_cast<size_t>(images));
  std::vector<double> powers(static_cast<size_t>(images * classes));
#pragma omp parallel for num_threads(team_size(images)) schedule(static)
  for (int64_t i = 0; i < images; ++i) {
    T* gradient = dlogits ? dlogits + i * row_stride : nullptr;
    if (labels[i] >= 0) {
      each[i] = one_image(logits + i * row_stride, classes, labels[i], gradient_scale, gradient,
                          powers.data() + i * classes);
    } else {
      each[i] = {0, classes};
      for (int64_t c = 0; gradient && c < classes; ++c) put(gradient + c, 0);
    }
  }
  LossTotals totals;
  for (int64_t i = 0; i < images; ++i) {
    const bool valid = labels[i] >= 0, first = valid && each[i].rank < 1, fifth = valid && each[i].rank < 5;
    totals.loss += each[i].loss;
    totals.images += valid;
    totals.top1_hits += first;
    totals.top5_hits += fifth;
    if (losses) losses[i] = each[i].loss;
    if (top1) top1[i] = first;
    if (top5) top5[i] = fifth;
  }
  return totals;
}

template LossTotals softmax_cross_entropy(const float*, const int32_t*, int64_t, int64_t, int64_t, double,
                                          float*, double*, uint8_t*, uint8_t*);
template LossTotals softmax_cross_entropy(const float*, const int32_t*, int64_t, int64_t, int64_t, double,
                                          Bf16*, double*, uint8_t*, uint8_t*);

}  // namespace alexnet::cpu
