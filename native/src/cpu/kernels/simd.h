// Sixteen floats as one value, whatever the registers' width: one, two or four of them. For *.isa.cc files
// only. Everything here is in the namespace of the instruction set and is inlined, so that no function
// compiled for a newer machine can be linked into the code for an older one.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "cpu/kernels/map_view.h"

#define ALEXNET_INLINE __attribute__((always_inline)) inline
#define ALEXNET_LAMBDA __attribute__((always_inline))

namespace alexnet::ALEXNET_ISA {

using cpu::Bf16;

#if defined(__AVX512F__)
inline constexpr int kWidth = 16;
#elif defined(__AVX2__)
inline constexpr int kWidth = 8;
#else
inline constexpr int kWidth = 4;
#endif
inline constexpr int kParts = 16 / kWidth;

typedef float FloatLanes __attribute__((vector_size(4 * kWidth)));
typedef int32_t IntLanes __attribute__((vector_size(4 * kWidth)));
typedef uint32_t WordLanes __attribute__((vector_size(4 * kWidth)));
typedef uint16_t HalfLanes __attribute__((vector_size(2 * kWidth)));
typedef int8_t ByteLanes __attribute__((vector_size(kWidth)));
// The same in memory, at any address. (A copy of a whole F16 by memcpy goes through smaller registers.)
typedef float FloatsInMemory __attribute__((vector_size(4 * kWidth), aligned(4), may_alias));
typedef uint16_t HalvesInMemory __attribute__((vector_size(2 * kWidth), aligned(2), may_alias));
typedef int8_t BytesInMemory __attribute__((vector_size(kWidth), aligned(1), may_alias));

struct F16 {
  FloatLanes p[kParts];
};
struct I16 {
  IntLanes p[kParts];
};

ALEXNET_INLINE F16 splat(float v) {
  F16 r;
  for (int i = 0; i < kParts; ++i) r.p[i] = v - FloatLanes{};
  return r;
}

#define ALEXNET_F16_OPERATOR(op)                                \
  ALEXNET_INLINE F16 operator op(F16 a, const F16& b) {         \
    for (int i = 0; i < kParts; ++i) a.p[i] = a.p[i] op b.p[i]; \
    return a;                                                   \
  }
ALEXNET_F16_OPERATOR(+)
ALEXNET_F16_OPERATOR(-)
ALEXNET_F16_OPERATOR(*)
ALEXNET_F16_OPERATOR(/)
#undef ALEXNET_F16_OPERATOR

// ---- Masks ----

#if defined(__AVX512F__)
struct Mask {
  __mmask16 bits;
};
ALEXNET_INLINE Mask greater(const F16& a, const F16& b) {
  return {_mm512_cmp_ps_mask((__m512)a.p[0], (__m512)b.p[0], _CMP_GT_OQ)};
}
ALEXNET_INLINE F16 select(Mask m, const F16& a, const F16& b) {
  return {{(FloatLanes)_mm512_mask_mov_ps((__m512)b.p[0], m.bits, (__m512)a.p[0])}};
}
/// a, plus b in the lanes of m.
ALEXNET_INLINE F16 add_where(Mask m, const F16& a, const F16& b) {
  return {{(FloatLanes)_mm512_mask_add_ps((__m512)a.p[0], m.bits, (__m512)a.p[0], (__m512)b.p[0])}};
}
ALEXNET_INLINE F16 keep_where(Mask m, const F16& a) {
  return {{(FloatLanes)_mm512_maskz_mov_ps(m.bits, (__m512)a.p[0])}};
}
/// Lanes whose byte equals `value`.
ALEXNET_INLINE Mask bytes_equal(const uint8_t* bytes, int value) {
  const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  return {_mm_cmpeq_epi8_mask(b, _mm_set1_epi8(static_cast<char>(value)))};
}
ALEXNET_INLINE Mask first_lanes(int64_t count) {
  return {static_cast<__mmask16>(count >= 16 ? 0xFFFF : (1 << count) - 1)};
}

/// One small number a lane: the winner's place in a pooling window.
struct Places {
  __m128i bytes = _mm_setzero_si128();
  ALEXNET_INLINE void set_where(Mask m, int place) {
    bytes = _mm_mask_mov_epi8(bytes, m.bits, _mm_set1_epi8(static_cast<char>(place)));
  }
  ALEXNET_INLINE void store(uint8_t* to) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes); }
};
#else
struct Mask {
  IntLanes p[kParts];
};
ALEXNET_INLINE Mask greater(const F16& a, const F16& b) {
  Mask r;
  for (int i = 0; i < kParts; ++i) r.p[i] = a.p[i] > b.p[i];
  return r;
}
ALEXNET_INLINE F16 select(const Mask& m, const F16& a, const F16& b) {
  F16 r;
  for (int i = 0; i < kParts; ++i) r.p[i] = m.p[i] ? a.p[i] : b.p[i];
  return r;
}
ALEXNET_INLINE F16 keep_where(const Mask& m, const F16& a) {
  F16 r;
  for (int i = 0; i < kParts; ++i) r.p[i] = (FloatLanes)(m.p[i] & (IntLanes)a.p[i]);
  return r;
}
ALEXNET_INLINE F16 add_where(const Mask& m, const F16& a, const F16& b) { return a + keep_where(m, b); }
ALEXNET_INLINE Mask bytes_equal(const uint8_t* bytes, int value) {
  Mask r;
  for (int i = 0; i < kParts; ++i) {
    const ByteLanes b = *reinterpret_cast<const BytesInMemory*>(bytes + i * kWidth);
    r.p[i] = __builtin_convertvector(b == static_cast<int8_t>(value), IntLanes);
  }
  return r;
}
ALEXNET_INLINE Mask first_lanes(int64_t count) {
  Mask r;
  for (int i = 0; i < kParts; ++i) {
    for (int j = 0; j < kWidth; ++j) r.p[i][j] = i * kWidth + j < count ? -1 : 0;
  }
  return r;
}

