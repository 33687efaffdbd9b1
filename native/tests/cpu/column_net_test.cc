// The CPU backend against the reference, whole nets at a time: logits, loss, and the parameters after some
// steps; one device against two.
#include <doctest/doctest.h>

#include <cmath>

#include "cpu/column_net.h"
#include "cpu/cpu_column.h"
#include "cpu/cpu_info.h"
#include "cpu/small_nets.h"
#include "omp_threads.h"

using namespace alexnet;
using namespace alexnet::test;

namespace {

std::unique_ptr<ColumnTeam> make_team(const NetPlan& plan, DeviceLayout layout, bool bf16, int threads) {
  layout.one_by_one = true;
  auto team = std::make_unique<ColumnTeam>(plan, layout, [&](const columns::Share& share, int) {
    return cpu::make_cpu_column(plan, share,
                                {.bf16 = bf16, .training = true, .threads = omp_threads(threads)});
  });
  draw_parameters(plan, *team);
  return team;
}

std::unique_ptr<ColumnTeam> make_team(const NetPlan& plan, int devices, bool bf16, int threads = 2) {
  return make_team(plan, {.batch = kBatch, .devices = devices}, bf16, threads / devices);
}

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
  compare_with_reference(plan, *make_team(plan, devices, bf16), bf16 ? kBf16 : kFp32);
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
  check_same_bits({train(plan, *joined, 4, make_data(plan)), train(plan, *apart, 4, make_data(plan))});
}

TEST_CASE("training is repeatable bit for bit with the same threads") {
  const NetPlan plan = plan_net(parse_net_spec(test::small_nets()[0].json));
  auto first = make_team(plan, 1, false), second = make_team(plan, 1, false);
  check_same_bits({train(plan, *first, 4, make_data(plan)), train(plan, *second, 4, make_data(plan))});
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
  CHECK_THROWS_WITH(ColumnTeam(plan, {.batch = 1, .devices = 2},
                               [&](const columns::Share& share, int) -> std::unique_ptr<columns::Column> {
                                 if (share.column == 1) throw std::runtime_error("no memory for column 1");
                                 return cpu::make_cpu_column(plan, share, {});
                               }),
                    "no memory for column 1");
}
