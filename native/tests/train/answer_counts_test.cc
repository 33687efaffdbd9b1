// Ties at the edge of the best one and five, counted against every order of the equals; error bars by
// bootstrap.
#include "train/answer_counts.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "alexnet/random.h"

using namespace alexnet;

namespace {

EvaluationResult count(const std::vector<std::vector<float>>& answers, const std::vector<int32_t>& labels,
                       Ties ties) {
  const auto images = static_cast<int64_t>(answers.size());
  train::AnswerCounts counts(images, static_cast<int64_t>(answers[0].size()), ties);
  for (size_t i = 0; i < answers.size(); ++i)
    counts.add(static_cast<int64_t>(i), labels[i], answers[i].data());
  return counts.finish();
}

/// The mean over every order of the classes, with equals in that order: what fractional credit stands for.
double mean_over_orders(const std::vector<float>& answer, int32_t label, size_t places) {
  std::vector<int32_t> order(answer.size());
  std::iota(order.begin(), order.end(), 0);
  double hits = 0, orders = 0;
  do {
    std::vector<int32_t> ranked = order;
    std::stable_sort(ranked.begin(), ranked.end(), [&](int32_t a, int32_t b) {
      return answer[static_cast<size_t>(a)] > answer[static_cast<size_t>(b)];
    });
    const auto end = ranked.begin() + static_cast<std::ptrdiff_t>(std::min(places, ranked.size()));
    hits += std::find(ranked.begin(), end, label) != end;
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  return hits / orders;
}

}  // namespace

TEST_CASE("a tie counts the share of the places that are left for the equals") {
  const std::vector<std::vector<float>> answers{
      {.4f, .2f, .1f, .1f, .1f, .05f, .05f},  // no tie at an edge for class 0
      {.3f, .3f, .1f, .1f, .1f, .05f, .05f},  // two best
      {.4f, .1f, .1f, .1f, .1f, .1f, .1f},    // four places for six
      {.3f, .2f, .2f, .1f, .1f, .1f, 0},      // two places for three
      {1 / 7.f, 1 / 7.f, 1 / 7.f, 1 / 7.f, 1 / 7.f, 1 / 7.f, 1 / 7.f},
      {0, 0, 0, 0, 0, 0, 1},  // four places for six zeros
  };
  for (const auto& answer : answers)
    for (int32_t label = 0; label < 7; ++label) {
      CAPTURE(label);
      const auto result = count({answer}, {label}, Ties::kFraction);
      CHECK(1 - result.top1_error == doctest::Approx(mean_over_orders(answer, label, 1)).epsilon(1e-6));
      CHECK(1 - result.top5_error == doctest::Approx(mean_over_orders(answer, label, 5)).epsilon(1e-6));
    }
  // By hand: the third answer's sixth class has four of six places.
  CHECK(count({answers[2]}, {6}, Ties::kFraction).top5_error == doctest::Approx(1 - 4.0 / 6));
}

TEST_CASE("an answer that is no number is never right") {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (const Ties ties : {Ties::kFirst, Ties::kFraction}) {
    const auto broken = count({{kNan, kNan, kNan}, {kNan, .5f, .5f}}, {0, 0}, ties);
    CHECK(broken.top1_error == 1);
    CHECK(broken.top5_error == 1);
    CHECK(std::isnan(broken.loss));
    CHECK(broken.top5[5] == 1);  // of the second image: what is a number comes first
    CHECK(broken.class_top5_hits[0] == 0);
  }
}

TEST_CASE("without fractions the lower of equal classes comes first") {
  const std::vector<float> answer{.25f, .25f, .1f, .1f, .1f, .1f, .1f};
  CHECK(count({answer}, {0}, Ties::kFirst).top1_error == 0);
  CHECK(count({answer}, {1}, Ties::kFirst).top1_error == 1);
  CHECK(count({answer}, {4}, Ties::kFirst).top5_error == 0);
  CHECK(count({answer}, {5}, Ties::kFirst).top5_error == 1);
  // Fractions change the errors, not the counts or the five best.
  const auto first = count({answer, answer}, {1, 6}, Ties::kFirst);
  const auto fraction = count({answer, answer}, {1, 6}, Ties::kFraction);
  CHECK(first.top1_error == 1);
  CHECK(fraction.top1_error == doctest::Approx(0.75));
  CHECK(fraction.top5_error == doctest::Approx((0 + 1 - 3.0 / 5) / 2));
  CHECK(fraction.confusion == first.confusion);
  CHECK(fraction.class_top5_hits == first.class_top5_hits);
  CHECK(fraction.top5 == first.top5);
  CHECK(fraction.labels == std::vector<int32_t>{1, 6});
}

TEST_CASE("where nothing is equal both ways of counting agree") {
  std::vector<std::vector<float>> answers;
  std::vector<int32_t> labels;
  const RandomStream stream{11, RandomPurpose::kSample};
  for (uint64_t i = 0; i < 200; ++i) {
    std::vector<float> answer;
    for (uint64_t c = 0; c < 12; ++c)
      answer.push_back(uniform01(stream.words(i * 12 + c)[0]) + static_cast<float>(c) * 1e-6f);
    answers.push_back(answer);
    labels.push_back(static_cast<int32_t>(i % 12));
  }
  const auto first = count(answers, labels, Ties::kFirst), fraction = count(answers, labels, Ties::kFraction);
  CHECK(fraction.top1_error == doctest::Approx(first.top1_error).epsilon(1e-12));
  CHECK(fraction.top5_error == doctest::Approx(first.top5_error).epsilon(1e-12));
  CHECK(fraction.top1_interval == first.top1_interval);
}

TEST_CASE("the bootstrap's interval is that of the binomial distribution, and always the same") {
  for (const auto& [images, share] : {std::pair{400, 0.3}, {5000, 0.42}, {5000, 0.02}}) {
    CAPTURE(images);
    CAPTURE(share);
    std::vector<train::Credit> credits(static_cast<size_t>(images), {1, 1});
    const auto wrong = static_cast<size_t>(std::lround(images * share));
    for (size_t i = 0; i < wrong; ++i) credits[i].top1 = 0;
    const auto intervals = train::bootstrap_errors(credits);
    CHECK(intervals.top5 == std::array<double, 2>{0, 0});  // no error, nothing to move
    const double deviation = std::sqrt(share * (1 - share) / images);
    // Of a thousand resamples the ends are known to about a tenth of a deviation.
    CHECK(std::abs(intervals.top1[1] - (share + 1.96 * deviation)) < 0.25 * deviation);
    CHECK(std::abs(intervals.top1[0] - (share - 1.96 * deviation)) < 0.25 * deviation);
    const auto again = train::bootstrap_errors(credits);
    CHECK(again.top1 == intervals.top1);
  }
  CHECK(train::bootstrap_errors({}).top1 == std::array<double, 2>{0, 0});
  const std::vector<train::Credit> one{{0, 1}};
  CHECK(train::bootstrap_errors(one).top1 == std::array<double, 2>{1, 1});
}
