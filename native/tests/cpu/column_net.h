// Whole nets on a backend beside the reference: the data, the steps, the comparison.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "columns/team.h"
#include "reference/net.h"
#include "spec/init.h"

namespace alexnet::test {

using columns::ColumnTeam;
using columns::Parameter;

inline constexpr int64_t kBatch = 6;
inline constexpr uint64_t kSeed = 11;

struct Data {
  std::vector<float> images;
  std::vector<int32_t> labels;
};

/// Pixels of about the spread of a photo's, the last row without a label.
inline Data make_data(const NetPlan& plan, float spread = 36.0f, unsigned draw = 3) {
  std::mt19937 random(draw);
  std::normal_distribution<float> pixel(0.0f, spread);
  Data data;
  const int64_t size = plan.spec.input_size;
  data.images.resize(static_cast<size_t>(kBatch * 3 * size * size));
  for (float& value : data.images) value = pixel(random);
  for (int64_t i = 0; i < kBatch; ++i) data.labels.push_back(static_cast<int32_t>(i * 3 % plan.spec.classes));
  data.labels.back() = -1;
  return data;
}

inline uint16_t bf16_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// The images as the team wants them.
inline std::vector<std::byte> arrange(const Data& data, const NetPlan& plan, columns::InputFormat format) {
  const int64_t size = plan.spec.input_size, plane = size * size;
  const bool bf16 = format.type == InputType::kBfloat16;
  std::vector<std::byte> out(data.images.size() * (bf16 ? 2 : 4));
  for (int64_t n = 0; n < kBatch; ++n)
    for (int64_t c = 0; c < 3; ++c)
      for (int64_t p = 0; p < plane; ++p) {
        const float value = data.images[static_cast<size_t>((n * 3 + c) * plane + p)];
        const int64_t to =
            format.layout == InputLayout::kNhwc ? (n * plane + p) * 3 + c : (n * 3 + c) * plane + p;
        if (bf16) {
          const uint16_t bits = bf16_bits(value);
          std::memcpy(out.data() + to * 2, &bits, 2);
        } else {
          std::memcpy(out.data() + to * 4, &value, 4);
        }
      }
  return out;
}

inline OptimiserSpec optimiser() {
  OptimiserSpec spec;
  spec.learning_rate = 0.01;
  spec.weight_decay = 0.01;  // large, so that three steps show it
  spec.bias_learning_rate_factor = 2;
  return spec;
}

inline std::vector<columns::LayerUpdate> updates(const NetPlan& plan) {
  const OptimiserSpec o = optimiser();
  columns::LayerUpdate update;
  update.weight_rate = static_cast<float>(o.learning_rate);
  update.bias_rate = static_cast<float>(o.learning_rate * o.bias_learning_rate_factor);
  update.weight_decay = static_cast<float>(o.weight_decay);
  update.momentum = static_cast<float>(o.momentum);
  return std::vector(plan.layers.size(), update);
}

/// The largest difference, relative to the largest value of the tensor.
template <class A, class B>
double difference(const A& a, const B& b) {
  double largest = 0, worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(b[i])));
    const double d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (std::isnan(d)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, d);
  }
  return largest > 0 ? worst / largest : worst;
}

struct Trained {
  std::vector<double> losses;
  std::vector<float> logits;
  std::vector<std::vector<float>> parameters;  // weight, bias, weight velocity, bias velocity by layer
};

inline Trained train(const NetPlan& plan, ColumnTeam& team, int steps, const Data& data) {
  const auto images = arrange(data, plan, team.input_format());
  Trained result;
  for (int s = 0; s < steps; ++s) {
    const auto outcome =
        team.train({images.data(), data.labels.data(), kBatch - 1},
                   {.training = true, .seed = kSeed, .step = static_cast<uint32_t>(s)}, updates(plan));
    CHECK(outcome.updated);
    CHECK(outcome.totals.images == kBatch - 1);
    result.losses.push_back(outcome.totals.loss / static_cast<double>(outcome.totals.images));
    if (s == 0) result.logits.assign(team.logits(), team.logits() + kBatch * plan.spec.classes);
  }
  for (size_t l = 0; l < plan.layers.size(); ++l)
    for (Parameter p :
         {Parameter::kWeight, Parameter::kBias, Parameter::kWeightVelocity, Parameter::kBiasVelocity}) {
      const bool weights = p == Parameter::kWeight || p == Parameter::kWeightVelocity;
      std::vector<float> values(
          static_cast<size_t>(weights ? plan.layers[l].weight_count() : plan.layers[l].spec.width));
      team.read(l, p, values);
      result.parameters.push_back(values);
    }
  return result;
}

