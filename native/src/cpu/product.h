// One column's fully connected layer by oneDNN: out = in * weights^T + bias (and ReLU), and its gradients.
#pragma once

#include <optional>

#include "cpu/buffer.h"
#include "cpu/onednn.h"
#include "cpu/purpose.h"

namespace alexnet::cpu {

struct ProductShape {
  int64_t batch = 0, in = 0, out = 0;
};

/// T is the type of activations and weights, Out of the result (float for logits). Everything is dense and
/// row-major: in [batch, in], weights [out, in], bias [out] float.
template <class T, class Out>
class Product {
 public:
  Product(const Onednn& onednn, const ProductShape& shape, bool fused_relu, Purpose purpose);

  void forward(const T* in, const T* weights, const float* bias, Out* out);
  void backward_data(const T* out_gradient, const T* weights, T* in_gradient);
  /// Overwrites [out, in] and [out].
  void backward_weights(const T* in, const T* out_gradient, float* weight_gradient, float* bias_gradient);

 private:
  const Onednn& onednn_;
  dnnl::memory::desc in_, weights_, bias_, out_, out_gradient_, weight_gradient_;
  std::optional<dnnl::inner_product_forward> forward_;
  std::optional<dnnl::inner_product_backward_data> backward_data_;
  std::optional<dnnl::inner_product_backward_weights> backward_weights_;
};

}  // namespace alexnet::cpu
