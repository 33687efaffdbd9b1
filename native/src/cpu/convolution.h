// One column's convolution by oneDNN: forward with bias (and ReLU), gradients of input and parameters.
#pragma once

#include <optional>

#include "cpu/buffer.h"
#include "cpu/onednn.h"
#include "cpu/purpose.h"

namespace alexnet::cpu {

/// Channels are stored ones (padded to 16), but for the image's three.
struct ConvolutionShape {
  int64_t batch = 0;
  int64_t in_channels = 0, in_height = 0, in_width = 0;
  int64_t out_channels = 0, out_height = 0, out_width = 0;
  int64_t kernel = 0, stride = 0;
  int64_t pad_begin = 0, pad_end = 0;  // zeros left and top, right and bottom
  bool reads_image = false;            // plain layout, no gradient to the input
};

/// How `T` convolutions want their maps on this machine.
template <class T>
Layout preferred_layout(const Onednn& onednn);

/// T is float or Bf16: the type of maps and of the multiplied weights. Parameters and their gradients are
/// float. Maps are in `layout`, the image in image_layout().
template <class T>
class Convolution {
 public:
  /// Throws kDeviceUnavailable where oneDNN has no implementation.
  Convolution(const Onednn& onednn, const ConvolutionShape& shape, Layout layout, bool fused_relu,
              Purpose purpose);

  /// Whether the image is wanted as NHWC; NCHW otherwise.
  bool image_channels_last() const { return image_channels_last_; }

  /// Takes over new weights: [out, in, k, k], dense.
  void set_weights(const float* weights);

  void forward(const T* in, const float* bias, T* out);
  void backward_data(const T* out_gradient, T* in_gradient);
  /// Overwrites [out, in, k, k] and [out].
  void backward_weights(const T* in, const T* out_gradient, float* weight_gradient, float* bias_gradient);

 private:
  const Onednn& onednn_;
  bool image_channels_last_ = false;
  dnnl::memory::desc dense_weights_;
  std::optional<dnnl::convolution_forward> forward_;
  std::optional<dnnl::convolution_backward_data> backward_data_;
  std::optional<dnnl::convolution_backward_weights> backward_weights_;
  dnnl::memory::desc in_desc_, out_desc_, bias_desc_;
  dnnl::memory forward_weights_, backward_weights_copy_, weight_gradient_;
  std::optional<dnnl::reorder> to_forward_, to_backward_, from_gradient_;
};

}  // namespace alexnet::cpu
