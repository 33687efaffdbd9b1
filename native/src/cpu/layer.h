// One layer of one column on the CPU: what it reads, what it gives, its parameters.
#pragma once

#include <span>

#include "columns/column.h"
#include "cpu/map_ops.h"

namespace alexnet::cpu {

/// Where one layer's output is another's input: maps, or rows of features before fully connected layers
/// (flattened channel, row, column).
template <class T>
struct Port {
  bool flat = false;
  Maps<T> maps;          // !flat
  int64_t features = 0;  // flat: [batch, features]
  T* data = nullptr;
  T* gradient = nullptr;  // training only
};

/// Of a layer's parameters, as they are stored.
struct Gradients {
  std::span<float> weights, biases;
};

template <class T>
class Layer {
 public:
  virtual ~Layer() = default;
  virtual void forward(const columns::PassContext& context) = 0;
  /// The gradient of what it read where `input_gradient`, of its parameters where `parameters`.
  virtual void backward(bool input_gradient, bool parameters) = 0;
  /// The gradients that backward() found, of weights and biases; until the next layer's backward().
  virtual Gradients gradients() = 0;
  /// Updates the parameters by gradients().
  virtual void update(const columns::LayerUpdate& update) = 0;
  virtual const Port<T>& output() const = 0;
  /// What the last pass left after the linear part (0) or after the n-th op (n), with its gradient where
  /// there is one; `data` is null where a later op has written over it or a fused one never made it.
  virtual Port<T> place(size_t n) const = 0;

  /// The column's share in canonical layout. write() of weights takes effect at once.
  virtual void write(columns::Parameter parameter, std::span<const float> values) = 0;
  virtual void read(columns::Parameter parameter, std::span<float> values) const = 0;
  virtual bool all_finite() const = 0;
};

}  // namespace alexnet::cpu
