// What both response normalisations share: y = x s^-beta with s = k + alpha * (sum of squares of the
// neighbours). A neighbour's share of the way back is dy x s^(-beta - 1).
#pragma once

#include "alexnet/net_spec.h"
#include "cuda/kernels/values.h"

namespace alexnet::cuda {

struct NormConstants {
  float k, alpha;
  float slope;  // 2 alpha beta
  float beta;
  int32_t half;         // neighbours on each side
  bool three_quarters;  // beta is 0.75 and s never tiny: square roots instead of a power
};

inline NormConstants norm_constants(int64_t size, double k, double alpha, double beta) {
  return {static_cast<float>(k),    static_cast<float>(alpha),      static_cast<float>(2 * alpha * beta),
          static_cast<float>(beta), static_cast<int32_t>(size / 2), beta == 0.75 && k >= 1e-30};
}
inline NormConstants norm_constants(const LrnSpec& lrn) {
  return norm_constants(lrn.size, lrn.k,
                        lrn.alpha_over_n ? lrn.alpha / static_cast<double>(lrn.size) : lrn.alpha, lrn.beta);
}
inline NormConstants norm_constants(const SpatialNormSpec& norm) {
  return norm_constants(norm.size, norm.k, norm.alpha, norm.beta);
}

/// s^-beta and s^(-beta - 1).
struct NormPowers {
  float scale, slope;
};

/// `kThreeQuarters`: beta is known to be 0.75.
template <bool kThreeQuarters>
ALEXNET_HD NormPowers norm_powers(const NormConstants& c, float sum_of_squares) {
  const float s = c.k + c.alpha * sum_of_squares;
  if (kThreeQuarters || c.three_quarters) {
    const float r = reciprocal_sqrt(s);  // s^-1/2
    const float inverse = r * r;         // s^-1
    const float q = reciprocal_sqrt(r);  // s^1/4
    const float scale = inverse * q;
    return {scale, inverse * scale};
  }
  const float scale = powf(s, -c.beta);
  return {scale, scale / s};
}

}  // namespace alexnet::cuda
