// Integer multiply-adds of 16-bit pairs. The sums fit 32 bits: the weights are not negative and add up to
// 1 << 14, the values are below 1 << 15.
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <cstring>

#include "image/resample_kernels.h"

namespace alexnet::ALEXNET_ISA {
namespace {

using image::kIntermediateBits;
using image::kWeightBits;

constexpr int kRowShift = kWeightBits - kIntermediateBits;
constexpr int kColumnShift = kWeightBits + kIntermediateBits;

#if defined(__SSE2__)
/// Two adjacent weights as one 32-bit word, the form in which the multiply-add wants them.
inline int weight_pair(const int16_t* weights) {
  int pair;
  std::memcpy(&pair, weights, sizeof pair);
  return pair;
}
#endif

void blend_rows(const uint8_t* const* rows, const int16_t* weights, int taps, int64_t count, int16_t* out) {
  int64_t i = 0;
#if defined(__AVX2__)
  const __m256i round = _mm256_set1_epi32(1 << (kRowShift - 1));
  for (; i + 16 <= count; i += 16) {
    __m256i low = round, high = round;
    for (int k = 0; k < taps; k += 2) {
      const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[k] + i));
      const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[k + 1] + i));
      const __m256i w = _mm256_set1_epi32(weight_pair(weights + k));
      low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b)), w));
      high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b)), w));
    }
    // The pack works in 128-bit lanes: 0-3 8-11 | 4-7 12-15, put in order by the permutation.
    const __m256i packed =
        _mm256_packs_epi32(_mm256_srai_epi32(low, kRowShift), _mm256_srai_epi32(high, kRowShift));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), _mm256_permute4x64_epi64(packed, 0xD8));
  }
#elif defined(__SSE2__)
  const __m128i zero = _mm_setzero_si128(), round = _mm_set1_epi32(1 << (kRowShift - 1));
  for (; i + 8 <= count; i += 8) {
    __m128i low = round, high = round;
    for (int k = 0; k < taps; k += 2) {
      const __m128i a = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(rows[k] + i));
      const __m128i b = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(rows[k + 1] + i));
      const __m128i w = _mm_set1_epi32(weight_pair(weights + k));
      const __m128i pairs = _mm_unpacklo_epi8(a, b);
      low = _mm_add_epi32(low, _mm_madd_epi16(_mm_unpacklo_epi8(pairs, zero), w));
      high = _mm_add_epi32(high, _mm_madd_epi16(_mm_unpackhi_epi8(pairs, zero), w));
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                     _mm_packs_epi32(_mm_srai_epi32(low, kRowShift), _mm_srai_epi32(high, kRowShift)));
  }
#endif
  for (; i < count; ++i) {
    int32_t sum = 1 << (kRowShift - 1);
    for (int k = 0; k < taps; ++k) sum += weights[k] * rows[k][i];
    out[i] = static_cast<int16_t>(sum >> kRowShift);
  }
}

void scale_row(const int16_t* in, const int32_t* first, const int16_t* weights, int taps, int64_t width,
               uint8_t* out) {
  int64_t x = 0;
#if defined(__SSE2__)
  const __m128i round = _mm_set1_epi32(1 << (kColumnShift - 1));
  // Each pixel is stored as four bytes, the fourth overwritten by the next: the last pixel is left out.
  for (; x + 1 < width; ++x) {
    const int16_t* pixel = in + first[x];
    const int16_t* w = weights + x * taps;
    __m128i sum = round;  // R, G, B, and a lane that belongs to the next pixel
    for (int k = 0; k < taps; k += 2) {
      const __m128i a = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(pixel + 3 * k));
      const __m128i b = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(pixel + 3 * k + 3));
      sum = _mm_add_epi32(sum, _mm_madd_epi16(_mm_unpacklo_epi16(a, b), _mm_set1_epi32(weight_pair(w + k))));
    }
    const __m128i words = _mm_packs_epi32(_mm_srai_epi32(sum, kColumnShift), sum);
    const int bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
    std::memcpy(out + 3 * x, &bytes, sizeof bytes);
  }
#endif
  for (; x < width; ++x) {
    for (int c = 0; c < 3; ++c) {
      int32_t sum = 1 << (kColumnShift - 1);
      for (int k = 0; k < taps; ++k) sum += weights[x * taps + k] * in[first[x] + 3 * k + c];
      out[3 * x + c] = static_cast<uint8_t>(sum >> kColumnShift);
    }
  }
}

}  // namespace

extern const image::ResampleKernels kResampleKernels;
const image::ResampleKernels kResampleKernels{blend_rows, scale_row};

}  // namespace alexnet::ALEXNET_ISA
