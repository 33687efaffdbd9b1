// Replicas that share the batch, on the CPU: whole nets against the reference, and the replicas' weights
// against each other.
#include <doctest/doctest.h>

#include "cpu/column_net.h"
#include "cpu/cpu_column.h"
#include "cpu/cpu_info.h"
#include "cpu/small_nets.h"

using namespace alexnet;
using namespace alexnet::test;

namespace {

struct Team {
  std::vector<columns::Column*> columns;  // by place
  std::unique_ptr<ColumnTeam> team;
};

Team make_team(const NetPlan& plan, DeviceLayout layout, bool bf16 = false) {
  layout.one_by_one = true;
  Team made;
  made.columns.resize(static_cast<size_t>(plan.spec.columns * layout.replicas));
  made.team = std::make_unique<ColumnTeam>(plan, layout, [&](const columns::Share& share, int) {
    auto column = cpu::make_cpu_column(plan, share, {.bf16 = bf16, .training = true, .threads = 1});
    made.columns[static_cast<size_t>(share.place())] = column.get();
    return column;
  });
  draw_parameters(plan, *made.team);
  return made;
}

/// Six rows of which five have a label: among four replicas the first two have two rows, the last one's has
/// no label.
std::vector<DeviceLayout> layouts(const NetPlan& plan) {
  std::vector<DeviceLayout> all{{.batch = kBatch, .replicas = 2},
                                {.batch = kBatch, .replicas = 4},
                                {.batch = kBatch, .replicas = 2, .splits_fc = true},
                                {.batch = kBatch, .replicas = 3, .splits_fc = true}};
  if (plan.spec.columns == 2) all.push_back({.batch = kBatch, .devices = 2, .replicas = 2});
  return all;
}

NetPlan plan_of(size_t net) { return plan_net(parse_net_spec(small_nets()[net].json)); }

/// As for one replica: see column_net_test.cc.
constexpr Tolerance kFp32{36, 3, 1e-5, 1e-5, 2e-4, 5e-4, false};
constexpr Tolerance kBf16{4, 1, 0.03, 0.02, 0.65, 0.65, true};

}  // namespace

TEST_CASE("nets train as the reference does with the whole batch, however it is shared") {
  // Two columns with normalisation, dropout on maps, one column.
  for (const size_t net : {0, 5, 6}) {
    CAPTURE(net);
    const NetPlan plan = plan_of(net);
    for (const DeviceLayout& layout : layouts(plan)) {
      CAPTURE(layout.replicas);
      CAPTURE(layout.splits_fc);
      compare_with_reference(plan, *make_team(plan, layout).team, kFp32);
    }
  }
}

TEST_CASE("replicas in bf16 train as the reference does") {
  if (!cpu::has_bf16()) {
    MESSAGE("skipped: this processor has no bf16 instructions");
    return;
  }
  const NetPlan plan = plan_of(0);
  for (const DeviceLayout& layout : layouts(plan))
    compare_with_reference(plan, *make_team(plan, layout, /*bf16=*/true).team, kBf16);
}

TEST_CASE("all replicas have the same weights to the bit, the same again in another team") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  for (const DeviceLayout& layout : layouts(plan)) {
    CAPTURE(layout.replicas);
    Team first = make_team(plan, layout), second = make_team(plan, layout);
    check_same_bits({train(plan, *first.team, 4, data), train(plan, *second.team, 4, data)});
    const columns::Share share{.columns = 2, .replicas = layout.replicas, .splits_fc = layout.splits_fc};
    for (size_t l = 0; l < plan.layers.size(); ++l) {
      if (!share.sums(plan.layers[l])) continue;
      const auto weights_of = [&](int replica, int column) {
        std::vector<float> values(static_cast<size_t>(plan.layers[l].weight_count() / 2));
        if (l + 1 == plan.layers.size())
          values.resize(static_cast<size_t>(column_range(plan.spec.classes, 2, column).size() *
                                            plan.layers[l].fan_in()));
        first.columns[static_cast<size_t>(replica * 2 + column)]->read(l, Parameter::kWeight, values);
        return values;
      };
      for (int r = 1; r < layout.replicas; ++r)
        for (const int column : {0, 1}) CHECK(weights_of(r, column) == weights_of(0, column));
    }
  }
}

TEST_CASE("one replica computes what a team without replicas does, bit for bit") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  const Team alone = make_team(plan, {.batch = kBatch});
  const Team split = make_team(plan, {.batch = kBatch, .splits_fc = true});
  check_same_bits({train(plan, *alone.team, 3, data), train(plan, *split.team, 3, data)});
}

TEST_CASE("a validation pass is split, too, and its totals and logits are of the whole batch") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  Team alone = make_team(plan, {.batch = kBatch});
  const auto images = arrange(data, plan, alone.team->input_format());
  for (const DeviceLayout& layout : layouts(plan)) {
    Team shared = make_team(plan, layout);
    for (const int64_t valid : {kBatch - 1, int64_t{1}}) {
      std::vector<int32_t> labels = data.labels;
      std::fill(labels.begin() + valid, labels.end(), -1);
      const columns::Batch batch{images.data(), labels.data(), valid};
      const columns::BatchTotals one = alone.team->evaluate(batch), all = shared.team->evaluate(batch);
      CHECK(all.images == valid);
      CHECK(all.top1_hits == one.top1_hits);
      CHECK(all.top5_hits == one.top5_hits);
      CHECK(all.loss == doctest::Approx(one.loss).epsilon(1e-6));
      const size_t count = static_cast<size_t>(kBatch * plan.spec.classes);
      const std::vector<float> expected(alone.team->logits(), alone.team->logits() + count);
      const std::vector<float> found(shared.team->logits(), shared.team->logits() + count);
      CHECK(difference(found, expected) < 1e-5);
    }
  }
}

TEST_CASE("a loss that is not finite in one replica's rows changes no parameter anywhere") {
  const NetPlan plan = plan_of(6);
  Data data = make_data(plan);
  for (const DeviceLayout& layout : layouts(plan)) {
    Team shared = make_team(plan, layout);
    // Row 2 belongs to the first replica of two and to the second of four.
    Data broken = data;
    broken.images[static_cast<size_t>(2 * 3 * plan.spec.input_size * plan.spec.input_size)] = std::nanf("");
    const auto images = arrange(broken, plan, shared.team->input_format());
    // A ReLU turns the NaN into 0: the classifier's bias makes sure that the loss has one.
    std::vector<float> bias(static_cast<size_t>(plan.spec.classes), 0.0f);
    bias[0] = std::nanf("");
    shared.team->write(plan.layers.size() - 1, Parameter::kBias, bias);
    const auto outcome = shared.team->train({images.data(), broken.labels.data(), kBatch - 1},
                                            {.training = true, .seed = kSeed}, updates(plan));
    CHECK_FALSE(outcome.updated);
    std::vector<float> values(static_cast<size_t>(plan.layers[0].weight_count()));
    shared.team->read(0, Parameter::kWeight, values);
    CHECK(values == initial_weights(plan, 0, kSeed));
  }
}
