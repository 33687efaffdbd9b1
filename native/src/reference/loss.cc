// Softmax cross-entropy with top-1 and top-5 errors.
#include "reference/layers.h"

#include <algorithm>
#include <cmath>

namespace alexnet::reference {

bool is_hit(std::span<const double> logits, int32_t label, int64_t k) {
  int64_t before = 0;
  for (int32_t c = 0; c < static_cast<int32_t>(logits.size()); ++c) {
    before += logits[c] > logits[label] || (logits[c] == logits[label] && c < label);
  }
  return before < k;
}

Loss softmax_cross_entropy(const Values& logits, std::span<const int32_t> labels, int64_t classes) {
  Loss result;
  result.probabilities.resize(logits.size());
  result.gradient.resize(logits.size());
  result.images = std::count_if(labels.begin(), labels.end(), [](int32_t label) { return label >= 0; });
  for (size_t n = 0; n < labels.size(); ++n) {
    const std::span<const double> row(logits.data() + n * classes, static_cast<size_t>(classes));
    const double largest = *std::max_element(row.begin(), row.end());  // keeps exp() in range
    double sum = 0;
    for (const double logit : row) sum += std::exp(logit - largest);
    for (int64_t c = 0; c < classes; ++c) {
      result.probabilities[n * classes + c] = std::exp(row[c] - largest) / sum;
    }
    const int32_t label = labels[n];
    if (label < 0) continue;
    const double share = 1.0 / static_cast<double>(result.images);
    result.loss += share * (std::log(sum) + largest - row[label]);
    result.top1_error += is_hit(row, label, 1) ? 0 : share;
    result.top5_error += is_hit(row, label, 5) ? 0 : share;
    for (int64_t c = 0; c < classes; ++c) {
      result.gradient[n * classes + c] =
          share * (result.probabilities[n * classes + c] - (c == label ? 1 : 0));
    }
  }
  return result;
}

}  // namespace alexnet::reference
