// What the column team promises where replicas share the batch: whose rows are whose, sums before updates,
// one decision for all, and failures that leave nobody waiting.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "alexnet/error.h"
#include "columns/fake_column.h"

using namespace alexnet;
using columns::Parameter;
using columns::Share;
using test::FakeTeam;

namespace {

NetPlan make_plan(int columns) {
  return plan_net(parse_net_spec(R"({"columns":)" + std::to_string(columns) +
                                 R"(,"inputSize":16,"classes":7,"layers":[
    {"name":"conv1","kind":"conv","width":8,"kernel":3,"stride":2,"padding":1,"then":["activation"]},
    {"name":"conv2","kind":"conv","width":8,"kernel":3,"padding":1,"reads":"both","then":["activation"]},
    {"name":"fc3","kind":"fc","width":10,"reads":"both","then":["activation"]},
    {"name":"fc4","kind":"fc","width":"classes","reads":"both","then":[]}]})"));
}

std::vector<columns::LayerUpdate> updates(const NetPlan& plan) {
  return std::vector<columns::LayerUpdate>(plan.layers.size());
}

/// Every way of sharing that a net of two columns has, three replicas where they are of one device.
std::vector<DeviceLayout> layouts() {
  return {{.batch = 8, .devices = 1, .replicas = 3},
          {.batch = 8, .devices = 2, .replicas = 2},
          {.batch = 8, .devices = 1, .replicas = 3, .splits_fc = true}};
}

using Calls = std::vector<std::string>;

/// A batch whose rows can be told apart by their addresses.
struct Rows {
  std::vector<std::byte> images = std::vector<std::byte>(8 * 3 * 16 * 16 * 2);  // bf16
  std::vector<int32_t> labels = std::vector<int32_t>(8);
  columns::Batch batch(int64_t valid) const { return {images.data(), labels.data(), valid}; }
};

}  // namespace

TEST_CASE("a share's rows, units and place") {
  const NetPlan plan = make_plan(2);
  const Share first{.columns = 2, .replicas = 3, .splits_fc = true, .batch = 8};
  int64_t rows = 0, maps = 0, units = 0;
  for (int p = 0; p < first.places(); ++p) {
    const Share share = first.at(p);
    CHECK(share.place() == p);
    CHECK(share.rows(plan.layers[0]).begin == (p < 2 ? 0 : p < 4 ? 3 : 6));
    CHECK(share.rows(plan.layers[2]).size() == 8);
    CHECK(share.width(plan.layers[2]).begin == units);
    CHECK(share.sums(plan.layers[0]));
    CHECK_FALSE(share.sums(plan.layers[2]));
    if (share.column == 0) rows += share.rows(plan.layers[0]).size();
    maps += share.width(plan.layers[0]).size();
    units += share.width(plan.layers[2]).size();
  }
  CHECK(rows == 8);
  CHECK(maps == 3 * 8);
  CHECK(units == 10);
  // The third replica's second column: rows 6 and 7, the upper four maps of 8 x 8.
  const columns::Corner corner = corner_of(first.at(5), plan.layers[1], plan.layers[2]);
  CHECK(corner.row == 6);
  CHECK(corner.feature == 4 * 8 * 8);
  // One column on one device still has its whole layer to itself.
  const Share alone{.splits_fc = true, .batch = 8};
  CHECK_FALSE(alone.gathers(make_plan(1).layers[2]));
  CHECK(Share{.replicas = 2, .splits_fc = true, .batch = 8}.gathers(make_plan(1).layers[2]));
}

TEST_CASE("replicas have their own threads and their own rows of the batch") {
  for (const int columns : {1, 2})
    for (const DeviceLayout& layout : layouts()) {
      if (layout.devices > columns) continue;
      const NetPlan plan = make_plan(columns);
      FakeTeam fake(plan, layout);
      CHECK(fake.world.alive == columns * layout.replicas);
      for (size_t p = 0; p < fake.device_of.size(); ++p) {
        const int replica = static_cast<int>(p) / columns, column = static_cast<int>(p) % columns;
        CHECK(fake.device_of[p] == replica * layout.devices + (layout.devices == 1 ? 0 : column));
        CHECK(fake.world.calls[p] == Calls{"make", "connect"});
      }
      const Rows rows;
      fake.team->train(rows.batch(5), {.training = true}, updates(plan));
      for (size_t p = 0; p < fake.columns.size(); ++p) {
        const columns::Batch& given = fake.world.batches[p];
        const Range own = column_range(8, layout.replicas, static_cast<int>(p) / columns);
        CHECK(given.images == rows.images.data() + own.begin * 3 * 16 * 16 * 2);
        CHECK(given.total == 5);
        CHECK(given.labels == rows.labels.data() + (layout.splits_fc ? 0 : own.begin));
        CHECK(given.valid == (layout.splits_fc ? 5 : std::clamp<int64_t>(5 - own.begin, 0, own.size())));
      }
      fake.team.reset();
      CHECK(fake.world.alive == 0);
      CHECK(fake.world.wrong_thread == 0);
    }
}

