// The two inner loops of the resampler, one version for each instruction set. All give the same bits.
#pragma once

#include <cstdint>

namespace alexnet {
namespace image {

inline constexpr int kWeightBits = 14;       // weights of one output position add up to exactly 1 << 14
inline constexpr int kIntermediateBits = 7;  // 255 << 7 fits an int16 between the two passes

struct ResampleKernels {
  /// out[i] = sum over k of weights[k] * rows[k][i], for `count` bytes, with kIntermediateBits fraction bits.
  /// `taps` is even.
  void (*blend_rows)(const uint8_t* const* rows, const int16_t* weights, int taps, int64_t count,
                     int16_t* out);

  /// RGB pixel x of `out` = sum over k of weights[x][k] * the pixel at in[first[x] + 3 * k], rounded to a
  /// byte. `taps` is even; `in` is readable for 8 values beyond the last pixel that a weight refers to.
  void (*scale_row)(const int16_t* in, const int32_t* first, const int16_t* weights, int taps, int64_t width,
                    uint8_t* out);
};

/// Those of this machine's instruction set.
const ResampleKernels& resample_kernels();

}  // namespace image

namespace baseline {
extern const image::ResampleKernels kResampleKernels;
}
namespace avx2 {
extern const image::ResampleKernels kResampleKernels;
}
namespace avx512 {
extern const image::ResampleKernels kResampleKernels;
}

}  // namespace alexnet
