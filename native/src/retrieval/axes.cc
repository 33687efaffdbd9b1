#include "retrieval/axes.h"

#include <cmath>
#include <utility>

#include "alexnet/random.h"
#include "cpu/matrix_product.h"

namespace alexnet::retrieval {

namespace {

constexpr int kRounds = 3;

/// N(0, 1), the same at every call.
std::vector<float> draw(int64_t count, uint32_t which) {
  const RandomStream stream{.seed = 1, .purpose = RandomPurpose::kSample, .a = which, .b = 0};
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); i += 2) {
    const auto words = stream.words(i);
    const auto pair = gaussian_pair(words[0], words[1]);
    values[i] = static_cast<float>(pair[0]);
    if (i + 1 < values.size()) values[i + 1] = static_cast<float>(pair[1]);
  }
  return values;
}

double dot(const float* a, const float* b, int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

/// Makes the rows of [rows, length] orthonormal: Gram-Schmidt, twice for what rounding leaves. A row that is
/// nearly a sum of those before it becomes zeros.
void orthonormalise(std::vector<float>& values, int64_t rows, int64_t length) {
  double largest = 0;
  for (int64_t r = 0; r < rows; ++r) {
    float* row = values.data() + r * length;
    largest = std::max(largest, dot(row, row, length));
    for (int pass = 0; pass < 2; ++pass)
      for (int64_t other = 0; other < r; ++other) {
        const float* before = values.data() + other * length;
        const auto part = static_cast<float>(dot(row, before, length));
        for (int64_t i = 0; i < length; ++i) row[i] -= part * before[i];
      }
    const double square = dot(row, row, length);
    const float scale = square > largest * 1e-10 ? static_cast<float>(1 / std::sqrt(square)) : 0.0f;
    for (int64_t i = 0; i < length; ++i) row[i] *= scale;
  }
}

}  // namespace

std::vector<float> principal_axes(const std::vector<float>& samples, int64_t rows, int64_t features,
                                  int64_t axes) {
  std::vector<float> found = draw(axes * features, 1);
  orthonormalise(found, axes, features);
  std::vector<float> coordinates(static_cast<size_t>(rows * axes));
  // With all axes every direction is there already.
  for (int round = 0; round < kRounds && axes < features; ++round) {
    cpu::multiply(samples.data(), false, found.data(), true, coordinates.data(), rows, axes, features);
    cpu::multiply(coordinates.data(), true, samples.data(), false, found.data(), axes, features, rows);
    orthonormalise(found, axes, features);
  }
  std::vector<float> turn = draw(axes * axes, 2), turned(found.size());
  orthonormalise(turn, axes, axes);
  cpu::multiply(turn.data(), false, found.data(), false, turned.data(), axes, features, axes);
  return turned;
}

}  // namespace alexnet::retrieval
