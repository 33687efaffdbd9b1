// Blocks of 16 pixels (48 values, three vectors) are computed as they lie (RGB RGB ...) and stored in the
// wanted order straight from the registers. The vectors are the compiler's own, of 512 bits, which it splits
// into what the instruction set has; only conversions and changes of order are written out for each.
#if defined(__SSE2__)
#include <immintrin.h>
#endif
#if defined(__AVX512F__) && defined(__GNUC__) && !defined(__clang__)
// GCC 12 takes the intrinsics' own undefined operands for a mistake of ours (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <cstring>

#include "data/input_kernel.h"

namespace alexnet::ALEXNET_ISA {
namespace {

using data::InputJob;

typedef float Floats __attribute__((vector_size(64)));

constexpr int64_t kRow = 256 * 3;
constexpr int64_t kPixels = 16;  // of a block
constexpr int64_t kRowsAhead = 8;

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

/// Round to nearest, ties to even. A NaN stays one: those that arithmetic makes have low bits of zero.
inline uint16_t to_bfloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// A batch of inputs is larger than the caches and read much later: aligned stores go around the caches, which
// saves reading the lines that are overwritten (half of the time in fp32).
#if defined(__AVX2__)
inline void store_line_part(void* to, __m256i values) {
  if (reinterpret_cast<uintptr_t>(to) % 32 == 0) {
    _mm256_stream_si256(static_cast<__m256i*>(to), values);
  } else {
    _mm256_storeu_si256(static_cast<__m256i*>(to), values);
  }
}
#endif

inline void store(float* to, Floats values) {
#if defined(__AVX512F__)
  if (reinterpret_cast<uintptr_t>(to) % 64 == 0) {
    _mm512_stream_ps(to, reinterpret_cast<__m512>(values));
  } else {
    _mm512_storeu_ps(to, reinterpret_cast<__m512>(values));
  }
#elif defined(__AVX2__)
  __m256i parts[2];
  std::memcpy(parts, &values, sizeof parts);
  store_line_part(to, parts[0]);
  store_line_part(to + 8, parts[1]);
#else
  std::memcpy(to, &values, sizeof values);
#endif
}

inline void store(uint16_t* to, Floats values) {
#if defined(__AVX512F__)
  const __m512i bits = reinterpret_cast<__m512i>(values);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7FFF)), odd);
  store_line_part(to, _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
#elif defined(__AVX2__)
  __m256i parts[2];
  std::memcpy(parts, &values, sizeof parts);
  for (__m256i& bits : parts) {
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    bits = _mm256_srli_epi32(_mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7FFF)), odd), 16);
  }
  // The pack works in 128-bit lanes: 0-3 8-11 | 4-7 12-15, put in order by the permutation.
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(parts[0], parts[1]), 0xD8);
  store_line_part(to, packed);
#elif defined(__SSE2__)
  __m128i parts[4];
  std::memcpy(parts, &values, sizeof parts);
  for (__m128i& bits : parts) {
    const __m128i odd = _mm_and_si128(_mm_srli_epi32(bits, 16), _mm_set1_epi32(1));
    // Shifted with its sign, for the pack saturates signed numbers.
    bits = _mm_srai_epi32(_mm_add_epi32(_mm_add_epi32(bits, _mm_set1_epi32(0x7FFF)), odd), 16);
  }
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_packs_epi32(parts[0], parts[1]));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 8), _mm_packs_epi32(parts[2], parts[3]));
#else
  for (int i = 0; i < 16; ++i) to[i] = to_bfloat16(values[i]);
#endif
}

inline void store(float* to, float value) { *to = value; }
inline void store(uint16_t* to, float value) { *to = to_bfloat16(value); }

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

enum class MeanRow { kNone, kAhead, kStill };  // kStill: not turned, under a crop that is

