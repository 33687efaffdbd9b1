#include "cpu/convolution.h"

namespace alexnet::cpu {

namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Type = memory::data_type;

memory::desc map_desc(Layout layout, Type type, int64_t n, int64_t c, int64_t h, int64_t w) {
  return memory::desc({n, c, h, w}, type, layout == Layout::kBlocked ? Tag::nChw16c : Tag::nhwc);
}

/// Winograd where oneDNN's own heuristic finds it faster (3x3, stride 1, fp32).
template <class T>
constexpr dnnl::algorithm algorithm_of() {
  return sizeof(T) == 4 ? dnnl::algorithm::convolution_auto : dnnl::algorithm::convolution_direct;
}

}  // namespace

template <class T>
Layout preferred_layout(const Onednn& onednn) {
  const memory::desc src({16, 64, 13, 13}, data_type_of<T>(), Tag::any),
      weights({64, 64, 3, 3}, data_type_of<T>(), Tag::any),
      dst({16, 64, 13, 13}, data_type_of<T>(), Tag::any);
  return with_onednn("choosing a layout", [&] {
    const dnnl::convolution_forward::primitive_desc probe(
        {dnnl::prop_kind::forward_training, algorithm_of<T>(), src, weights, dst, {1, 1}, {1, 1}, {1, 1}},
        onednn.engine);
    return probe.src_desc() == map_desc(Layout::kBlocked, data_type_of<T>(), 16, 64, 13, 13)
               ? Layout::kBlocked
               : Layout::kChannelsLast;
  });
}

template <class T>
Convolution<T>::Convolution(const Onednn& onednn, const ConvolutionShape& s, Layout layout, bool fused_relu,
                            Purpose purpose)
    : onednn_(onednn) {
  with_onednn("preparing a convolution", [&] {
    const Type type = data_type_of<T>();
    const memory::dims strides{s.stride, s.stride}, begin{s.pad_begin, s.pad_begin},
        end{s.pad_end, s.pad_end};
    const memory::dims weight_dims{s.out_channels, s.in_channels, s.kernel, s.kernel};
    const memory::desc in =
        s.reads_image ? memory::desc({s.batch, s.in_channels, s.in_height, s.in_width}, type, Tag::any)
                      : map_desc(layout, type, s.batch, s.in_channels, s.in_height, s.in_width);
    const memory::desc weights(weight_dims, type, Tag::any);
    const memory::desc out = map_desc(layout, type, s.batch, s.out_channels, s.out_height, s.out_width);
    bias_desc_ = memory::desc({s.out_channels}, Type::f32, Tag::a);
    dense_weights_ = memory::desc(weight_dims, Type::f32, Tag::oihw);

    dnnl::primitive_attr attributes;
    if (fused_relu) {
      dnnl::post_ops ops;
      ops.append_eltwise(1.f, dnnl::algorithm::eltwise_relu, 0.f, 0.f);
      attributes.set_post_ops(ops);
    }
    const auto kind =
        has_gradients(purpose) ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
    using Forward = dnnl::convolution_forward;
    Forward::primitive_desc forward(
        {kind, algorithm_of<T>(), in, weights, bias_desc_, out, strides, begin, end}, attributes,
        onednn.engine);
    if (s.reads_image) {
      // Only the two plain layouts are written by the sampler; anything else is asked for again as NCHW.
      const memory::desc last({s.batch, s.in_channels, s.in_height, s.in_width}, type, Tag::nhwc);
      image_channels_last_ = forward.src_desc() == last;
      const memory::desc image =
          image_channels_last_
              ? last
              : memory::desc({s.batch, s.in_channels, s.in_height, s.in_width}, type, Tag::nchw);
      if (forward.src_desc() != image)
        forward = Forward::primitive_desc(
            {kind, algorithm_of<T>(), image, weights, bias_desc_, out, strides, begin, end}, attributes,
            onednn.engine);
    }
    in_desc_ = forward.src_desc();
    out_desc_ = out;
    forward_.emplace(forward);
    forward_weights_ = memory(forward.weights_desc(), onednn.engine);
    to_forward_.emplace(dnnl::reorder::primitive_desc(onednn.engine, dense_weights_, onednn.engine,
                                                      forward_weights_.get_desc()));
    if (!has_gradients(purpose)) return;

    if (!s.reads_image) {
      const dnnl::convolution_backward_data::primitive_desc backward(
          {algorithm_of<T>(), in_desc_, weights, out, strides, begin, end}, onednn.engine, forward);
      backward_data_.emplace(backward);
      backward_weights_copy_ = memory(backward.weights_desc(), onednn.engine);
      to_backward_.emplace(dnnl::reorder::primitive_desc(onednn.engine, dense_weights_, onednn.engine,
                                                         backward_weights_copy_.get_desc()));
    }
    if (!has_updates(purpose)) return;
    const memory::desc gradient(weight_dims, Type::f32, Tag::any);
    const dnnl::convolution_backward_weights::primitive_desc backward(
        {algorithm_of<T>(), in_desc_, gradient, bias_desc_, out, strides, begin, end}, onednn.engine,
        forward);
    backward_weights_.emplace(backward);
    weight_gradient_ = memory(backward.diff_weights_desc(), onednn.engine);
    from_gradient_.emplace(dnnl::reorder::primitive_desc(onednn.engine, weight_gradient_.get_desc(),
                                                         onednn.engine, dense_weights_));
  });
}

