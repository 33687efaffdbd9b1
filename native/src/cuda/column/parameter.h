// A layer's weights or biases on the device: fp32 masters, velocity, gradient, and the copy that is
// multiplied where that is not the master itself.
#pragma once

#include <span>
#include <vector>

#include "cuda/column/arena.h"
#include "cuda/kernels/kernels.h"

namespace alexnet::cuda {

/// How canonical [out, in, taps] lies on the device: [pieces, out, taps, in / pieces]. One tap, one piece: as
/// it is.
struct ParameterShape {
  int64_t out = 0, in = 1, taps = 1, pieces = 1;
  int64_t count() const { return out * in * taps; }
};

/// T: float or Bf16 of what is multiplied.
template <class T>
class Parameter {
 public:
  Parameter() = default;
  /// `copied`: T is Bf16 and the update also writes the rounded weights.
  Parameter(Arena& arena, const ParameterShape& shape, bool training, bool copied);

  const ParameterShape& shape() const { return shape_; }
  float* master() const { return master_.data(); }
  float* gradient() const { return gradient_.data(); }
  /// Of the rounded copy, or of the master where T is float.
  T* multiplied() const;

  /// As sgd_update reads it. `rounded_gradient`: a Bf16 gradient elsewhere, or null.
  ParameterEntry entry(const void* rounded_gradient) const;

  /// Canonical values in and out, through `staging`, device memory of at least count() values. They wait.
  void write(const DeviceContext& context, bool velocity, std::span<const float> values,
             float* staging) const;
  void read(const DeviceContext& context, bool velocity, std::span<float> values, float* staging) const;

 private:
  ParameterShape shape_;
  Block<float> master_, velocity_, gradient_;
  Block<Bf16> copy_;
};

}  // namespace alexnet::cuda
