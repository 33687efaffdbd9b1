// The activations: ReLU, tanh, sigmoid.
#include "reference/layers.h"

#include <algorithm>
#include <cmath>

namespace alexnet::reference {

Values activation_forward(const Values& x, Activation kind) {
  Values y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    switch (kind) {
      case Activation::kRelu:
        y[i] = std::max(x[i], 0.0);
        break;
      case Activation::kTanh:
        y[i] = std::tanh(x[i]);
        break;
      case Activation::kSigmoid:
        y[i] = 1 / (1 + std::exp(-x[i]));
        break;
    }
  }
  return y;
}

Values activation_backward(const Values& y, const Values& dy, Activation kind) {
  Values dx(y.size());
  for (size_t i = 0; i < y.size(); ++i) {
    switch (kind) {
      case Activation::kRelu:
        dx[i] = y[i] > 0 ? dy[i] : 0;
        break;
      case Activation::kTanh:
        dx[i] = dy[i] * (1 - y[i] * y[i]);
        break;
      case Activation::kSigmoid:
        dx[i] = dy[i] * y[i] * (1 - y[i]);
        break;
    }
  }
  return dx;
}

}  // namespace alexnet::reference
