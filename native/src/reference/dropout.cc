// Dropout with a given mask.
#include "reference/layers.h"

namespace alexnet::reference {

Values dropout_training(const Values& x, const std::vector<uint8_t>& kept, double p, DropoutScale scale) {
  const double factor = scale == DropoutScale::kTraining ? 1 / (1 - p) : 1;
  Values y(x.size());
  for (size_t i = 0; i < x.size(); ++i) y[i] = kept[i] ? x[i] * factor : 0;
  return y;
}

Values dropout_test(const Values& x, double p, DropoutScale scale) {
  if (scale == DropoutScale::kTraining) return x;
  Values y(x.size());
  for (size_t i = 0; i < x.size(); ++i) y[i] = x[i] * (1 - p);
  return y;
}

}  // namespace alexnet::reference
