// Blocks of 16 pixels of an input as they lie (RGB RGB ...): 48 values, three vectors. The vectors are the
// compiler's own, of 512 bits, which it splits into what the instruction set has; only conversions and
// changes of order are written out for each. Compiled for every instruction set, by input.isa.cc alone.
#pragma once

#if defined(__SSE2__)
#include <immintrin.h>
#endif
#if defined(__AVX512F__) && defined(__GNUC__) && !defined(__clang__)
// GCC 12 takes the intrinsics' own undefined operands for a mistake of ours (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <cstdint>
#include <cstring>

namespace alexnet::ALEXNET_ISA {

typedef float Floats __attribute__((vector_size(64)));

constexpr int64_t kRow = 256 * 3;
constexpr int64_t kPixels = 16;  // of a block

struct Block {
  Floats v[3];
};

inline Floats load(const float* from) {
  Floats vector;
  std::memcpy(&vector, from, sizeof vector);
  return vector;
}

/// 16 bytes as floats.
inline Floats load(const uint8_t* from) {
  Floats vector;
#if defined(__AVX512F__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  vector = reinterpret_cast<Floats>(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)));
#elif defined(__AVX2__)
  __m256 parts[2];
  for (int i = 0; i < 2; ++i)
    parts[i] = _mm256_cvtepi32_ps(
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from + 8 * i))));
  std::memcpy(&vector, parts, sizeof vector);
#elif defined(__SSE2__)
  const __m128i zero = _mm_setzero_si128(), bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  const __m128i low = _mm_unpacklo_epi8(bytes, zero), high = _mm_unpackhi_epi8(bytes, zero);
  const __m128 parts[4] = {
      _mm_cvtepi32_ps(_mm_unpacklo_epi16(low, zero)), _mm_cvtepi32_ps(_mm_unpackhi_epi16(low, zero)),
      _mm_cvtepi32_ps(_mm_unpacklo_epi16(high, zero)), _mm_cvtepi32_ps(_mm_unpackhi_epi16(high, zero))};
  std::memcpy(&vector, parts, sizeof vector);
#else
  for (int i = 0; i < 16; ++i) vector[i] = from[i];
#endif
  return vector;
}

#if defined(__AVX512F__)
/// Lane numbers that pick 16 of the 48 values: `first` from the first two vectors, `second` keeps that or
/// picks from the third (lanes 16..31).
struct Lanes {
  alignas(64) int32_t first[16], second[16];
};

/// Value `3 * pixel + channel` for every lane: of one channel, all pixels (stride 1), or the block's
/// `part`-th vector with its pixels in the opposite order.
constexpr Lanes channel_lanes(int channel, bool reversed) {
  Lanes lanes{};
  for (int j = 0; j < 16; ++j) {
    const int from = 3 * (reversed ? 15 - j : j) + channel;
    lanes.first[j] = from < 32 ? from : 0;
    lanes.second[j] = from < 32 ? j : 16 + from - 32;
  }
  return lanes;
}
constexpr Lanes turned_lanes(int part) {
  Lanes lanes{};
  for (int j = 0; j < 16; ++j) {
    const int at = 16 * part + j, from = 3 * (15 - at / 3) + at % 3;
    lanes.first[j] = from < 32 ? from : 0;
    lanes.second[j] = from < 32 ? j : 16 + from - 32;
  }
  return lanes;
}

constexpr Lanes kChannel[2][3] = {{channel_lanes(0, false), channel_lanes(1, false), channel_lanes(2, false)},
                                  {channel_lanes(0, true), channel_lanes(1, true), channel_lanes(2, true)}};
constexpr Lanes kTurned[3] = {turned_lanes(0), turned_lanes(1), turned_lanes(2)};

inline Floats pick(const Block& block, const Lanes& lanes) {
  const __m512 two =
      _mm512_permutex2var_ps(reinterpret_cast<__m512>(block.v[0]), _mm512_load_si512(lanes.first),
                             reinterpret_cast<__m512>(block.v[1]));
  return reinterpret_cast<Floats>(
      _mm512_permutex2var_ps(two, _mm512_load_si512(lanes.second), reinterpret_cast<__m512>(block.v[2])));
}

template <bool kMirror>
inline Block split(const Block& block) {
  return {{pick(block, kChannel[kMirror][0]), pick(block, kChannel[kMirror][1]),
           pick(block, kChannel[kMirror][2])}};
}
inline Block turn(const Block& block) {
  return {{pick(block, kTurned[0]), pick(block, kTurned[1]), pick(block, kTurned[2])}};
}
#elif defined(__AVX2__)
/// One channel of 8 pixels: of 24 values those of a channel lie in different lanes of the three vectors, so
/// two blends and one permutation bring them together.
template <bool kMirror, int kChannel>
inline __m256 channel(__m256 a, __m256 b, __m256 c) {
  constexpr int kFromB = kChannel == 0 ? 0b10010010 : kChannel == 1 ? 0b00100100 : 0b01001001;
  constexpr int kFromC = kChannel == 0 ? 0b00100100 : kChannel == 1 ? 0b01001001 : 0b10010010;
  constexpr int k = kChannel;
  const __m256i order = kMirror ? _mm256_setr_epi32((21 + k) % 8, (18 + k) % 8, (15 + k) % 8, (12 + k) % 8,
                                                    (9 + k) % 8, (6 + k) % 8, (3 + k) % 8, k)
                                : _mm256_setr_epi32(k, (3 + k) % 8, (6 + k) % 8, (9 + k) % 8, (12 + k) % 8,
                                                    (15 + k) % 8, (18 + k) % 8, (21 + k) % 8);
  return _mm256_permutevar8x32_ps(_mm256_blend_ps(_mm256_blend_ps(a, b, kFromB), c, kFromC), order);
}

template <bool kMirror>
inline Block split(const Block& block) {
  __m256 in[6], out[6];
  std::memcpy(in, &block, sizeof in);
  constexpr int kLow = kMirror, kHigh = !kMirror;  // where the first and last 8 pixels go
  out[0 + kLow] = channel<kMirror, 0>(in[0], in[1], in[2]);
  out[2 + kLow] = channel<kMirror, 1>(in[0], in[1], in[2]);
  out[4 + kLow] = channel<kMirror, 2>(in[0], in[1], in[2]);
  out[0 + kHigh] = channel<kMirror, 0>(in[3], in[4], in[5]);
  out[2 + kHigh] = channel<kMirror, 1>(in[3], in[4], in[5]);
  out[4 + kHigh] = channel<kMirror, 2>(in[3], in[4], in[5]);
  Block result;
  std::memcpy(&result, out, sizeof result);
  return result;
}
#else
template <bool kMirror>
inline Block split(const Block& block) {
  float in[48], out[48];
  std::memcpy(in, &block, sizeof in);
  for (int c = 0; c < 3; ++c)
    for (int x = 0; x < 16; ++x) out[c * 16 + x] = in[3 * (kMirror ? 15 - x : x) + c];
  Block result;
  std::memcpy(&result, out, sizeof result);
  return result;
}
#endif

#if !defined(__AVX512F__)
/// The pixels in the opposite order, the channels of each as they were.
inline Block turn(const Block& block) {
  float in[49], out[49];  // four values are moved for each pixel's three
  std::memcpy(in, &block, sizeof block);
  in[48] = 0;
  for (int x = 0; x < 16; ++x) std::memcpy(out + 3 * x, in + 3 * (15 - x), 4 * sizeof(float));
  Block result;
  std::memcpy(&result, out, sizeof result);
  return result;
}
#endif

}  // namespace alexnet::ALEXNET_ISA
