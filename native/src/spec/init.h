// The canonical initial parameters of a net: a function of the seed alone, so that every backend, device
// count and resume starts from the same numbers.
#pragma once

#include <cstdint>
#include <vector>

#include "alexnet/net_spec.h"

namespace alexnet {

/// The standard deviation of a layer's initial weights: InitSpec::sigma, or sqrt(2 / fan-in) (He et al.
/// 2015).
double init_sigma(const LayerPlan& layer);

/// Element `element` of the weights of layer `index`, in canonical layout, rounded to float.
float initial_weight(const NetPlan& plan, size_t index, uint64_t seed, uint64_t element);

/// All weights of layer `index`, in the layout of LayerPlan::weight_shape().
std::vector<float> initial_weights(const NetPlan& plan, size_t index, uint64_t seed);

/// All biases of layer `index`.
std::vector<float> initial_biases(const NetPlan& plan, size_t index);

}  // namespace alexnet
