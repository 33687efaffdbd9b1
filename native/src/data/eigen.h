// Eigenvalues and eigenvectors of a symmetric 3 x 3 matrix.
#pragma once

#include <array>

namespace alexnet::data {

struct Eigen3 {
  std::array<double, 3> values;   // descending
  std::array<double, 9> vectors;  // row i belongs to values[i]: unit length, its largest entry positive
};

/// Cyclic Jacobi rotations on a row-major symmetric matrix.
Eigen3 eigen_symmetric(const std::array<double, 9>& matrix);

}  // namespace alexnet::data
