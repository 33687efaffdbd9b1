// The directions in which features vary most.
#pragma once

#include <cstdint>
#include <vector>

namespace alexnet::retrieval {

/// `axes` orthonormal rows of `features` values that span (nearly) the space in which the samples [rows,
/// features], given relative to their mean, vary most, turned at random inside it, so that a sample's
/// coordinates are of like size. Subspace iteration from a random start (Halko, Martinsson and Tropp 2011).
/// Directions in which nothing varies are rows of zeros.
std::vector<float> principal_axes(const std::vector<float>& samples, int64_t rows, int64_t features,
                                  int64_t axes);

}  // namespace alexnet::retrieval
