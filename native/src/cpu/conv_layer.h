// A convolutional layer of one column: convolution, then the ops of its "then" list, then, before a fully
// connected layer, flattening.
#pragma once

#include <memory>
#include <optional>

#include "cpu/convolution.h"
#include "cpu/layer.h"

namespace alexnet::cpu {

/// How a layer reads its input's channels: `parts` columns of `part_channels` each, every part padded to
/// whole blocks in memory. The image is one part that is not padded.
struct InputParts {
  int64_t parts = 1, part_channels = 0;
  bool image = false;

  int64_t stored() const { return image ? part_channels : parts * stored_channels(part_channels); }
  int64_t logical() const { return parts * part_channels; }
  /// Where logical channel `c` is stored.
  int64_t place(int64_t c) const {
    return image ? c : c / part_channels * stored_channels(part_channels) + c % part_channels;
  }
};

template <class T>
class ConvLayer : public Layer<T> {
 public:
  /// `input` is what the layer reads (ignored for the image: see set_image); `flatten`: the next layer is
  /// fully connected.
  ConvLayer(const Onednn& onednn, const NetPlan& plan, size_t layer, const columns::Share& share,
            Layout layout, Purpose purpose, const Maps<T>& input, bool flatten);

  bool image_channels_last() const { return convolution_->image_channels_last(); }
  void set_image(const T* image) { input_.data = const_cast<T*>(image); }

  void forward(const columns::PassContext& context) override;
  void backward(bool input_gradient, bool parameters) override;
  Gradients gradients() override {
    return {{weight_gradient_.data(), static_cast<size_t>(weight_gradient_.count())},
            {bias_gradient_.data(), static_cast<size_t>(bias_gradient_.count())}};
  }
  void update(const columns::LayerUpdate& update) override;
  const Port<T>& output() const override { return output_; }
  Port<T> place(size_t n) const override;
  void write(columns::Parameter parameter, std::span<const float> values) override;
  void read(columns::Parameter parameter, std::span<float> values) const override;
  bool all_finite() const override {
    return cpu::all_finite(weights_.data(), weights_.count()) &&
           cpu::all_finite(biases_.data(), biases_.count());
  }

 private:
  /// Index of canonical weight (o, i, tap) in the dense, padded weights.
  int64_t place(int64_t out, int64_t in, int64_t tap) const {
    return (out * parts_.stored() + parts_.place(in)) * taps_ + tap;
  }
  void prepare_flatten();

  const Onednn& onednn_;
  const LayerPlan& plan_;
  const int64_t out_channels_;  // this column's
  const int64_t taps_;          // kernel * kernel
  InputParts parts_;
  Maps<T> input_, linear_;
  Buffer<T> linear_data_, linear_gradient_;
  std::unique_ptr<Convolution<T>> convolution_;
  std::optional<MapOps<T>> ops_;
  Buffer<float> weights_, weight_velocity_, weight_gradient_;  // [stored out, stored in, k, k]
  Buffer<float> biases_, bias_velocity_, bias_gradient_;       // [stored out]

  Port<T> output_;
  Buffer<T> flat_, flat_gradient_;
  std::optional<dnnl::reorder> flatten_, unflatten_;
  dnnl::memory::desc map_desc_, flat_desc_;
};

}  // namespace alexnet::cpu