inline void check_same_bits(const std::vector<Trained>& all) {
  for (const Trained& one : all) {
    CHECK(one.losses == all[0].losses);
    CHECK(one.logits == all[0].logits);
    CHECK(one.parameters == all[0].parameters);
  }
}

/// The root of the mean squared difference, relative to the tensor's own.
template <class A, class B>
double rms_difference(const A& a, const B& b) {
  double sum = 0, whole = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += d * d;
    whole += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::sqrt(sum / whole);
}

struct Tolerance {
  float spread;  // of the pixels
  int steps;
  double logits, loss, parameters, velocities;
  bool rms;
};

/// The team's parameters as a run with kSeed begins.
inline void draw_parameters(const NetPlan& plan, ColumnTeam& team) {
  for (size_t l = 0; l < plan.layers.size(); ++l) {
    team.write(l, Parameter::kWeight, initial_weights(plan, l, kSeed));
    team.write(l, Parameter::kBias, initial_biases(plan, l));
  }
}

/// How far a team is from the reference: the largest difference of each kind, and the parameter that has it.
struct Distance {
  double logits = 0, loss = 0, parameters = 0, velocities = 0;
  std::string parameter, velocity;

  bool within(const Tolerance& tolerance) const {
    return logits < tolerance.logits && loss < tolerance.loss && parameters < tolerance.parameters &&
           velocities < tolerance.velocities;
  }
};

/// Trains the team, drawn as draw_parameters() does, and the reference on the same batch.
inline Distance distance_from_reference(const NetPlan& plan, ColumnTeam& team, const Tolerance& tolerance,
                                        unsigned draw = 3) {
  const auto measure = [&](const auto& a, const auto& b) {
    const double measured = tolerance.rms ? rms_difference(a, b) : difference(a, b);
    return std::isfinite(measured) ? measured : std::numeric_limits<double>::infinity();
  };
  const auto raise = [](double& to, double value) {
    const bool larger = value > to;
    if (larger) to = value;
    return larger;
  };
  Distance distance;
  reference::Net net(plan, kSeed);
  const Data data = make_data(plan, tolerance.spread, draw);
  const reference::Values images(data.images.begin(), data.images.end());
  const Trained trained = train(plan, team, tolerance.steps, data);
  for (int s = 0; s < tolerance.steps; ++s) {
    const auto& logits = net.forward(images, kBatch, reference::DropoutKey{kSeed, static_cast<uint32_t>(s)});
    if (s == 0) distance.logits = measure(trained.logits, logits);
    const reference::Loss loss = net.backward(data.labels);
    const std::vector<double> own{trained.losses[static_cast<size_t>(s)]}, its{loss.loss};
    raise(distance.loss, measure(own, its));
    net.step(optimiser(), optimiser().learning_rate);
  }
  size_t i = 0;
  for (const LayerPlan& layer : plan.layers)
    for (const std::string kind : {".weight", ".bias"}) {
      const auto& expected = net.parameter(layer.spec.name + kind);
      const size_t at = i / 2 * 4 + i % 2;
      if (raise(distance.parameters, measure(trained.parameters[at], expected.values)))
        distance.parameter = expected.name;
      if (raise(distance.velocities, measure(trained.parameters[at + 2], expected.velocity)))
        distance.velocity = expected.name;
      ++i;
    }
  return distance;
}

inline void check_distance(const Distance& distance, const Tolerance& tolerance) {
  CAPTURE(distance.parameter);
  CAPTURE(distance.velocity);
  CHECK(distance.logits < tolerance.logits);
  CHECK(distance.loss < tolerance.loss);
  CHECK(distance.parameters < tolerance.parameters);
  CHECK(distance.velocities < tolerance.velocities);
}

inline void compare_with_reference(const NetPlan& plan, ColumnTeam& team, const Tolerance& tolerance) {
  check_distance(distance_from_reference(plan, team, tolerance), tolerance);
}

}  // namespace alexnet::test
