// The paper's update rule.
#include "reference/layers.h"

namespace alexnet::reference {

void sgd_step(Values& weight, Values& velocity, const Values& gradient, const Rates& rates) {
  for (size_t i = 0; i < weight.size(); ++i) {
    velocity[i] =
        rates.momentum * velocity[i] - rates.decay * rates.rate * weight[i] - rates.rate * gradient[i];
    weight[i] += velocity[i];
  }
}

}  // namespace alexnet::reference
