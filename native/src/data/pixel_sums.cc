#include "data/pixel_sums.h"

#include <algorithm>

#include "data/eigen.h"
#include "data/sums_kernel.h"
#include "isa.h"

namespace alexnet::data {
namespace {

__extension__ typedef __int128 Wide;

constexpr int64_t kFlushAfter = 257;  // 257 * 255 == 65535

AddRecord* add_record() {
  switch (current_isa()) {
    case Isa::kAvx512:
      return avx512::add_record;
    case Isa::kAvx2:
      return avx2::add_record;
    case Isa::kBaseline:
      break;
  }
  return baseline::add_record;
}

}  // namespace

PixelSums::PixelSums()
    : recent_(static_cast<size_t>(kRecordBytes)), values_(static_cast<size_t>(kRecordBytes)) {}

void PixelSums::add(const uint8_t* record) {
  if (pending_ == kFlushAfter) flush();
  add_record()(record, recent_.data(), rgb_.data(), products_.data());
  ++pending_;
  ++count_;
}

void PixelSums::flush() {
  for (size_t i = 0; i < values_.size(); ++i) values_[i] += recent_[i];
  std::fill(recent_.begin(), recent_.end(), uint16_t{0});
  pending_ = 0;
}

void PixelSums::add(const PixelSums& other) {
  for (size_t i = 0; i < values_.size(); ++i) values_[i] += other.values_[i] + other.recent_[i];
  for (size_t i = 0; i < rgb_.size(); ++i) rgb_[i] += other.rgb_[i];
  for (size_t i = 0; i < products_.size(); ++i) products_[i] += other.products_[i];
  count_ += other.count_;
}

PackStatistics PixelSums::statistics() const {
  PackStatistics statistics;
  statistics.mean_image.resize(values_.size());
  const auto images = static_cast<double>(count_);
  for (size_t i = 0; i < values_.size(); ++i)
    statistics.mean_image[i] = static_cast<float>(static_cast<double>(values_[i] + recent_[i]) / images);
  const Wide n = Wide{count_} * kPackSize * kPackSize;
  const auto pixels = static_cast<double>(n);
  constexpr size_t kProduct[3][3] = {{0, 3, 5}, {3, 1, 4}, {5, 4, 2}};
  for (size_t a = 0; a < 3; ++a) {
    statistics.mean_rgb[a] = static_cast<double>(rgb_[a]) / pixels;
    for (size_t b = 0; b < 3; ++b) {
      // n * sum(xy) - sum(x) * sum(y) is exact in 128 bits; only its division is rounded.
      const Wide scaled = n * Wide{products_[kProduct[a][b]]} - Wide{rgb_[a]} * Wide{rgb_[b]};
      statistics.covariance[a * 3 + b] = static_cast<double>(scaled) / pixels / pixels;
    }
  }
  const Eigen3 eigen = eigen_symmetric(statistics.covariance);
  // A covariance has no negative eigenvalue; rounding may give one where it is zero.
  for (size_t i = 0; i < 3; ++i) statistics.eigenvalues[i] = std::max(0.0, eigen.values[i]);
  statistics.eigenvectors = eigen.vectors;
  return statistics;
}

}  // namespace alexnet::data
