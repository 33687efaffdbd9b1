#include "cpu/matrix_product.h"

#include "alexnet/error.h"
#include "cpu/onednn.h"

namespace alexnet::cpu {

void multiply(const float* a, bool a_transposed, const float* b, bool b_transposed, float* c, int64_t m,
              int64_t n, int64_t k) {
  const dnnl::status status = dnnl::sgemm(a_transposed ? 'T' : 'N', b_transposed ? 'T' : 'N', m, n, k, 1.0f,
                                          a, a_transposed ? m : k, b, b_transposed ? k : n, 0.0f, c, n);
  if (status != dnnl::status::success) throw Error(ErrorCode::kInternal, "oneDNN: a matrix product failed");
}

}  // namespace alexnet::cpu
