// A fully connected layer of one column: product, activation, dropout; the classifier gives float logits.
#pragma once

#include <optional>

#include "cpu/layer.h"
#include "cpu/product.h"

namespace alexnet::cpu {

/// Scratch shared by the fully connected layers of a column, which are updated one after the other.
struct ProductScratch {
  Buffer<float> weight_gradient;
  void reserve(int64_t count) {
    if (weight_gradient.count() < count) weight_gradient = Buffer<float>(count);
  }
};

template <class T>
class FcLayer : public Layer<T> {
 public:
  FcLayer(const Onednn& onednn, const NetPlan& plan, size_t layer, const columns::Share& share,
          Purpose purpose, const Port<T>& input, ProductScratch& scratch);

  void forward(const columns::PassContext& context) override;
  void backward(bool input_gradient, bool parameters) override;
  Gradients gradients() override {
    return {{scratch_.weight_gradient.data(), static_cast<size_t>(weights_.count())},
            {bias_gradient_.data(), static_cast<size_t>(biases_.count())}};
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

  /// The classifier's result: [batch, this column's classes].
  const float* logits() const { return logits_.data(); }

 private:
  struct Dropout {
    double probability;
    Buffer<T> data, gradient;
    Buffer<uint8_t> kept;
    float scale = 1;
  };

  /// The weights in T: the masters themselves, or their bf16 copy.
  const T* multiplied() const;
  void refresh_copy();

  const NetPlan& net_;
  const size_t layer_;
  const Range units_;  // this column's
  const Range rows_;   // of the step's batch
  const int64_t batch_;
  const bool classifier_;
  bool activation_ = false, relu_fused_ = false;
  Port<T> input_;
  std::optional<Product<T, T>> product_;
  std::optional<Product<T, float>> classifier_product_;
  Buffer<float> weights_, weight_velocity_, biases_, bias_velocity_, bias_gradient_;
  Buffer<Bf16> copy_;
  ProductScratch& scratch_;
  Buffer<T> data_, gradient_;                // after the activation
  Buffer<T> linear_data_, linear_gradient_;  // before it, where it is not done in place
  Buffer<float> logits_;
  std::vector<Dropout> dropouts_;
  Port<T> output_;
};

}  // namespace alexnet::cpu
