// Row by row: pixels to floats as they lie (RGB RGB ...), then into the wanted layout, mirrored or not.
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include <cstring>

#include "data/input_kernel.h"

namespace alexnet::ALEXNET_ISA {
namespace {

using data::InputJob;

constexpr int64_t kSide = 256;
constexpr int64_t kRow = kSide * 3;

#if defined(__AVX512F__)
constexpr int64_t kStep = 16;  // pixels at a time

/// Lane numbers that gather channel `c` of 16 pixels from three vectors: `first` picks from the first two,
/// `second` keeps that or picks from the third (lanes 16..31).
struct Lanes {
  alignas(64) int32_t first[16], second[16];
};

constexpr Lanes make_lanes(int channel, bool reversed) {
  Lanes lanes{};
  for (int j = 0; j < 16; ++j) {
    const int from = 3 * (reversed ? 15 - j : j) + channel;
    lanes.first[j] = from < 32 ? from : 0;
    lanes.second[j] = from < 32 ? j : 16 + from - 32;
  }
  return lanes;
}

constexpr Lanes kLanes[2][3] = {{make_lanes(0, false), make_lanes(1, false), make_lanes(2, false)},
                                {make_lanes(0, true), make_lanes(1, true), make_lanes(2, true)}};

template <bool kMirror>
inline void split_step(const float* from, float* const (&to)[3], int64_t at) {
  const __m512 a = _mm512_loadu_ps(from), b = _mm512_loadu_ps(from + 16), c = _mm512_loadu_ps(from + 32);
  for (int channel = 0; channel < 3; ++channel) {
    const Lanes& lanes = kLanes[kMirror][channel];
    const __m512 two = _mm512_permutex2var_ps(a, _mm512_load_si512(lanes.first), b);
    _mm512_storeu_ps(to[channel] + at, _mm512_permutex2var_ps(two, _mm512_load_si512(lanes.second), c));
  }
}
#elif defined(__AVX2__)
constexpr int64_t kStep = 8;

/// Of 24 values those of one channel lie in different lanes of the three vectors: two blends, one
/// permutation.
template <bool kMirror, int kChannel>
inline void split_channel(__m256 a, __m256 b, __m256 c, float* to) {
  constexpr int kFromB = kChannel == 0 ? 0b10010010 : kChannel == 1 ? 0b00100100 : 0b01001001;
  constexpr int kFromC = kChannel == 0 ? 0b00100100 : kChannel == 1 ? 0b01001001 : 0b10010010;
  const __m256 mixed = _mm256_blend_ps(_mm256_blend_ps(a, b, kFromB), c, kFromC);
  const __m256i order = kMirror
                            ? _mm256_setr_epi32((21 + kChannel) % 8, (18 + kChannel) % 8, (15 + kChannel) % 8,
                                                (12 + kChannel) % 8, (9 + kChannel) % 8, (6 + kChannel) % 8,
                                                (3 + kChannel) % 8, kChannel)
                            : _mm256_setr_epi32(kChannel, (3 + kChannel) % 8, (6 + kChannel) % 8,
                                                (9 + kChannel) % 8, (12 + kChannel) % 8, (15 + kChannel) % 8,
                                                (18 + kChannel) % 8, (21 + kChannel) % 8);
  _mm256_storeu_ps(to, _mm256_permutevar8x32_ps(mixed, order));
}

template <bool kMirror>
inline void split_step(const float* from, float* const (&to)[3], int64_t at) {
  const __m256 a = _mm256_loadu_ps(from), b = _mm256_loadu_ps(from + 8), c = _mm256_loadu_ps(from + 16);
  split_channel<kMirror, 0>(a, b, c, to[0] + at);
  split_channel<kMirror, 1>(a, b, c, to[1] + at);
  split_channel<kMirror, 2>(a, b, c, to[2] + at);
}
#endif

/// A row of `size` pixels to three planes.
template <bool kMirror>
void split_row(const float* row, int64_t size, float* const (&to)[3]) {
  int64_t x = 0;
#if defined(__AVX2__)
  for (; x + kStep <= size; x += kStep) split_step<kMirror>(row + 3 * x, to, kMirror ? size - kStep - x : x);
#endif
  for (; x < size; ++x)
    for (int c = 0; c < 3; ++c) to[c][kMirror ? size - 1 - x : x] = row[3 * x + c];
}

/// A row's pixels in the opposite order, the channels of each as they were. Reads one float beyond the row.
void reverse_row(const float* row, int64_t size, float* to) {
  for (int64_t x = 0; x + 1 < size; ++x) std::memcpy(to + 3 * x, row + 3 * (size - 1 - x), 4 * sizeof(float));
  std::memcpy(to + 3 * (size - 1), row, 3 * sizeof(float));
}

/// Round to nearest, ties to even. A NaN stays one: those that arithmetic makes have low bits of zero.
void to_bfloat16(const float* from, int64_t count, uint16_t* to) {
  for (int64_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, from + i, sizeof bits);
    to[i] = static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  }
}

/// values = (pixels + offsets - mean) * gains, with `offsets` and `gains` repeating every three.
void prepare_row(const uint8_t* pixels, const float* offsets, const float* gains, const float* mean,
                 int64_t count, float* values) {
  if (mean) {
    for (int64_t i = 0; i < count; ++i)
      values[i] = (static_cast<float>(pixels[i]) + (offsets[i] - mean[i])) * gains[i];
  } else {
    for (int64_t i = 0; i < count; ++i) values[i] = (static_cast<float>(pixels[i]) + offsets[i]) * gains[i];
  }
}

}  // namespace

