#include "retrieval/vectors.h"

#include "isa.h"

namespace alexnet::retrieval {

#define ALEXNET_CHOOSE(call) \
  switch (current_isa()) {   \
    case Isa::kAvx512:       \
      return avx512::call;   \
    case Isa::kAvx2:         \
      return avx2::call;     \
    case Isa::kBaseline:     \
      break;                 \
  }                          \
  return baseline::call

void to_half(const float* from, uint16_t* to, int64_t count) { ALEXNET_CHOOSE(to_half(from, to, count)); }
void from_half(const uint16_t* from, float* to, int64_t count) { ALEXNET_CHOOSE(from_half(from, to, count)); }
float square_distance(const float* a, const uint16_t* b, int64_t count) {
  ALEXNET_CHOOSE(square_distance(a, b, count));
}
void code_dots(const int8_t* codes, const int16_t* query, int64_t rows, int64_t stride, int32_t* dots) {
  ALEXNET_CHOOSE(code_dots(codes, query, rows, stride, dots));
}

}  // namespace alexnet::retrieval
