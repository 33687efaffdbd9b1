// Counts answers: probabilities against labels, image after image.
#pragma once

#include <cstdint>

#include "alexnet/evaluation.h"
#include "train/bootstrap.h"

namespace alexnet::train {

class AnswerCounts {
 public:
  AnswerCounts(int64_t images, int64_t classes, Ties ties = Ties::kFirst);

  /// One image's answer, [classes].
  void add(int64_t image, int32_t label, const float* probabilities);
  /// The counts as errors and a mean loss.
  EvaluationResult finish();

 private:
  Credit fraction(int32_t label, const float* probabilities) const;

  int64_t classes_;
  std::vector<int32_t> order_;  // of the classes, the most probable first; kept for its memory
  Ties ties_;
  std::vector<Credit> credits_;  // an image
  EvaluationResult result_;
};

}  // namespace alexnet::train
