// The CPU backend against the reference, whole nets at a time: logits, loss, and the parameters after some
// steps; one device against two.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "columns/team.h"
#include "cpu/cpu_column.h"
#include "cpu/cpu_info.h"
#include "reference/net.h"
#include "small_nets.h"
#include "spec/init.h"

using namespace alexnet;
using columns::ColumnTeam;
using columns::Parameter;

namespace {

constexpr int64_t kBatch = 6;
constexpr uint64_t kSeed = 11;

struct Data {
  std::vector<float> images;
  std::vector<int32_t> labels;
};

/// Pixels of about the spread of a photo's, the last row without a label.
Data make_data(const NetPlan& plan, float spread = 36.0f) {
  std::mt19937 random(3);
  std::normal_distribution<float> pixel(0.0f, spread);
  Data data;
  const int64_t size = plan.spec.input_size;
  data.images.resize(static_cast<size_t>(kBatch * 3 * size * size));
  for (float& value : data.images) value = pixel(random);
  for (int64_t i = 0; i < kBatch; ++i) data.labels.push_back(static_cast<int32_t>(i * 3 % plan.spec.classes));
  data.labels.back() = -1;
  return data;
}

uint16_t bf16_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// The images as the team wants them.
std::vector<std::byte> arrange(const Data& data, const NetPlan& plan, columns::InputFormat format) {
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

std::unique_ptr<ColumnTeam> make_team(const NetPlan& plan, int devices, bool bf16, int threads = 2) {
  auto team = std::make_unique<ColumnTeam>(plan, devices, [&](int column, int) {
    return cpu::make_cpu_column(
        plan, column, {.batch = kBatch, .bf16 = bf16, .training = true, .threads = threads / devices});
  });
  for (size_t l = 0; l < plan.layers.size(); ++l) {
    team->write(l, Parameter::kWeight, initial_weights(plan, l, kSeed));
    team->write(l, Parameter::kBias, initial_biases(plan, l));
  }
  return team;
}

OptimiserSpec optimiser() {
  OptimiserSpec spec;
  spec.learning_rate = 0.01;
  spec.weight_decay = 0.01;  // large, so that three steps show it
  spec.bias_learning_rate_factor = 2;
  return spec;
}

std::vector<columns::LayerUpdate> updates(const NetPlan& plan) {
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
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  return largest > 0 ? worst / largest : worst;
}

struct Trained {
  std::vector<double> losses;
  std::vector<float> logits;
  std::vector<std::vector<float>> parameters;  // weight, bias, weight velocity, bias velocity by layer
};

Trained train(const NetPlan& plan, ColumnTeam& team, int steps, const Data& data) {
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

/// oneDNN's order of summation and its Winograd kernels differ from double by far less than 1e-4 of a
/// tensor's largest value over three steps.
constexpr Tolerance kFp32{36, 3, 1e-5, 1e-5, 2e-4, 5e-4, false};
/// bf16 keeps eight bits: a product is off by up to 2^-8, a pool whose two largest inputs are closer than
/// that may choose the other one, and the slope of a saturated sigmoid loses most of its bits. So one step,
/// on pixels that do not saturate, compared in the mean: five images leave up to 0.6 of rounding in the
/// gradients below four layers (a map, lane or column in the wrong place gives 1 and more). Each kernel has
/// bounds of its own.
constexpr Tolerance kBf16{4, 1, 0.03, 0.02, 0.65, 0.65, true};

void compare(const NetPlan& plan, int devices, bool bf16) {
  const Tolerance tolerance = bf16 ? kBf16 : kFp32;
  const auto measure = [&](const auto& a, const auto& b) {
    return tolerance.rms ? rms_difference(a, b) : difference(a, b);
  };
  reference::Net net(plan, kSeed);
  const Data data = make_data(plan, tolerance.spread);
  const reference::Values images(data.images.begin(), data.images.end());
  auto team = make_team(plan, devices, bf16);
  const Trained trained = train(plan, *team, tolerance.steps, data);
  for (int s = 0; s < tolerance.steps; ++s) {
    const auto& logits = net.forward(images, kBatch, reference::DropoutKey{kSeed, static_cast<uint32_t>(s)});
    if (s == 0) CHECK(measure(trained.logits, logits) < tolerance.logits);
    const reference::Loss loss = net.backward(data.labels);
    CHECK(trained.losses[static_cast<size_t>(s)] == doctest::Approx(loss.loss).epsilon(tolerance.loss));
    net.step(optimiser(), optimiser().learning_rate);
  }
  size_t i = 0;
  for (const LayerPlan& layer : plan.layers)
    for (const std::string kind : {".weight", ".bias"}) {
      const auto& expected = net.parameter(layer.spec.name + kind);
      CAPTURE(expected.name);
      const size_t at = i / 2 * 4 + i % 2;
      CHECK(measure(trained.parameters[at], expected.values) < tolerance.parameters);
      CHECK(measure(trained.parameters[at + 2], expected.velocity) < tolerance.velocities);
      ++i;
    }
}

}  // namespace

TEST_CASE("nets of every kind train as the reference does, in fp32") {
  for (const test::SmallNet& small : test::small_nets()) {
    CAPTURE(small.name);
    const NetPlan plan = plan_net(parse_net_spec(small.json));
    compare(plan, 1, false);
    if (plan.spec.columns == 2) compare(plan, 2, false);
  }
}

TEST_CASE("nets of every kind train as the reference does, in bf16") {
  if (!cpu::has_bf16()) {
    MESSAGE("skipped: this processor has no bf16 instructions");
    return;
  }
  for (const test::SmallNet& small : test::small_nets()) {
    CAPTURE(small.name);
    const NetPlan plan = plan_net(parse_net_spec(small.json));
    compare(plan, 1, true);
    if (plan.spec.columns == 2) compare(plan, 2, true);
  }
}

TEST_CASE("two columns on two devices of one thread equal both on one device of one thread, bit for bit") {
  const NetPlan plan = plan_net(parse_net_spec(test::small_nets()[0].json));
  auto joined = make_team(plan, 1, false, 1);
  auto apart = make_team(plan, 2, false, 2);
  const Trained a = train(plan, *joined, 4, make_data(plan)), b = train(plan, *apart, 4, make_data(plan));
  CHECK(a.losses == b.losses);
  CHECK(a.logits == b.logits);
  CHECK(a.parameters == b.parameters);
}

TEST_CASE("training is repeatable bit for bit with the same threads") {
  const NetPlan plan = plan_net(parse_net_spec(test::small_nets()[0].json));
  auto first = make_team(plan, 1, false), second = make_team(plan, 1, false);
  const Trained a = train(plan, *first, 4, make_data(plan)), b = train(plan, *second, 4, make_data(plan));
  CHECK(a.losses == b.losses);
  CHECK(a.parameters == b.parameters);
}

TEST_CASE("a frozen layer keeps its weights and the others learn") {
  const NetPlan plan = plan_net(parse_net_spec(test::small_nets()[0].json));
  auto team = make_team(plan, 2, false);
  const Data data = make_data(plan);
  const auto images = arrange(data, plan, team->input_format());
  for (const size_t frozen : {size_t{0}, size_t{2}}) {
    auto factors = updates(plan);
    factors[frozen].frozen = true;
    if (frozen == 2) factors[0].frozen = factors[1].frozen = true;
    std::vector<std::vector<float>> before, after;
    const auto weights = [&](std::vector<std::vector<float>>& to) {
      for (size_t l = 0; l < plan.layers.size(); ++l) {
        std::vector<float> values(static_cast<size_t>(plan.layers[l].weight_count()));
        team->read(l, Parameter::kWeight, values);
        to.push_back(values);
      }
    };
    weights(before);
    team->train({images.data(), data.labels.data(), kBatch - 1}, {.training = true, .seed = 1}, factors);
    weights(after);
    for (size_t l = 0; l < plan.layers.size(); ++l) {
      CAPTURE(l);
      CHECK((before[l] == after[l]) == factors[l].frozen);
    }
  }
}

TEST_CASE("a loss that is not finite changes no parameter") {
  const NetPlan plan = plan_net(parse_net_spec(test::small_nets()[0].json));
  auto team = make_team(plan, 2, false);
  CHECK(team->all_finite());
  const std::vector<float> nan(static_cast<size_t>(plan.spec.classes), std::nanf(""));
  team->write(plan.layers.size() - 1, Parameter::kBias, nan);
  CHECK_FALSE(team->all_finite());
  const Data data = make_data(plan);
  const auto images = arrange(data, plan, team->input_format());
  const auto outcome =
      team->train({images.data(), data.labels.data(), kBatch - 1}, {.training = true}, updates(plan));
  CHECK_FALSE(outcome.updated);
  std::vector<float> values(static_cast<size_t>(plan.layers[0].weight_count()));
  team->read(0, Parameter::kWeight, values);
  CHECK(values == initial_weights(plan, 0, kSeed));
}

TEST_CASE("a failure in one column's thread reaches the caller and the team can be ended") {
  const NetPlan plan = plan_net(parse_net_spec(test::small_nets()[0].json));
  CHECK_THROWS_WITH(ColumnTeam(plan, 2,
                               [&](int column, int) -> std::unique_ptr<columns::Column> {
                                 if (column == 1) throw std::runtime_error("no memory for column 1");
                                 return cpu::make_cpu_column(plan, column, {.batch = 1});
                               }),
                    "no memory for column 1");
}
