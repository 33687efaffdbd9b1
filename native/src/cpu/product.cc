#include "cpu/product.h"

namespace alexnet::cpu {

using dnnl::memory;
using Tag = memory::format_tag;
using Type = memory::data_type;

template <class T, class Out>
Product<T, Out>::Product(const Onednn& onednn, const ProductShape& s, bool fused_relu, Purpose purpose)
    : onednn_(onednn) {
  with_onednn("preparing a product", [&] {
    in_ = memory::desc({s.batch, s.in}, data_type_of<T>(), Tag::ab);
    // Dense weights: within a few per cent of oneDNN's own blocked format at batch 128, and the update rule
    // then works on the same memory without any reordering.
    weights_ = memory::desc({s.out, s.in}, data_type_of<T>(), Tag::ab);
    bias_ = memory::desc({s.out}, Type::f32, Tag::a);
    out_ = memory::desc({s.batch, s.out}, data_type_of<Out>(), Tag::ab);
    out_gradient_ = memory::desc({s.batch, s.out}, data_type_of<T>(), Tag::ab);
    weight_gradient_ = memory::desc({s.out, s.in}, Type::f32, Tag::ab);
    dnnl::primitive_attr attributes;
    if (fused_relu) {
      dnnl::post_ops ops;
      ops.append_eltwise(1.f, dnnl::algorithm::eltwise_relu, 0.f, 0.f);
      attributes.set_post_ops(ops);
    }
    const auto kind =
        has_gradients(purpose) ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
    const dnnl::inner_product_forward::primitive_desc forward({kind, in_, weights_, bias_, out_}, attributes,
                                                              onednn.engine);
    forward_.emplace(forward);
    if (!has_gradients(purpose)) return;
    backward_data_.emplace(dnnl::inner_product_backward_data::primitive_desc({in_, weights_, out_gradient_},
                                                                             onednn.engine, forward));
    if (!has_updates(purpose)) return;
    backward_weights_.emplace(dnnl::inner_product_backward_weights::primitive_desc(
        {in_, weight_gradient_, bias_, out_gradient_}, onednn.engine, forward));
  });
}

template <class T, class Out>
void Product<T, Out>::forward(const T* in, const T* weights, const float* bias, Out* out) {
  with_onednn("product forward", [&] {
    forward_->execute(onednn_.stream, {{DNNL_ARG_SRC, memory_over(onednn_, in_, in)},
                                       {DNNL_ARG_WEIGHTS, memory_over(onednn_, weights_, weights)},
                                       {DNNL_ARG_BIAS, memory_over(onednn_, bias_, bias)},
                                       {DNNL_ARG_DST, memory_over(onednn_, out_, out)}});
  });
}

template <class T, class Out>
void Product<T, Out>::backward_data(const T* out_gradient, const T* weights, T* in_gradient) {
  with_onednn("product backward, data", [&] {
    backward_data_->execute(onednn_.stream,
                            {{DNNL_ARG_DIFF_DST, memory_over(onednn_, out_gradient_, out_gradient)},
                             {DNNL_ARG_WEIGHTS, memory_over(onednn_, weights_, weights)},
                             {DNNL_ARG_DIFF_SRC, memory_over(onednn_, in_, in_gradient)}});
  });
}

template <class T, class Out>
void Product<T, Out>::backward_weights(const T* in, const T* out_gradient, float* weight_gradient,
                                       float* bias_gradient) {
  with_onednn("product backward, weights", [&] {
    backward_weights_->execute(
        onednn_.stream, {{DNNL_ARG_SRC, memory_over(onednn_, in_, in)},
                         {DNNL_ARG_DIFF_DST, memory_over(onednn_, out_gradient_, out_gradient)},
                         {DNNL_ARG_DIFF_WEIGHTS, memory_over(onednn_, weight_gradient_, weight_gradient)},
                         {DNNL_ARG_DIFF_BIAS, memory_over(onednn_, bias_, bias_gradient)}});
  });
}

template class Product<float, float>;
template class Product<Bf16, Bf16>;
template class Product<Bf16, float>;

}  // namespace alexnet::cpu
