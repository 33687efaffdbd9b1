// Softmax and cross-entropy: values, gradient, hits, rows that only fill the batch.
#include "cuda/kernels/loss.h"

#include "maps_testing.h"

namespace alexnet::cuda::testing {
namespace {

struct Result {
  Vector<RowLoss> rows;
  Vector<LossTotals> sums;
  Vector<uint32_t> flag;

  const LossTotals& totals() const { return sums[0]; }
  uint32_t not_finite() const { return flag[0]; }
};

template <class T>
Result run_loss(const Vector<float>& logits, int64_t stride, const Vector<int32_t>& labels, int64_t classes,
                const LossGradient<T>& gradient, uint32_t flag = 7, const uint32_t* keep = nullptr) {
  Result result{Vector<RowLoss>(labels.size()), Vector<LossTotals>(1), Vector<uint32_t>(1, flag)};
  launch::softmax_cross_entropy(logits.data(), stride, labels.data(), static_cast<int64_t>(labels.size()),
                                classes, gradient, result.rows.data(), result.sums.data(), result.flag.data(),
                                keep);
  return result;
}

template <class T>
void check_loss(int64_t classes, int64_t stride, const Vector<int32_t>& labels, unsigned seed) {
  const auto images = static_cast<int64_t>(labels.size());
  Vector<float> logits(static_cast<size_t>(images * stride), NAN);
  Values dense;
  std::mt19937 draw(seed);
  std::normal_distribution<float> normal(0, 3);
  for (int64_t n = 0; n < images; ++n)
    for (int64_t c = 0; c < classes; ++c)
      dense.push_back(logits[static_cast<size_t>(n * stride + c)] = normal(draw));
  const reference::Loss expected = reference::softmax_cross_entropy(dense, labels, classes);
  // The second column's share of the classes, with rows longer than they need.
  const int64_t first = classes / 2, count = classes - first, row = count + 3;
  Vector<T> gradient(static_cast<size_t>(images * row), from_float<T>(9));
  const Result got =
      run_loss<T>(logits, stride, labels, classes, {gradient.data(), row, first, count, nullptr});
  CHECK(got.totals().images == expected.images);
  const auto counted = static_cast<double>(expected.images);
  // Sums of e^x in float: relative errors of 1e-7 of a probability, so as much of a loss, absolutely.
  CHECK(got.totals().loss == doctest::Approx(expected.loss * counted).epsilon(1e-6));
  CHECK(static_cast<double>(got.totals().top1_hits) == doctest::Approx((1 - expected.top1_error) * counted));
  CHECK(static_cast<double>(got.totals().top5_hits) == doctest::Approx((1 - expected.top5_error) * counted));
  CHECK(got.not_finite() == 0);
  Values values, wanted;
  bool margin_is_whole = true;
  for (int64_t n = 0; n < images; ++n) {
    for (int64_t i = 0; i < count; ++i) {
      values.push_back(to_float(gradient[static_cast<size_t>(n * row + i)]));
      wanted.push_back(expected.gradient[static_cast<size_t>(n * classes + first + i)]);
    }
    for (int64_t i = count; i < row; ++i)
      margin_is_whole = margin_is_whole && to_float(gradient[static_cast<size_t>(n * row + i)]) == 9;
    CHECK(got.rows[static_cast<size_t>(n)].counts == (labels[static_cast<size_t>(n)] >= 0));
  }
  CHECK(margin_is_whole);
  // p - 1 of a p near 1 keeps p's absolute error: a device's e^x is off by two units in the last place.
  CHECK(worst_error(values, wanted, 0.1 / counted) < tolerance<T>());
}

TEST_CASE("loss, hits and gradient equal the reference for few classes and many") {
  check_loss<float>(37, 40, {3, -1, 36, 0, 7, 20, 11}, 1);
  check_loss<Bf16>(37, 37, {3, -1, 36, 0, 7}, 2);
  check_loss<float>(1000, 1000, {999, 0, 500}, 3);
  check_loss<float>(2, 2, {1, 0, 1, -1}, 4);
  Vector<int32_t> many(600);
  for (size_t i = 0; i < many.size(); ++i) many[i] = static_cast<int32_t>(i % 11) - 1;
  check_loss<float>(10, 12, many, 5);
}

TEST_CASE("of equal logits the class with the smaller index comes first") {
  const Vector<float> logits(2 * 8, 1.5f);
  const Result got = run_loss<float>(logits, 8, {4, 5}, 8, {});
  CHECK(got.totals().top1_hits == 0);
  CHECK(got.totals().top5_hits == 1);
  CHECK(got.rows[0].before == 4);
  CHECK(got.rows[1].before == 5);
  CHECK(run_loss<float>(logits, 8, {0, 0}, 8, {}).totals().top1_hits == 2);
}

TEST_CASE("a given scale replaces the mean over the rows that count") {
  const Vector<float> logits{1, 2, 3, 4, 5, 6};
  const Vector<float> scale{0.125f};
  Vector<float> gradient(6), mean(6);
  run_loss<float>(logits, 3, {0, 2}, 3, {gradient.data(), 3, 0, 3, scale.data()});
  run_loss<float>(logits, 3, {0, 2}, 3, {mean.data(), 3, 0, 3, nullptr});
  for (size_t i = 0; i < 6; ++i) CHECK(gradient[i] == doctest::Approx(mean[i] / 4).epsilon(1e-6));
}

TEST_CASE("a NaN, an infinity and a label that is no class make the loss not finite, and are no hits") {
  const Vector<float> fine{1, 2, 3, 4, 5, 6};
  for (const float bad : {NAN, INFINITY}) {
    Vector<float> logits = fine;
    logits[1] = bad;
    const Result got = run_loss<float>(logits, 3, {2, 2}, 3, {});
    CHECK(got.not_finite() == 1);
    CHECK_FALSE(std::isfinite(got.totals().loss));
    CHECK(got.totals().top1_hits == 1);
  }
  const Result got = run_loss<float>(fine, 3, {2, 3}, 3, {});
  CHECK(got.not_finite() == 1);
  CHECK(std::isnan(got.rows[1].loss));
  CHECK(run_loss<float>(fine, 3, {-1, -1}, 3, {}).totals().images == 0);
}

TEST_CASE("a loss before this one that was not finite still counts where that is asked for") {
  const Vector<float> good{1, 2, 3}, bad{1, NAN, 3};
  const Vector<uint32_t> keep{1}, forget{0};
  const LossGradient<float> none;
  const auto flag = [&](const Vector<float>& logits, uint32_t before, const Vector<uint32_t>& kept) {
    return run_loss<float>(logits, 3, {1}, 3, none, before, kept.data()).not_finite();
  };
  CHECK(flag(good, 1, keep) == 1);
  CHECK(flag(good, 0, keep) == 0);
  CHECK(flag(good, 1, forget) == 0);
  CHECK(flag(bad, 0, forget) == 1);
  CHECK(flag(bad, 0, keep) == 1);
}

TEST_CASE("classes that do not fit the rows are refused") {
  const Vector<float> logits(6);
  Vector<float> gradient(6);
  CHECK(refused([&] { run_loss<float>(logits, 2, {0, 0}, 3, {}); }));
  CHECK(refused([&] { run_loss<float>(logits, 3, {0, 0}, 3, {gradient.data(), 3, 2, 2, nullptr}); }));
}

}  // namespace
}  // namespace alexnet::cuda::testing
