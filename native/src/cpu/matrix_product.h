// A product of two matrices in float, for what is no layer of a net.
#pragma once

#include <cstdint>

namespace alexnet::cpu {

/// c [m, n] = a [m, k] * b, where b is [k, n], or [n, k] with `b_transposed`; with `a_transposed` a is [k,
/// m]. Row-major, dense, on the calling thread's OpenMP team.
void multiply(const float* a, bool a_transposed, const float* b, bool b_transposed, float* c, int64_t m,
              int64_t n, int64_t k);

}  // namespace alexnet::cpu
