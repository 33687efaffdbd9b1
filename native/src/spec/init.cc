// The canonical initial parameters; see init.h.
#include "spec/init.h"

#include <array>
#include <cmath>

#include "alexnet/random.h"

namespace alexnet {

namespace {

/// Draws 4 * `block` .. 4 * `block` + 3 of a layer's weights, N(0, 1).
std::array<double, 4> normal_block(uint64_t seed, size_t index, uint64_t block) {
  const RandomStream stream{seed, RandomPurpose::kInit, static_cast<uint32_t>(index), 0};
  const std::array<uint32_t, 4> words = stream.words(block);
  const std::array<double, 2> low = gaussian_pair(words[0], words[1]);
  const std::array<double, 2> high = gaussian_pair(words[2], words[3]);
  return {low[0], low[1], high[0], high[1]};
}

}  // namespace

double init_sigma(const LayerPlan& layer) {
  const InitSpec& init = layer.spec.init;
  return init.he ? std::sqrt(2.0 / static_cast<double>(layer.fan_in())) : init.sigma;
}

float initial_weight(const NetPlan& plan, size_t index, uint64_t seed, uint64_t element) {
  const double sigma = init_sigma(plan.layers[index]);
  return static_cast<float>(sigma * normal_block(seed, index, element / 4)[element % 4]);
}

std::vector<float> initial_weights(const NetPlan& plan, size_t index, uint64_t seed) {
  const double sigma = init_sigma(plan.layers[index]);
  std::vector<float> weights(static_cast<size_t>(plan.layers[index].weight_count()));
  for (size_t begin = 0; begin < weights.size(); begin += 4) {
    const std::array<double, 4> block = normal_block(seed, index, begin / 4);
    for (size_t i = 0; i < 4 && begin + i < weights.size(); ++i) {
      weights[begin + i] = static_cast<float>(sigma * block[i]);
    }
  }
  return weights;
}

std::vector<float> initial_biases(const NetPlan& plan, size_t index) {
  const LayerSpec& spec = plan.layers[index].spec;
  return std::vector<float>(static_cast<size_t>(spec.width), static_cast<float>(spec.init.bias));
}

}  // namespace alexnet