struct Places {
  I16 lanes = {};
  ALEXNET_INLINE void set_where(const Mask& m, int place) {
    for (int i = 0; i < kParts; ++i) lanes.p[i] = m.p[i] ? place - IntLanes{} : lanes.p[i];
  }
  ALEXNET_INLINE void store(uint8_t* to) const {
#if defined(__AVX2__)
    // Packing works on halves of registers: the four quarters come out in the order 0, 2, 1, 3.
    const __m256i words = _mm256_permute4x64_epi64(
        _mm256_packus_epi32((__m256i)lanes.p[0], (__m256i)lanes.p[1]), _MM_SHUFFLE(3, 1, 2, 0));
    const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
#elif defined(__SSE2__)
    const __m128i low = _mm_packs_epi32((__m128i)lanes.p[0], (__m128i)lanes.p[1]);
    const __m128i high = _mm_packs_epi32((__m128i)lanes.p[2], (__m128i)lanes.p[3]);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(low, high));
#else
    for (int i = 0; i < kParts; ++i) {
      *reinterpret_cast<BytesInMemory*>(to + i * kWidth) = __builtin_convertvector(lanes.p[i], ByteLanes);
    }
#endif
  }
};
#endif

// ---- Memory ----

ALEXNET_INLINE F16 load(const float* from) {
  F16 r;
  for (int i = 0; i < kParts; ++i) r.p[i] = *reinterpret_cast<const FloatsInMemory*>(from + i * kWidth);
  return r;
}
ALEXNET_INLINE void store(float* to, const F16& v) {
  for (int i = 0; i < kParts; ++i) *reinterpret_cast<FloatsInMemory*>(to + i * kWidth) = v.p[i];
}

ALEXNET_INLINE F16 load(const Bf16* from) {
  F16 r;
  for (int i = 0; i < kParts; ++i) {
    const HalfLanes h = *reinterpret_cast<const HalvesInMemory*>(from + i * kWidth);
    r.p[i] = (FloatLanes)(__builtin_convertvector(h, WordLanes) << 16);
  }
  return r;
}
ALEXNET_INLINE void store(Bf16* to, const F16& v) {
  for (int i = 0; i < kParts; ++i) {
    const WordLanes bits = (WordLanes)v.p[i];
    const WordLanes rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
    const WordLanes quiet_nan = (bits >> 16) | 0x40u;
    const WordLanes upper = v.p[i] == v.p[i] ? rounded : quiet_nan;
    *reinterpret_cast<HalvesInMemory*>(to + i * kWidth) = __builtin_convertvector(upper, HalfLanes);
  }
}

// One value, for the ends of arrays: the same rounding as above.
ALEXNET_INLINE float load_one(const float* from) { return *from; }
ALEXNET_INLINE void store_one(float* to, float v) { *to = v; }
ALEXNET_INLINE float load_one(const Bf16* from) {
  const uint32_t bits = uint32_t{from->bits} << 16;
  float v;
  std::memcpy(&v, &bits, sizeof v);
  return v;
}
ALEXNET_INLINE void store_one(Bf16* to, float v) {
  uint32_t bits;
  std::memcpy(&bits, &v, sizeof bits);
  const uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
  to->bits = static_cast<uint16_t>(v == v ? rounded : (bits >> 16) | 0x40u);
}
/// The first `count` < 16 values; the other lanes are zero.
template <class T>
ALEXNET_INLINE F16 load_first(const T* from, int64_t count) {
  float lanes[16] = {};
  for (int64_t i = 0; i < count; ++i) lanes[i] = load_one(from + i);
  return load(lanes);
}
template <class T>
ALEXNET_INLINE void store_first(T* to, const F16& v, int64_t count) {
  float lanes[16];
  store(lanes, v);
  for (int64_t i = 0; i < count; ++i) store_one(to + i, lanes[i]);
}

// ---- Lanes ----

/// Lanes kFirst .. kFirst + 15 of the 32 lanes low, high.
template <int kFirst>
ALEXNET_INLINE F16 slide(const F16& low, const F16& high) {
  static_assert(kFirst >= 0 && kFirst <= 16);
  F16 r;
  const auto part = [&](int i) ALEXNET_LAMBDA {
    return i < kParts ? low.p[i] : i < 2 * kParts ? high.p[i - kParts] : FloatLanes{};
  };
  constexpr int kShift = kFirst % kWidth;
  IntLanes index;
  for (int j = 0; j < kWidth; ++j) index[j] = kShift + j;
  for (int i = 0; i < kParts; ++i) {
    const int from = kFirst / kWidth + i;
    r.p[i] = __builtin_shuffle(part(from), part(from + 1), index);
  }
  return r;
}

}  // namespace alexnet::ALEXNET_ISA
