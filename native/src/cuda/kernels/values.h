// Values in storage and in registers: bfloat16, vectors of neighbouring channels, the few functions that the
// host and the device spell differently.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>

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

/// 1 / sqrt(s) for normal positive s; the device's own instruction is within 2 units in the last place.
ALEXNET_HD float reciprocal_sqrt(float s) {
#if defined(__CUDA_ARCH__)
  float root;
  asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(root) : "f"(s));
  return root;
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
#if defined(__CUDA_ARCH__)
  uint16_t bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return {bits};
#else
  const uint32_t bits = bits_of(value);
  const uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
  const uint32_t quiet_nan = (bits >> 16) | 0x40u;
  return {static_cast<uint16_t>(value == value ? rounded : quiet_nan)};
#endif
}

/// Both at once: `low` lies first in memory.
ALEXNET_HD uint32_t bf16_pair(float low, float high) {
#if defined(__CUDA_ARCH__)
  uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
#else
  return from_float<Bf16>(low).bits | uint32_t{from_float<Bf16>(high).bits} << 16;
#endif
}

/// All bits of a half of the word where the byte that belongs to it has its highest bit set: of the lower two
/// bytes, or of the upper two.
ALEXNET_HD uint32_t halves_of_signs(uint32_t bytes, bool upper) {
  const uint32_t selector = upper ? 0xBBAAu : 0x9988u;  // twice each of two bytes' signs
#if defined(__CUDA_ARCH__)
  uint32_t halves;
  asm("prmt.b32 %0, %1, %1, %2;" : "=r"(halves) : "r"(bytes), "r"(selector));
  return halves;
#else
  uint32_t halves = 0;
  for (int i = 0; i < 4; ++i) {
    const uint32_t byte = selector >> (4 * i) & 3;
    if ((bytes >> (8 * byte) & 0x80u) != 0) halves |= 0xFFu << (8 * i);
  }
  return halves;
#endif
}

/// kCount values in registers.
template <int kCount>
struct alignas(kCount % 4 == 0   ? 16
               : kCount % 2 == 0 ? 8
                                 : 4) Floats {
  float v[kCount];
};

/// kCount values as they lie in memory, moved by one instruction of at most 16 bytes, or several.
template <class T, int kCount>
struct alignas(sizeof(T) * kCount > 16 ? 16 : sizeof(T) * kCount) Packed {
  T v[kCount];
};

#if defined(__CUDA_ARCH__)
/// The largest piece that one instruction moves.
template <int kBytes>
struct Word;
template <>
struct Word<1> {
  using Type = uint8_t;
};
template <>
struct Word<2> {
  using Type = uint16_t;
};
template <>
struct Word<4> {
  using Type = uint32_t;
};
template <>
struct Word<8> {
  using Type = uint2;
};
template <>
struct Word<16> {
  using Type = uint4;
};
#endif

#if !defined(__CUDA_ARCH__)
/// The host would read and write anywhere; a device stops at an address that is no multiple of the piece.
template <int kBytes>
void need_boundary(const void* address) {
  if (reinterpret_cast<uintptr_t>(address) % (kBytes > 16 ? 16 : kBytes) != 0)
    throw std::logic_error("a kernel moves a vector that does not lie on its boundary");
}
#endif

/// Copies kBytes from memory that is aligned to kBytes, or to 16, into registers.
template <int kBytes>
ALEXNET_HD void move_in(void* to, const void* from) {
#if defined(__CUDA_ARCH__)
  constexpr int kPiece = kBytes > 16 ? 16 : kBytes;
  using Piece = typename Word<kPiece>::Type;
  ALEXNET_UNROLL
  for (int i = 0; i < kBytes / kPiece; ++i) static_cast<Piece*>(to)[i] = static_cast<const Piece*>(from)[i];
#else
  need_boundary<kBytes>(from);
  std::memcpy(to, from, kBytes);
#endif
}

/// The way back, into global memory.
template <int kBytes>
ALEXNET_HD void move_out(void* to, const void* from) {
#if defined(__CUDA_ARCH__)
  if constexpr (kBytes >= 16) {
    ALEXNET_UNROLL
    for (int i = 0; i < kBytes / 16; ++i) {
      const uint4 word = static_cast<const uint4*>(from)[i];
      // The compiler splits such a store in four where branches come together before it.
      asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};"
                   :
                   : "l"(__cvta_generic_to_global(static_cast<uint4*>(to) + i)), "r"(word.x), "r"(word.y),
                     "r"(word.z), "r"(word.w)
                   : "memory");
    }
  } else {
    move_in<kBytes>(to, from);
  }
#else
  need_boundary<kBytes>(to);
  std::memcpy(to, from, kBytes);
#endif
}

/// `from` is aligned to the vector's size, or to 16 bytes.
template <int kCount, class T>
ALEXNET_HD Packed<T, kCount> load_packed(const T* from) {
  Packed<T, kCount> packed;
  move_in<sizeof packed>(&packed, from);
  return packed;
}

template <int kCount, class T>
ALEXNET_HD void store_packed(T* to, const Packed<T, kCount>& packed) {
  move_out<sizeof packed>(to, &packed);
}

template <int kCount>
ALEXNET_HD Floats<kCount> load(const float* from) {
  Floats<kCount> values;
  move_in<sizeof values>(&values, from);
  return values;
}

template <int kCount>
ALEXNET_HD Floats<kCount> load(const Bf16* from) {
  Floats<kCount> values;
  if constexpr (kCount == 1) {
    values.v[0] = to_float(*from);
  } else {
    Packed<uint32_t, kCount / 2> pairs;  // of each the first value is the lower half
    move_in<sizeof pairs>(&pairs, from);
    ALEXNET_UNROLL
    for (int i = 0; i < kCount; ++i)
      values.v[i] = float_of(i % 2 == 0 ? pairs.v[i / 2] << 16 : pairs.v[i / 2] & 0xFFFF0000u);
  }
  return values;
}

template <int kCount>
ALEXNET_HD void store(float* to, const Floats<kCount>& values) {
  move_out<sizeof values>(to, &values);
}

template <int kCount>
ALEXNET_HD void store(Bf16* to, const Floats<kCount>& values) {
  if constexpr (kCount == 1) {
    *to = from_float<Bf16>(values.v[0]);
  } else {
    Packed<uint32_t, kCount / 2> packed;
    ALEXNET_UNROLL
    for (int i = 0; i < kCount / 2; ++i) packed.v[i] = bf16_pair(values.v[2 * i], values.v[2 * i + 1]);
    move_out<sizeof packed>(to, &packed);
  }
}

template <int kCount>
ALEXNET_HD Floats<kCount> zeros() {
  Floats<kCount> values;
  ALEXNET_UNROLL
  for (int i = 0; i < kCount; ++i) values.v[i] = 0;
  return values;
}

}  // namespace alexnet::cuda
