// Max-pooling, forward and backward.
#include "reference/layers.h"

#include <algorithm>

namespace alexnet::reference {

Pooled pool_forward(const Values& x, int64_t batch, const Shape& in, const Shape& out, const PoolSpec& pool) {
  Pooled result;
  for (int64_t map = 0; map < batch * in.channels; ++map) {
    const int64_t base = map * in.height * in.width;
    for (int64_t i = 0; i < out.height; ++i) {
      for (int64_t j = 0; j < out.width; ++j) {
        const int64_t top = i * pool.stride, left = j * pool.stride;
        int64_t best = base + top * in.width + left;
        for (int64_t u = top; u < std::min(top + pool.size, in.height); ++u) {
          for (int64_t v = left; v < std::min(left + pool.size, in.width); ++v) {
            const int64_t place = base + u * in.width + v;
            if (x[place] > x[best]) best = place;
          }
        }
        result.y.push_back(x[best]);
        result.argmax.push_back(best);
      }
    }
  }
  return result;
}

Values pool_backward(const std::vector<int64_t>& argmax, const Values& dy, size_t input_count) {
  Values dx(input_count);
  for (size_t i = 0; i < dy.size(); ++i) dx[argmax[i]] += dy[i];
  return dx;
}

}  // namespace alexnet::reference
