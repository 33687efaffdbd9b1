// The one rule for which units dropout keeps, shared by the reference and every backend.
#pragma once

#include <cstdint>

#include "alexnet/random.h"

namespace alexnet {

/// The draw of one unit, uniform in [0, 1). `element` is the image's place in the batch times the features
/// of the joined layer plus the feature's index over all columns (channel, row, column).
inline float dropout_uniform(uint64_t seed, uint32_t step, uint32_t layer, uint64_t element) {
  return uniform01(RandomStream{seed, RandomPurpose::kDropout, step, layer}.words(element / 4)[element % 4]);
}

/// True where the unit stays. `step` counts completed steps before this one, `layer` is the layer's index
/// in the net, `p` the share that is dropped.
inline bool dropout_keep(uint64_t seed, uint32_t step, uint32_t layer, uint64_t element, double p) {
  return dropout_uniform(seed, step, layer, element) >= p;
}

}  // namespace alexnet
