// Convolution and product, forward and backward.
#include "reference/layers.h"

#include <algorithm>

namespace alexnet::reference {

namespace {

/// The part of a window that lies inside an input of `length`: offsets [begin, end) of the kernel.
Range inside(int64_t start, int64_t kernel, int64_t length) {
  return {std::max<int64_t>(0, -start), std::min(kernel, length - start)};
}

/// Calls visit(output place, weight place, input place) for every product of the forward pass.
template <typename Visit>
void for_each_product(const LinearShape& s, const Visit& visit) {
  const int64_t in_group = s.in.channels / s.groups, out_group = s.out.channels / s.groups;
  for (int64_t n = 0; n < s.batch; ++n) {
    for (int64_t o = 0; o < s.out.channels; ++o) {
      const int64_t first_in = o / out_group * in_group;
      for (int64_t i = 0; i < s.out.height; ++i) {
        const Range rows = inside(i * s.stride - s.pad, s.kernel_height, s.in.height);
        for (int64_t j = 0; j < s.out.width; ++j) {
          const Range columns = inside(j * s.stride - s.pad, s.kernel_width, s.in.width);
          const int64_t y = ((n * s.out.channels + o) * s.out.height + i) * s.out.width + j;
          for (int64_t c = 0; c < in_group; ++c) {
            for (int64_t u = rows.begin; u < rows.end; ++u) {
              const int64_t row = i * s.stride - s.pad + u;
              const int64_t x = ((n * s.in.channels + first_in + c) * s.in.height + row) * s.in.width +
                                j * s.stride - s.pad;
              const int64_t w = ((o * in_group + c) * s.kernel_height + u) * s.kernel_width;
              for (int64_t v = columns.begin; v < columns.end; ++v) visit(y, w + v, x + v);
            }
          }
        }
      }
    }
  }
}

}  // namespace

LinearShape linear_shape(const LayerPlan& layer, int64_t batch) {
  LinearShape s;
  s.batch = batch;
  s.in = layer.in;
  s.out = layer.linear;
  s.groups = layer.groups;
  if (layer.spec.kind == LayerKind::kFc) {
    s.kernel_height = layer.in.height;
    s.kernel_width = layer.in.width;
  } else {
    s.kernel_height = s.kernel_width = layer.spec.kernel;
    s.stride = layer.spec.stride;
    s.pad = layer.spec.padding.size;
  }
  return s;
}

Values linear_forward(const Values& x, const Values& weight, const Values& bias, const LinearShape& s) {
  const int64_t map = s.out.height * s.out.width;
  Values y(static_cast<size_t>(s.batch * s.out.count()));
  for (size_t i = 0; i < y.size(); ++i) {
    y[i] = bias[static_cast<size_t>(static_cast<int64_t>(i) / map % s.out.channels)];
  }
  for_each_product(s, [&](int64_t yi, int64_t wi, int64_t xi) { y[yi] += weight[wi] * x[xi]; });
  return y;
}

LinearGradients linear_backward(const Values& x, const Values& weight, const Values& dy,
                                const LinearShape& s) {
  const int64_t map = s.out.height * s.out.width;
  LinearGradients d{Values(x.size()), Values(weight.size()), Values(static_cast<size_t>(s.out.channels))};
  for (size_t i = 0; i < dy.size(); ++i) {
    d.bias[static_cast<size_t>(static_cast<int64_t>(i) / map % s.out.channels)] += dy[i];
  }
  for_each_product(s, [&](int64_t yi, int64_t wi, int64_t xi) {
    d.input[xi] += weight[wi] * dy[yi];
    d.weight[wi] += x[xi] * dy[yi];
  });
  return d;
}

}  // namespace alexnet::reference
