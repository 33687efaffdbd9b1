#include "retrieval/vectors.h"

#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace alexnet::ALEXNET_ISA {

namespace {

constexpr float kLargestHalf = 65504.0f;

/// IEEE half of a finite float, by the usual scaling of subnormals.
inline uint16_t half_of(float value) {
  if (value > kLargestHalf) value = kLargestHalf;
  if (value < -kLargestHalf) value = -kLargestHalf;
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  const uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7FFFFFFFu;
  if (magnitude < 0x38800000u) {  // below 2^-14: the sum's last bits are the half's
    float scaled;
    std::memcpy(&scaled, &magnitude, 4);
    scaled += 0.5f;
    std::memcpy(&bits, &scaled, 4);
    return static_cast<uint16_t>(sign | (bits - 0x3F000000u));
  }
  const uint32_t rounded =
      magnitude + 0xC8000FFFu + (magnitude >> 13 & 1u);  // exponent - 112, to nearest even
  return static_cast<uint16_t>(sign | rounded >> 13);
}

inline float float_of(uint16_t half) {
  // The exponent is moved by a multiplication, which also gets subnormals right.
  const uint32_t bits = (half & 0x7FFFu) << 13;
  float value;
  std::memcpy(&value, &bits, 4);
  value *= 0x1p112f;
  return half & 0x8000u ? -value : value;
}

#if defined(__AVX512F__)
// Forms with a mask and sums by memory: in the others GCC 12 takes a register that is meant to hold anything
// for one that was forgotten.
constexpr __mmask16 kAll16 = 0xFFFF;
constexpr __mmask32 kAll32 = 0xFFFFFFFF;

inline float sum_of(__m512 values) {
  float lanes[16], sum = 0;
  _mm512_storeu_ps(lanes, values);
  for (const float lane : lanes) sum += lane;
  return sum;
}
inline int32_t sum_of(__m512i values) {
  int32_t lanes[16], sum = 0;
  _mm512_storeu_si512(lanes, values);
  for (const int32_t lane : lanes) sum += lane;
  return sum;
}
#endif

}  // namespace

void to_half(const float* from, uint16_t* to, int64_t count) {
  int64_t i = 0;
#if defined(__F16C__)
  const __m256 most = _mm256_set1_ps(kLargestHalf), least = _mm256_set1_ps(-kLargestHalf);
  for (; i + 8 <= count; i += 8) {
    const __m256 v = _mm256_max_ps(_mm256_min_ps(_mm256_loadu_ps(from + i), most), least);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
  }
#endif
  for (; i < count; ++i) to[i] = half_of(from[i]);
}

void from_half(const uint16_t* from, float* to, int64_t count) {
  int64_t i = 0;
#if defined(__F16C__)
  for (; i + 8 <= count; i += 8)
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
#endif
  for (; i < count; ++i) to[i] = float_of(from[i]);
}

float square_distance(const float* a, const uint16_t* b, int64_t count) {
  float sum = 0;
  int64_t i = 0;
#if defined(__AVX512F__)
  __m512 sums[4] = {};
  for (; i + 64 <= count; i += 64)
    for (int part = 0; part < 4; ++part) {
      const int64_t at = i + 16 * part;
      const __m512 d = _mm512_sub_ps(
          _mm512_loadu_ps(a + at),
          _mm512_maskz_cvtph_ps(kAll16, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b + at))));
      sums[part] = _mm512_fmadd_ps(d, d, sums[part]);
    }
  sum = sum_of(_mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3])));
#elif defined(__F16C__)
  __m256 sums[4] = {};
  for (; i + 32 <= count; i += 32)
    for (int part = 0; part < 4; ++part) {
      const int64_t at = i + 8 * part;
      const __m256 d =
          _mm256_sub_ps(_mm256_loadu_ps(a + at),
                        _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(b + at))));
      sums[part] = _mm256_fmadd_ps(d, d, sums[part]);
    }
  float lanes[8];
  _mm256_storeu_ps(lanes, _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
  for (const float lane : lanes) sum += lane;
#endif
  for (; i < count; ++i) {
    const float d = a[i] - float_of(b[i]);
    sum += d * d;
  }
  return sum;
}

void code_dots(const int8_t* codes, const int16_t* query, int64_t rows, int64_t stride, int32_t* dots) {
  for (int64_t r = 0; r < rows; ++r) {
    const int8_t* code = codes + r * stride;
#if defined(__AVX512BW__)
    __m512i sums[2] = {};
    for (int64_t i = 0; i < stride; i += 64)
      for (int part = 0; part < 2; ++part) {
        const int64_t at = i + 32 * part;
        const __m512i c = _mm512_maskz_cvtepi8_epi16(
            kAll32, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(code + at)));
        sums[part] = _mm512_add_epi32(sums[part], _mm512_madd_epi16(c, _mm512_loadu_si512(query + at)));
      }
    dots[r] = sum_of(_mm512_add_epi32(sums[0], sums[1]));
#elif defined(__AVX2__)
    __m256i sums[2] = {};
    for (int64_t i = 0; i < stride; i += 32)
      for (int part = 0; part < 2; ++part) {
        const int64_t at = i + 16 * part;
        const __m256i c = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(code + at)));
        const __m256i q = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(query + at));
        sums[part] = _mm256_add_epi32(sums[part], _mm256_madd_epi16(c, q));
      }
    int32_t lanes[8];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), _mm256_add_epi32(sums[0], sums[1]));
    int32_t sum = 0;
    for (const int32_t lane : lanes) sum += lane;
    dots[r] = sum;
#else
    int32_t sum = 0;
    for (int64_t i = 0; i < stride; ++i) sum += code[i] * query[i];
    dots[r] = sum;
#endif
  }
}

}  // namespace alexnet::ALEXNET_ISA