template <class T>
void Convolution<T>::set_weights(const float* weights) {
  with_onednn("reordering weights", [&] {
    memory dense = memory_over(onednn_, dense_weights_, weights);
    dnnl::stream stream = onednn_.stream;
    to_forward_->execute(stream, dense, forward_weights_);
    if (to_backward_) to_backward_->execute(stream, dense, backward_weights_copy_);
    stream.wait();
  });
}

template <class T>
void Convolution<T>::forward(const T* in, const float* bias, T* out) {
  with_onednn("convolution forward", [&] {
    forward_->execute(onednn_.stream, {{DNNL_ARG_SRC, memory_over(onednn_, in_desc_, in)},
                                       {DNNL_ARG_WEIGHTS, forward_weights_},
                                       {DNNL_ARG_BIAS, memory_over(onednn_, bias_desc_, bias)},
                                       {DNNL_ARG_DST, memory_over(onednn_, out_desc_, out)}});
  });
}

template <class T>
void Convolution<T>::backward_data(const T* out_gradient, T* in_gradient) {
  with_onednn("convolution backward, data", [&] {
    backward_data_->execute(onednn_.stream,
                            {{DNNL_ARG_DIFF_DST, memory_over(onednn_, out_desc_, out_gradient)},
                             {DNNL_ARG_WEIGHTS, backward_weights_copy_},
                             {DNNL_ARG_DIFF_SRC, memory_over(onednn_, in_desc_, in_gradient)}});
  });
}

template <class T>
void Convolution<T>::backward_weights(const T* in, const T* out_gradient, float* weight_gradient,
                                      float* bias_gradient) {
  with_onednn("convolution backward, weights", [&] {
    backward_weights_->execute(onednn_.stream,
                               {{DNNL_ARG_SRC, memory_over(onednn_, in_desc_, in)},
                                {DNNL_ARG_DIFF_DST, memory_over(onednn_, out_desc_, out_gradient)},
                                {DNNL_ARG_DIFF_WEIGHTS, weight_gradient_},
                                {DNNL_ARG_DIFF_BIAS, memory_over(onednn_, bias_desc_, bias_gradient)}});
    memory dense = memory_over(onednn_, dense_weights_, weight_gradient);
    dnnl::stream stream = onednn_.stream;
    from_gradient_->execute(stream, weight_gradient_, dense);
    stream.wait();
  });
}

template Layout preferred_layout<float>(const Onednn&);
template Layout preferred_layout<Bf16>(const Onednn&);
template class Convolution<float>;
template class Convolution<Bf16>;

}  // namespace alexnet::cpu