void write_input(const InputJob& job) {
  const int64_t size = job.size, count = size * 3, plane = size * size;
  alignas(64) float offsets[kRow], gains[kRow], values[kRow + 4], turned[kRow + 4], mean_row[kRow + 4];
  values[count] = 0;
  for (int64_t i = 0; i < count; ++i) {
    offsets[i] = job.offset[i % 3];
    gains[i] = job.gain[i % 3];
  }
  auto* floats = static_cast<float*>(job.out);
  auto* halves = static_cast<uint16_t*>(job.out);
  for (int64_t y = 0; y < size; ++y) {
    const uint8_t* pixels = job.record + (job.top + y) * kRow + job.left * 3;
    const float* mean = job.mean ? job.mean + (job.mean_top + y) * kRow + job.mean_left * 3 : nullptr;
    if (mean && job.mirror && !job.mean_mirrors) {
      // Turned here, it lies as it was once the whole row is turned below.
      std::memcpy(turned, mean, static_cast<size_t>(count) * sizeof(float));
      turned[count] = 0;
      reverse_row(turned, size, mean_row);
      mean = mean_row;
    }
    const bool straight = job.nhwc && !job.mirror;
    float* prepared = straight && !job.bfloat16 ? floats + y * count : values;
    prepare_row(pixels, offsets, gains, mean, count, prepared);
    if (straight) {
      if (job.bfloat16) to_bfloat16(values, count, halves + y * count);
    } else if (job.nhwc) {
      reverse_row(values, size, job.bfloat16 ? turned : floats + y * count);
      if (job.bfloat16) to_bfloat16(turned, count, halves + y * count);
    } else {
      float* const planes[3] = {job.bfloat16 ? turned : floats + y * size,
                                job.bfloat16 ? turned + size : floats + plane + y * size,
                                job.bfloat16 ? turned + 2 * size : floats + 2 * plane + y * size};
      job.mirror ? split_row<true>(values, size, planes) : split_row<false>(values, size, planes);
      if (job.bfloat16)
        for (int64_t c = 0; c < 3; ++c) to_bfloat16(turned + c * size, size, halves + c * plane + y * size);
    }
  }
}

}  // namespace alexnet::ALEXNET_ISA
