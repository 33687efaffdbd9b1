// Elementary functions on sixteen floats, for *.isa.cc files. Errors are relative; the polynomials are
// the well-known minimax ones of single-precision libraries (Cephes, S. Moshier).
#pragma once

#include <cmath>
#include <optional>

#include "alexnet/net_spec.h"
#include "cpu/kernels/simd.h"

namespace alexnet::ALEXNET_ISA {

/// 1 / sqrt(s) for normal positive s, within 3e-7: the machine's estimate and one Newton step.
ALEXNET_INLINE F16 reciprocal_sqrt(const F16& s) {
  F16 y;
#if defined(__AVX512F__)
  y.p[0] = (FloatLanes)_mm512_maskz_rsqrt14_ps(0xFFFF, (__m512)s.p[0]);
#elif defined(__AVX2__)
  for (int i = 0; i < kParts; ++i) y.p[i] = (FloatLanes)_mm256_rsqrt_ps((__m256)s.p[i]);
#elif defined(__SSE2__)
  for (int i = 0; i < kParts; ++i) y.p[i] = (FloatLanes)_mm_rsqrt_ps((__m128)s.p[i]);
#else
  for (int i = 0; i < kParts; ++i) {
    for (int j = 0; j < kWidth; ++j) y.p[i][j] = 1.0f / std::sqrt(s.p[i][j]);
  }
#endif
  return y * (splat(1.5f) - splat(0.5f) * s * y * y);
}

/// Nearest integer, for |x| < 2^22.
ALEXNET_INLINE F16 round_nearest(const F16& x) {
  const F16 magic = splat(12582912.0f);  // 1.5 * 2^23: its unit in the last place is 1
  return (x + magic) - magic;
}

ALEXNET_INLINE F16 clamp(const F16& x, float low, float high) {
  const F16 l = splat(low), h = splat(high);
  const F16 r = select(greater(l, x), l, x);
  return select(greater(r, h), h, r);
}

/// e^x within 2e-7; x is limited to [-87, 88], NaN stays NaN.
ALEXNET_INLINE F16 exp(const F16& unlimited) {
  const F16 x = clamp(unlimited, -87.0f, 88.0f);
  const F16 n = round_nearest(x * splat(1.44269504088896341f));
  const F16 r = x - n * splat(0.693359375f) - n * splat(-2.12194440e-4f);
  F16 y = splat(1.9875691500e-4f);
  y = y * r + splat(1.3981999507e-3f);
  y = y * r + splat(8.3334519073e-3f);
  y = y * r + splat(4.1665795894e-2f);
  y = y * r + splat(1.6666665459e-1f);
  y = y * r + splat(5.0000001201e-1f);
  y = y * r * r + r + splat(1.0f);
  for (int i = 0; i < kParts; ++i) {
    const IntLanes power = __builtin_convertvector(n.p[i], IntLanes);
    y.p[i] = y.p[i] * (FloatLanes)((power + 127) << 23);
  }
  return y;
}

/// ln x for normal positive x: absolute error below 1e-7 * max(1, |ln x|).
ALEXNET_INLINE F16 log(const F16& x) {
  F16 mantissa, exponent;
  for (int i = 0; i < kParts; ++i) {
    const IntLanes shifted = (IntLanes)x.p[i] - 0x3F3504F3;  // the bits of sqrt(1/2)
    exponent.p[i] = __builtin_convertvector(shifted >> 23, FloatLanes);
    mantissa.p[i] = (FloatLanes)((shifted & 0x7FFFFF) + 0x3F3504F3);
  }
  const F16 f = mantissa - splat(1.0f);
  const F16 z = f * f;
  F16 y = splat(7.0376836292e-2f);
  y = y * f + splat(-1.1514610310e-1f);
  y = y * f + splat(1.1676998740e-1f);
  y = y * f + splat(-1.2420140846e-1f);
  y = y * f + splat(1.4249322787e-1f);
  y = y * f + splat(-1.6668057665e-1f);
  y = y * f + splat(2.0000714765e-1f);
  y = y * f + splat(-2.4999993993e-1f);
  y = y * f + splat(3.3333331174e-1f);
  y = y * f * z + exponent * splat(-2.12194440e-4f) - splat(0.5f) * z;
  return f + y + exponent * splat(0.693359375f);
}

ALEXNET_INLINE F16 sigmoid(const F16& x) { return splat(1.0f) / (splat(1.0f) + exp(splat(0.0f) - x)); }

/// tanh x within 4e-7 (a polynomial near zero, where 1 - 2 / (e^2x + 1) would cancel).
ALEXNET_INLINE F16 tanh(const F16& x) {
  const F16 z = x * x;
  F16 near = splat(-5.70498872745e-3f);
  near = near * z + splat(2.06390887954e-2f);
  near = near * z + splat(-5.37397155531e-2f);
  near = near * z + splat(1.33314422036e-1f);
  near = near * z + splat(-3.33332819422e-1f);
  near = near * z * x + x;
  const F16 far = splat(1.0f) - splat(2.0f) / (exp(x + x) + splat(1.0f));
  return select(greater(splat(0.390625f), z), near, far);  // |x| < 0.625
}

/// max(x, 0); NaN stays NaN, so that a diverged run is seen.
ALEXNET_INLINE F16 relu(const F16& x) { return select(greater(splat(0.0f), x), splat(0.0f), x); }

/// What a backward kernel's last factor is. A choice at run time: the branch is always the same, and one copy
/// of each kernel for each activation would cost more than it gains.
enum class Derivative { kOne, kRelu, kTanh, kSigmoid };

ALEXNET_INLINE Derivative derivative_of(const std::optional<Activation>& activation) {
  if (!activation) return Derivative::kOne;
  return *activation == Activation::kRelu   ? Derivative::kRelu
         : *activation == Activation::kTanh ? Derivative::kTanh
                                            : Derivative::kSigmoid;
}

/// gradient * f'(.), f' from f's output.
ALEXNET_INLINE F16 times_derivative(Derivative kind, const F16& gradient, const F16& output) {
  if (kind == Derivative::kRelu) return keep_where(greater(output, splat(0.0f)), gradient);
  if (kind == Derivative::kTanh) return gradient * (splat(1.0f) - output * output);
  if (kind == Derivative::kSigmoid) return gradient * output * (splat(1.0f) - output);
  return gradient;
}

}  // namespace alexnet::ALEXNET_ISA
