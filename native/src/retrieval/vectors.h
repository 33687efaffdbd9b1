// The loops over features and codes, one version for each instruction set.
#pragma once

#include <cstdint>

namespace alexnet {

#define ALEXNET_VECTOR_FUNCTIONS                                                                           \
  /* Floats to half precision and back; rounds to nearest even, beyond the range to the largest value. */  \
  void to_half(const float* from, uint16_t* to, int64_t count);                                            \
  void from_half(const uint16_t* from, float* to, int64_t count);                                          \
  /* The square of the distance between floats and half-precision values. */                               \
  float square_distance(const float* a, const uint16_t* b, int64_t count);                                 \
  /* dots[r] = sum over i of codes[r * stride + i] * query[i]; stride is a multiple of 64, |query| < 32768 \
   * / 2. */                                                                                               \
  void code_dots(const int8_t* codes, const int16_t* query, int64_t rows, int64_t stride, int32_t* dots);

namespace baseline {
ALEXNET_VECTOR_FUNCTIONS
}
namespace avx2 {
ALEXNET_VECTOR_FUNCTIONS
}
namespace avx512 {
ALEXNET_VECTOR_FUNCTIONS
}

namespace retrieval {
ALEXNET_VECTOR_FUNCTIONS
}

}  // namespace alexnet
