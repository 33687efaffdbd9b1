#include "train/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "alexnet/random.h"

namespace alexnet::train {

namespace {

constexpr int kResamples = 1000;
constexpr double kOutside = 0.025;  // at each end

/// The value below which this share of the sorted ones lies, between two of them in proportion.
double percentile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - std::floor(place)) * (sorted[above] - sorted[below]);
}

std::array<double, 2> interval(std::vector<double>& errors) {
  std::sort(errors.begin(), errors.end());
  return {percentile(errors, kOutside), percentile(errors, 1 - kOutside)};
}

}  // namespace

ErrorIntervals bootstrap_errors(std::span<const Credit> credits) {
  if (credits.empty()) return {};
  const auto images = static_cast<uint32_t>(credits.size());
  std::vector<double> top1(kResamples), top5(kResamples);
  for (int resample = 0; resample < kResamples; ++resample) {
    const RandomStream stream{0, RandomPurpose::kSample, static_cast<uint32_t>(resample), /*b=*/7};
    double hits1 = 0, hits5 = 0;
    for (uint32_t drawn = 0; drawn < images; drawn += 4) {
      const auto words = stream.words(drawn / 4);
      const uint32_t left = std::min(images - drawn, 4u);
      for (uint32_t k = 0; k < left; ++k) {
        const Credit& credit = credits[uniform_below(words[k], images)];
        hits1 += credit.top1;
        hits5 += credit.top5;
      }
    }
    top1[static_cast<size_t>(resample)] = 1 - hits1 / images;
    top5[static_cast<size_t>(resample)] = 1 - hits5 / images;
  }
  return {interval(top1), interval(top5)};
}

}  // namespace alexnet::train