template <typename Value, bool kNhwc, bool kMirror, MeanRow kMean>
void write_rows(const InputJob& job) {
  const int64_t size = job.size, plane = size * size;
  auto* out = static_cast<Value*>(job.out);
  Block offsets, gains;
  float pattern[48];
  for (int i = 0; i < 48; ++i) pattern[i] = job.offset[i % 3];
  std::memcpy(&offsets, pattern, sizeof offsets);
  for (int i = 0; i < 48; ++i) pattern[i] = job.gain[i % 3];
  std::memcpy(&gains, pattern, sizeof gains);

  for (int64_t y = 0; y < size; ++y) {
    const uint8_t* pixels = job.record + (job.top + y) * kRow + job.left * 3;
    const float* mean =
        kMean == MeanRow::kNone ? nullptr : job.mean + (job.mean_top + y) * kRow + job.mean_left * 3;
    int64_t x = 0;
    for (; x + kPixels <= size; x += kPixels) {
      // A record is read once, from memory: asked for some rows ahead.
      __builtin_prefetch(pixels + kRowsAhead * kRow + 3 * x);
      Block means{};
      if constexpr (kMean == MeanRow::kAhead)
        for (int i = 0; i < 3; ++i) means.v[i] = load(mean + 3 * x + 16 * i);
      if constexpr (kMean == MeanRow::kStill) {
        for (int i = 0; i < 3; ++i) means.v[i] = load(mean + 3 * (size - kPixels - x) + 16 * i);
        means = turn(means);
      }
      Block block;
      for (int i = 0; i < 3; ++i) {
        const Floats pixel = load(pixels + 3 * x + 16 * i);
        const Floats offset = kMean == MeanRow::kNone ? offsets.v[i] : offsets.v[i] - means.v[i];
        block.v[i] = (pixel + offset) * gains.v[i];
      }
      const int64_t to_x = kMirror ? size - kPixels - x : x;
      if constexpr (kNhwc) {
        if constexpr (kMirror) block = turn(block);
        for (int i = 0; i < 3; ++i) store(out + (y * size + to_x) * 3 + 16 * i, block.v[i]);
      } else {
        block = split<kMirror>(block);
        for (int c = 0; c < 3; ++c) store(out + c * plane + y * size + to_x, block.v[c]);
      }
    }
    for (; x < size; ++x) {
      const int64_t to_x = kMirror ? size - 1 - x : x;
      for (int c = 0; c < 3; ++c) {
        float offset = job.offset[c];
        if constexpr (kMean == MeanRow::kAhead) offset -= mean[3 * x + c];
        if constexpr (kMean == MeanRow::kStill) offset -= mean[3 * (size - 1 - x) + c];
        const float value = (static_cast<float>(pixels[3 * x + c]) + offset) * job.gain[c];
        store(out + (kNhwc ? (y * size + to_x) * 3 + c : c * plane + y * size + to_x), value);
      }
    }
  }
#if defined(__AVX2__)
  _mm_sfence();  // the stores around the caches are visible to whoever is told of this input
#endif
}

template <typename Value, bool kNhwc, bool kMirror>
void choose_mean(const InputJob& job) {
  if (!job.mean) return write_rows<Value, kNhwc, kMirror, MeanRow::kNone>(job);
  if constexpr (kMirror)
    if (!job.mean_mirrors) return write_rows<Value, kNhwc, true, MeanRow::kStill>(job);
  write_rows<Value, kNhwc, kMirror, MeanRow::kAhead>(job);
}

template <typename Value>
void choose_order(const InputJob& job) {
  if (job.nhwc)
    return job.mirror ? choose_mean<Value, true, true>(job) : choose_mean<Value, true, false>(job);
  return job.mirror ? choose_mean<Value, false, true>(job) : choose_mean<Value, false, false>(job);
}

}  // namespace

void write_input(const InputJob& job) {
  job.bfloat16 ? choose_order<uint16_t>(job) : choose_order<float>(job);
}

}  // namespace alexnet::ALEXNET_ISA
