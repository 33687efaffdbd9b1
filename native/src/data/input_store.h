// Two vectors of an input's values into memory, as floats or rounded to bfloat16. Compiled for every
// instruction set, by input.isa.cc alone.
#pragma once

#include "data/input_block.h"
#include "data/line_writer.h"

namespace alexnet::ALEXNET_ISA {

/// Round to nearest, ties to even. A NaN stays one: those that arithmetic makes have low bits of zero.
inline uint16_t to_bfloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

inline void store(float* to, float value) { *to = value; }
inline void store(uint16_t* to, float value) { *to = to_bfloat16(value); }

#if defined(__AVX512F__)
/// The rounded bits in every lane's lower half.
inline __m512i rounded(Floats values) {
  const __m512i bits = reinterpret_cast<__m512i>(values);
  const __mmask16 odd = _mm512_test_epi32_mask(bits, _mm512_set1_epi32(0x10000));
  const __m512i half = _mm512_mask_mov_epi32(_mm512_set1_epi32(0x7FFF), odd, _mm512_set1_epi32(0x8000));
  return _mm512_srli_epi32(_mm512_add_epi32(bits, half), 16);
}
#elif defined(__AVX2__)
inline __m256i rounded(__m256i bits) {
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  return _mm256_srli_epi32(_mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7FFF)), odd), 16);
}
#elif defined(__SSE2__)
/// With their sign, for the pack saturates signed numbers.
inline __m128i rounded(__m128i bits) {
  const __m128i odd = _mm_and_si128(_mm_srli_epi32(bits, 16), _mm_set1_epi32(1));
  return _mm_srai_epi32(_mm_add_epi32(_mm_add_epi32(bits, _mm_set1_epi32(0x7FFF)), odd), 16);
}
#endif

struct Bfloat16s {
  alignas(kLine) uint16_t bits[32];
};

inline Bfloat16s to_bfloat16(Floats first, Floats second) {
  Bfloat16s result;
#if defined(__AVX512F__)
  // The pack works in 128-bit lanes, half of each from either vector.
  const __m512i packed = _mm512_packus_epi32(rounded(first), rounded(second));
  const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
  _mm512_store_si512(result.bits, _mm512_permutexvar_epi64(order, packed));
#elif defined(__AVX2__)
  __m256i parts[4];
  std::memcpy(parts, &first, sizeof first);
  std::memcpy(parts + 2, &second, sizeof second);
  for (int i = 0; i < 2; ++i) {
    // The pack works in 128-bit lanes: 0-3 8-11 | 4-7 12-15, put in order by the permutation.
    const __m256i packed = _mm256_packus_epi32(rounded(parts[2 * i]), rounded(parts[2 * i + 1]));
    _mm256_store_si256(reinterpret_cast<__m256i*>(result.bits + 16 * i),
                       _mm256_permute4x64_epi64(packed, 0xD8));
  }
#elif defined(__SSE2__)
  __m128i parts[8];
  std::memcpy(parts, &first, sizeof first);
  std::memcpy(parts + 4, &second, sizeof second);
  for (int i = 0; i < 4; ++i)
    _mm_store_si128(reinterpret_cast<__m128i*>(result.bits + 8 * i),
                    _mm_packs_epi32(rounded(parts[2 * i]), rounded(parts[2 * i + 1])));
#else
  for (int i = 0; i < 16; ++i) {
    result.bits[i] = to_bfloat16(first[i]);
    result.bits[16 + i] = to_bfloat16(second[i]);
  }
#endif
  return result;
}

/// kStream: `to` begins a line, and whole lines are written.
template <bool kStream>
void store(float* to, Floats first, Floats second) {
  if constexpr (kStream) {
    stream_line(to, &first);
    stream_line(to + 16, &second);
  } else {
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + 16, &second, sizeof second);
  }
}

template <bool kStream>
void store(uint16_t* to, Floats first, Floats second) {
  const Bfloat16s values = to_bfloat16(first, second);
  if constexpr (kStream) {
    stream_line(to, values.bits);
  } else {
    std::memcpy(to, values.bits, sizeof values.bits);
  }
}

}  // namespace alexnet::ALEXNET_ISA
