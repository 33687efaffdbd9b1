// Softmax with cross-entropy: values, gradient, hits, images that only fill the batch.
#include "alexnet/error.h"
#include "kernels_testing.h"

namespace alexnet::testing {
namespace {

constexpr int64_t kImages = 5, kClasses = 37, kStride = 40;

std::vector<float> random_logits() {
  std::vector<float> logits(kImages * kStride);
  std::mt19937 draw(1);
  std::normal_distribution<float> normal(0, 3);
  for (float& v : logits) v = normal(draw);
  return logits;
}

template <class T>
void check_values() {
  const std::vector<float> logits = random_logits();
  const std::vector<int32_t> labels{3, -1, 36, 0, 7};
  std::vector<T> dlogits(logits.size(), T{});
  std::vector<double> losses(kImages, -1);
  std::vector<uint8_t> top1(kImages, 9), top5(kImages, 9);
  const LossTotals totals =
      cpu::softmax_cross_entropy(logits.data(), labels.data(), kImages, kClasses, kStride, 0.25,
                                 dlogits.data(), losses.data(), top1.data(), top5.data());
  double loss = 0, worst = 0;
  int64_t hits1 = 0, hits5 = 0;
  for (int64_t i = 0; i < kImages; ++i) {
    const float* row = logits.data() + i * kStride;
    const int32_t label = labels[static_cast<size_t>(i)];
    double sum = 0;
    for (int64_t c = 0; c < kClasses; ++c) sum += std::exp(static_cast<double>(row[c]));
    int64_t larger = 0;
    for (int64_t c = 0; c < kClasses; ++c) {
      const double p = std::exp(static_cast<double>(row[c])) / sum;
      const double expected = label < 0 ? 0 : 0.25 * (p - (c == label ? 1 : 0));
      const double got = as_double(dlogits[static_cast<size_t>(i * kStride + c)]);
      worst = std::max(worst, std::abs(got - expected) / (std::abs(expected) + 1e-30));
      larger += label >= 0 && row[c] > row[label];
    }
    const double expected_loss = label < 0 ? 0 : -std::log(std::exp(static_cast<double>(row[label])) / sum);
    CHECK(losses[static_cast<size_t>(i)] == doctest::Approx(expected_loss).epsilon(1e-12));
    CHECK(top1[static_cast<size_t>(i)] == (label >= 0 && larger < 1));
    CHECK(top5[static_cast<size_t>(i)] == (label >= 0 && larger < 5));
    loss += expected_loss;
    hits1 += top1[static_cast<size_t>(i)];
    hits5 += top5[static_cast<size_t>(i)];
  }
  CHECK(worst < (std::is_same_v<T, float> ? 1e-7 : 0x1p-8));
  CHECK(totals.loss == doctest::Approx(loss).epsilon(1e-12));
  CHECK(totals.images == 4);
  CHECK(totals.top1_hits == hits1);
  CHECK(totals.top5_hits == hits5);
}

TEST_CASE("loss, gradient and hits equal the definition; an image without label counts for nothing") {
  check_values<float>();
  check_values<Bf16>();
}

TEST_CASE("the gradient equals the difference quotient of the loss") {
  std::vector<float> logits = random_logits();
  const std::vector<int32_t> labels{3, 1, 36, 0, 7};
  std::vector<float> dlogits(logits.size());
  const auto loss = [&] {
    return cpu::softmax_cross_entropy<float>(logits.data(), labels.data(), kImages, kClasses, kStride, 1.0,
                                             nullptr, nullptr, nullptr, nullptr)
        .loss;
  };
  cpu::softmax_cross_entropy(logits.data(), labels.data(), kImages, kClasses, kStride, 1.0, dlogits.data(),
                             nullptr, nullptr, nullptr);
  for (const size_t i : {size_t{0}, size_t{3}, size_t{45}, size_t{2 * kStride + 36}}) {
    const float value = logits[i];
    logits[i] = value + 0x1p-10f;
    const double above = loss();
    logits[i] = value - 0x1p-10f;
    const double below = loss();
    logits[i] = value;
    CHECK((above - below) * 0x1p9 == doctest::Approx(dlogits[i]).epsilon(1e-3));
  }
}

TEST_CASE("equal logits count before the label when their index is smaller") {
  std::vector<float> logits(16, 1.0f);
  const auto hits = [&](int32_t label) {
    return cpu::softmax_cross_entropy<float>(logits.data(), &label, 1, 16, 16, 1.0, nullptr, nullptr, nullptr,
                                             nullptr);
  };
  CHECK(hits(0).top1_hits == 1);
  CHECK(hits(1).top1_hits == 0);
  CHECK(hits(4).top5_hits == 1);
  CHECK(hits(5).top5_hits == 0);
}

TEST_CASE("huge logits do not overflow, and an undefined one gives an undefined loss and no hit") {
  std::vector<float> logits{1e30f, -1e30f, 0.0f};
  const int32_t label = 0;
  const auto run = [&] {
    return cpu::softmax_cross_entropy<float>(logits.data(), &label, 1, 3, 3, 1.0, nullptr, nullptr, nullptr,
                                             nullptr);
  };
  CHECK(run().loss == 0);
  CHECK(run().top1_hits == 1);
  logits[2] = NAN;
  CHECK(std::isnan(run().loss));
  CHECK(run().top1_hits == 0);
}

TEST_CASE("a label that is no class is refused") {
  const std::vector<float> logits(3);
  const int32_t label = 3;
  CHECK_THROWS_AS(cpu::softmax_cross_entropy<float>(logits.data(), &label, 1, 3, 3, 1.0, nullptr, nullptr,
                                                    nullptr, nullptr),
                  Error);
}

TEST_CASE("the loss gives the same bits for one, two and three threads") {
  const std::vector<float> logits = random_logits();
  const std::vector<int32_t> labels{3, 1, 36, 0, 7};
  check_threads([&] {
    std::vector<float> dlogits(logits.size(), 0.0f);
    const LossTotals totals =
        cpu::softmax_cross_entropy(logits.data(), labels.data(), kImages, kClasses, kStride, 0.2,
                                   dlogits.data(), nullptr, nullptr, nullptr);
    std::vector<double> all(dlogits.begin(), dlogits.end());
    all.push_back(totals.loss);
    return all;
  });
}

}  // namespace
}  // namespace alexnet::testing
