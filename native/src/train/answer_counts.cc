#include "train/answer_counts.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace alexnet::train {

namespace {
constexpr int64_t kTop = 5;

/// What is no number, as a net with broken weights gives it, is the least probable.
float order_of(float probability) { return std::isnan(probability) ? -1.0f : probability; }
}  // namespace

AnswerCounts::AnswerCounts(int64_t images, int64_t classes, Ties ties)
    : classes_(classes), order_(static_cast<size_t>(classes)), ties_(ties) {
  credits_.reserve(static_cast<size_t>(images));
  result_.labels.resize(static_cast<size_t>(images));
  result_.confusion.assign(static_cast<size_t>(classes * classes), 0);
  result_.class_images.assign(static_cast<size_t>(classes), 0);
  result_.class_top5_hits.assign(static_cast<size_t>(classes), 0);
  result_.top5.resize(static_cast<size_t>(images * kTop));
  result_.top5_probability.resize(static_cast<size_t>(images * kTop));
  result_.true_probability.resize(static_cast<size_t>(images));
}

void AnswerCounts::add(int64_t image, int32_t label, const float* probabilities) {
  std::iota(order_.begin(), order_.end(), 0);
  const int64_t top = std::min(kTop, classes_);
  std::partial_sort(order_.begin(), order_.begin() + top, order_.end(), [&](int32_t a, int32_t b) {
    const float first = order_of(probabilities[a]), second = order_of(probabilities[b]);
    return first != second ? first > second : a < b;
  });
  const bool known = !std::isnan(probabilities[label]);
  bool hit = false;
  for (int64_t k = 0; k < kTop; ++k) {
    const size_t place = static_cast<size_t>(image * kTop + k);
    result_.top5[place] = k < top ? order_[static_cast<size_t>(k)] : -1;
    result_.top5_probability[place] = k < top ? probabilities[order_[static_cast<size_t>(k)]] : 0.0f;
    hit = hit || (known && result_.top5[place] == label);
  }
  result_.true_probability[static_cast<size_t>(image)] = probabilities[label];
  // A probability that underflowed to zero counts as the smallest one that a float can hold.
  result_.loss -= std::log(std::max(static_cast<double>(probabilities[label]), 1e-45));
  const Credit credit = ties_ == Ties::kFraction
                            ? fraction(label, probabilities)
                            : Credit{known && order_[0] == label ? 1.0f : 0.0f, hit ? 1.0f : 0.0f};
  result_.top1_error += 1 - double{credit.top1};
  result_.top5_error += 1 - double{credit.top5};
  credits_.push_back(credit);
  result_.labels[static_cast<size_t>(image)] = label;
  ++result_.confusion[static_cast<size_t>(label * classes_ + order_[0])];
  ++result_.class_images[static_cast<size_t>(label)];
  result_.class_top5_hits[static_cast<size_t>(label)] += hit;
  ++result_.images;
}

/// Nothing for a probability that is no number. With `better` classes more probable than the true one and
/// `equal` as probable, itself among them: the mean over every order of the equals.
Credit AnswerCounts::fraction(int32_t label, const float* probabilities) const {
  if (std::isnan(probabilities[label])) return {};
  int64_t better = 0, equal = 0;
  for (int64_t c = 0; c < classes_; ++c) {
    better += probabilities[c] > probabilities[label];
    equal += probabilities[c] == probabilities[label];
  }
  const auto share = [&](int64_t places) {
    const int64_t left = std::clamp<int64_t>(places - better, 0, equal);
    return static_cast<float>(static_cast<double>(left) / static_cast<double>(equal));
  };
  return {share(1), share(kTop)};
}

EvaluationResult AnswerCounts::finish() {
  if (result_.images > 0) {
    const auto images = static_cast<double>(result_.images);
    result_.loss /= images;
    result_.top1_error /= images;
    result_.top5_error /= images;
    const ErrorIntervals intervals = bootstrap_errors(credits_);
    result_.top1_interval = intervals.top1;
    result_.top5_interval = intervals.top5;
  }
  return std::move(result_);
}

}  // namespace alexnet::train
