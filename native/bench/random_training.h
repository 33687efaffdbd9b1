// What the step benchmarks of every backend train with: drawn weights, a random batch, one rate for all
// layers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "columns/team.h"
#include "spec/init.h"

namespace alexnet::bench {

inline void write_initial_weights(columns::ColumnTeam& team, const NetPlan& plan) {
  for (size_t l = 0; l < plan.layers.size(); ++l) {
    team.write(l, columns::Parameter::kWeight, initial_weights(plan, l, 1));
    team.write(l, columns::Parameter::kBias, initial_biases(plan, l));
  }
}

inline std::vector<columns::LayerUpdate> even_updates(const NetPlan& plan) {
  columns::LayerUpdate update;
  update.weight_rate = update.bias_rate = 1e-4f;
  update.weight_decay = 5e-4f;
  update.momentum = 0.9f;
  return std::vector<columns::LayerUpdate>(plan.layers.size(), update);
}

/// A batch in the memory that the team's devices read fastest; they may have no wish.
struct RandomBatch {
  std::shared_ptr<std::byte> images;
  std::vector<int32_t> labels;

  RandomBatch(const columns::ColumnTeam& team, const NetSpec& net, int64_t batch) {
    const auto format = team.input_format();
    const int64_t values = batch * 3 * net.input_size * net.input_size;
    const int64_t bytes = batch * format.image_bytes(net.input_size);
    images = team.allocate_input(bytes);
    if (!images) images = {new std::byte[static_cast<size_t>(bytes)], std::default_delete<std::byte[]>()};
    std::mt19937 random(1);
    std::normal_distribution<float> pixel(0.0f, 60.0f);
    for (int64_t i = 0; i < values; ++i) {
      const float value = pixel(random);
      uint32_t bits;
      std::memcpy(&bits, &value, 4);
      const auto half = static_cast<uint16_t>(bits >> 16);
      if (format.type == InputType::kBfloat16)
        std::memcpy(images.get() + 2 * i, &half, 2);
      else
        std::memcpy(images.get() + 4 * i, &value, 4);
    }
    for (int64_t i = 0; i < batch; ++i) labels.push_back(static_cast<int32_t>(i % net.classes));
  }
};

}  // namespace alexnet::bench
