#include "data/eigen.h"

#include <algorithm>
#include <cmath>

namespace alexnet::data {

Eigen3 eigen_symmetric(const std::array<double, 9>& matrix) {
  double a[3][3], v[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  for (int i = 0; i < 9; ++i) a[i / 3][i % 3] = matrix[static_cast<size_t>(i)];
  constexpr int kPairs[3][2] = {{0, 1}, {0, 2}, {1, 2}};
  // Convergence is quadratic: a handful of sweeps reach the last bit, the bound is for odd input.
  for (int sweep = 0; sweep < 50; ++sweep) {
    if (a[0][1] == 0 && a[0][2] == 0 && a[1][2] == 0) break;
    for (const auto& [p, q] : kPairs) {
      const double off = a[p][q];
      if (std::abs(off) <= 1e-300) {
        a[p][q] = a[q][p] = 0;
        continue;
      }
      // The rotation by the smaller angle that makes a[p][q] zero.
      const double theta = (a[q][q] - a[p][p]) / (2 * off);
      const double t = std::copysign(1.0, theta) / (std::abs(theta) + std::sqrt(theta * theta + 1));
      const double c = 1 / std::sqrt(t * t + 1), s = t * c;
      a[p][p] -= t * off;
      a[q][q] += t * off;
      a[p][q] = a[q][p] = 0;
      const int r = 3 - p - q;
      const double rp = a[r][p], rq = a[r][q];
      a[r][p] = a[p][r] = c * rp - s * rq;
      a[r][q] = a[q][r] = s * rp + c * rq;
      for (auto& row : v) {
        const double vp = row[p], vq = row[q];
        row[p] = c * vp - s * vq;
        row[q] = s * vp + c * vq;
      }
    }
  }
  std::array<int, 3> order{0, 1, 2};
  std::sort(order.begin(), order.end(), [&](int x, int y) { return a[x][x] > a[y][y]; });
  Eigen3 result{};
  for (size_t i = 0; i < 3; ++i) {
    const int column = order[i];
    result.values[i] = a[column][column];
    int largest = 0;
    for (int k = 1; k < 3; ++k)
      if (std::abs(v[k][column]) > std::abs(v[largest][column])) largest = k;
    const double sign = v[largest][column] < 0 ? -1 : 1;
    for (size_t k = 0; k < 3; ++k) result.vectors[i * 3 + k] = sign * v[k][column];
  }
  return result;
}

}  // namespace alexnet::data
