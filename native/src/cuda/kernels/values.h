// Values in storage and in registers: bfloat16, vectors of neighbouring channels, the few functions that the
// host and the device spell differently.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "cuda/kernels/hd.h"
#include "cuda/kernels/map_view.h"

namespace alexnet::cuda {

ALEXNET_HD uint32_t bits_of(float value) {
#if defined(__CUDA_ARCH__)
  return __float_as_uint(value);
#else
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
#endif
}

ALEXNET_HD float float_of(uint32_t bits) {
#if defined(__CUDA_ARCH__)
  return __uint_as_float(bits);
#else
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
#endif
}

/// 1 / sqrt(s); the device's own instruction is within 2 units in the last place.
ALEXNET_HD float reciprocal_sqrt(float s) {
#if defined(__CUDA_ARCH__)
  return rsqrtf(s);
#else
  return 1.0f / std::sqrt(s);
#endif
}

/// False for NaN and for both infinities.
ALEXNET_HD bool is_finite(float value) { return (bits_of(value) & 0x7F800000u) != 0x7F800000u; }

ALEXNET_HD float to_float(float value) { return value; }
ALEXNET_HD float to_float(Bf16 value) { return float_of(uint32_t{value.bits} << 16); }

template <class T>
ALEXNET_HD T from_float(float value);
template <>
ALEXNET_HD float from_float<float>(float value) {
  return value;
}
template <>
ALEXNET_HD Bf16 from_float<Bf16>(float value) {
  const uint32_t bits = bits_of(value);
  const uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
  const uint32_t quiet_nan = (bits >> 16) | 0x40u;
  return {static_cast<uint16_t>(value == value ? rounded : quiet_nan)};
}

/// kCount values in registers.
template <int kCount>
struct Floats {
  float v[kCount];
};

/// kCount values as they lie in memory, moved by one instruction of at most 16 bytes, or several.
template <class T, int kCount>
struct alignas(sizeof(T) * kCount > 16 ? 16 : sizeof(T) * kCount) Packed {
  T v[kCount];
};

/// `from` is aligned to the vector's size, at most 16 bytes.
template <int kCount, class T>
ALEXNET_HD Packed<T, kCount> load_packed(const T* from) {
#if defined(__CUDA_ARCH__)
  return *reinterpret_cast<const Packed<T, kCount>*>(from);
#else
  Packed<T, kCount> packed;
  std::memcpy(&packed, from, sizeof packed);
  return packed;
#endif
}

template <int kCount, class T>
ALEXNET_HD void store_packed(T* to, const Packed<T, kCount>& packed) {
#if defined(__CUDA_ARCH__)
  *reinterpret_cast<Packed<T, kCount>*>(to) = packed;
#else
  std::memcpy(to, &packed, sizeof packed);
#endif
}

template <int kCount, class T>
ALEXNET_HD Floats<kCount> load(const T* from) {
  const Packed<T, kCount> packed = load_packed<kCount>(from);
  Floats<kCount> values;
  ALEXNET_UNROLL
  for (int i = 0; i < kCount; ++i) values.v[i] = to_float(packed.v[i]);
  return values;
}

template <int kCount, class T>
ALEXNET_HD void store(T* to, const Floats<kCount>& values) {
  Packed<T, kCount> packed;
  ALEXNET_UNROLL
  for (int i = 0; i < kCount; ++i) packed.v[i] = from_float<T>(values.v[i]);
  store_packed<kCount>(to, packed);
}

template <int kCount>
ALEXNET_HD Floats<kCount> zeros() {
  Floats<kCount> values;
  ALEXNET_UNROLL
  for (int i = 0; i < kCount; ++i) values.v[i] = 0;
  return values;
}

}  // namespace alexnet::cuda