TEST_CASE("a replicated layer's gradients are summed after its backward pass, then it is updated") {
  const NetPlan plan = make_plan(2);
  for (const DeviceLayout& layout : layouts()) {
    FakeTeam fake(plan, layout);
    auto factors = updates(plan);
    factors[1].frozen = true;
    fake.forget();
    fake.team->train(Rows().batch(8), {.training = true}, factors);
    Calls expected{"batch",    "forward 0", "gather 1",           "forward 1",  "gather 2", "forward 2",
                   "gather 3", "forward 3", "loss with gradient", "backward 3", "reduce 3"};
    const auto summed = [&](const std::string& layer) {
      expected.push_back("sum " + layer);
      expected.push_back("update " + layer);
    };
    if (!layout.splits_fc) summed("3");
    expected.insert(expected.end(), {"backward 2", "reduce 2"});
    if (!layout.splits_fc) summed("2");
    // The frozen layer has no gradient to sum.
    expected.insert(expected.end(), {"backward 1", "reduce 1", "backward 0 without input gradient"});
    summed("0");
    for (const Calls& calls : fake.world.calls) CHECK(calls == expected);
  }
}

TEST_CASE("no column reads another's work before it is done, over many passes") {
  const NetPlan plan = make_plan(2);
  for (const DeviceLayout& layout : layouts()) {
    FakeTeam fake(plan, layout);
    const Rows rows;
    for (int i = 0; i < 100; ++i) {
      if (i % 3 == 0)
        fake.team->evaluate(rows.batch(8));
      else
        fake.team->train(rows.batch(8), {.training = true}, updates(plan));
      fake.forget();
    }
    CHECK(fake.world.too_early == 0);
    CHECK(fake.world.wrong_thread == 0);
  }
}

TEST_CASE("totals are of the whole batch, and one replica's loss that is not finite stops all") {
  const NetPlan plan = make_plan(1);
  FakeTeam fake(plan, DeviceLayout{.batch = 8, .replicas = 3});
  const Rows rows;
  const auto outcome = fake.team->train(rows.batch(8), {.training = true}, updates(plan));
  CHECK(outcome.updated);
  CHECK(outcome.totals.loss == 3);
  CHECK(outcome.totals.top1_hits == 3);
  CHECK(outcome.totals.top5_hits == 6);
  CHECK(outcome.totals.images == 9);
  CHECK(fake.team->evaluate(rows.batch(8)).loss == 3);
  fake.world.loss = std::nan("");
  fake.world.loss_column = 2;
  fake.forget();
  CHECK_FALSE(fake.team->train(rows.batch(8), {.training = true}, updates(plan)).updated);
  for (const Calls& calls : fake.world.calls) CHECK(calls.back() == "loss with gradient");

  // Split layers see all rows everywhere: nothing is left to add up.
  FakeTeam hybrid(plan, DeviceLayout{.batch = 8, .replicas = 3, .splits_fc = true});
  CHECK(hybrid.team->train(rows.batch(8), {.training = true}, updates(plan)).totals.loss == 1);
}

TEST_CASE("a failure in one replica reaches the caller, frees the others, and the team goes on") {
  const NetPlan plan = make_plan(2);
  for (const DeviceLayout& layout : layouts())
    for (const std::string call : {"forward 0", "gather 2", "loss with gradient", "sum 0", "update 0"}) {
      CAPTURE(call);
      FakeTeam fake(plan, layout, call, /*fail_column=*/3);
      const Rows rows;
      CHECK_THROWS_WITH(fake.team->train(rows.batch(8), {.training = true}, updates(plan)),
                        ("broken: " + call).c_str());
      // The columns of a device that waits for what does not come are told.
      CHECK(fake.world.abandoned == static_cast<int>(fake.columns.size()));
      fake.world.fail_in.clear();
      CHECK(fake.team->train(rows.batch(8), {.training = true}, updates(plan)).updated);
    }
}

TEST_CASE("a parameter goes to every replica and comes back whole") {
  const NetPlan plan = make_plan(2);
  for (const DeviceLayout& layout : layouts()) {
    FakeTeam fake(plan, layout);
    for (size_t layer = 0; layer < plan.layers.size(); ++layer) {
      const int64_t width = plan.layers[layer].spec.width, row = plan.layers[layer].weight_count() / width;
      std::vector<float> values(static_cast<size_t>(width * row)), again(values.size());
      std::iota(values.begin(), values.end(), 1.0f);
      fake.team->write(layer, Parameter::kWeight, values);
      fake.team->read(layer, Parameter::kWeight, again);
      CHECK(again == values);
      const bool split = layout.splits_fc && layer >= 2;
      const Range last = split ? column_range(width, 6, 5) : column_range(width, 2, 1);
      CHECK(fake.columns.back()->values(layer, Parameter::kWeight) ==
            std::vector<float>(values.begin() + last.begin * row, values.end()));
    }
  }
}
