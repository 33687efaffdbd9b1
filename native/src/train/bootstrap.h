// How far an error would move with other images: the bootstrap (Efron 1979).
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace alexnet::train {

/// What an image counts, 0..1: the share of a hit among the best one and the best five.
struct Credit {
  float top1, top5;
};

struct ErrorIntervals {
  std::array<double, 2> top1{}, top5{};  // from, to
};

/// 95 % percentile intervals of the two errors (1 - mean credit) over 1000 resamples of the images, drawn
/// with replacement. Always the same for the same credits. No images: zeros.
ErrorIntervals bootstrap_errors(std::span<const Credit> credits);

}  // namespace alexnet::train
