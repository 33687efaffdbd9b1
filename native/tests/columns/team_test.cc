// What the column team promises, with columns that compute nothing: one thread a device, meetings before
// every exchange, and failures that end nobody's waiting.
#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <numeric>
#include <thread>

#include "alexnet/error.h"
#include "columns/fake_column.h"

using namespace alexnet;
using columns::ColumnTeam;
using columns::Parameter;
using test::FakeTeam;

namespace {

/// conv1; conv2 on its own; conv3, fc4 that read both.
NetPlan make_plan(int columns = 2) {
  return plan_net(parse_net_spec(R"({"columns":)" + std::to_string(columns) +
                                 R"(,"inputSize":16,"classes":7,"layers":[
    {"name":"conv1","kind":"conv","width":8,"kernel":3,"stride":2,"padding":1,"then":["activation"]},
    {"name":"conv2","kind":"conv","width":8,"kernel":3,"padding":1,"reads":"own","then":["activation"]},
    {"name":"conv3","kind":"conv","width":8,"kernel":3,"padding":1,"reads":"both","then":["activation"]},
    {"name":"fc4","kind":"fc","width":"classes","reads":"both","then":[]}]})"));
}

std::vector<columns::LayerUpdate> updates(const NetPlan& plan) {
  return std::vector<columns::LayerUpdate>(plan.layers.size());
}

using Calls = std::vector<std::string>;

}  // namespace

TEST_CASE("columns are made, driven and destroyed by one thread a device") {
  const NetPlan plan = make_plan();
  for (const int devices : {1, 2}) {
    CAPTURE(devices);
    FakeTeam fake(plan, devices);
    CHECK(fake.device_of == std::vector<int>{0, devices - 1});
    CHECK((fake.world.threads[0] == fake.world.threads[1]) == (devices == 1));
    CHECK(fake.world.threads[0] != std::this_thread::get_id());
    CHECK(fake.team->input_format().layout == InputLayout::kNhwc);
    CHECK(fake.team->input_format().type == InputType::kBfloat16);
    fake.team->train({}, {.training = true}, updates(plan));
    CHECK(fake.world.alive == 2);
    fake.team.reset();
    CHECK(fake.world.alive == 0);
    CHECK(fake.world.wrong_thread == 0);
  }
}

TEST_CASE("where columns share a GPU they are made one after the other, and none after one that failed") {
  const NetPlan plan = make_plan();
  const DeviceLayout layout{.batch = 4, .devices = 2, .replicas = 2, .one_by_one = true};
  for (const int fails : {-1, 2}) {
    test::FakeWorld world(4);
    std::vector<int> made;  // without a lock: never two at once
    const auto factory = [&](const columns::Share& share, int) -> std::unique_ptr<columns::Column> {
      made.push_back(share.place());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      if (share.place() == fails) throw Error(ErrorCode::kOutOfMemory, "no memory");
      return std::make_unique<test::FakeColumn>(world, share, plan);
    };
    if (fails < 0)
      ColumnTeam(plan, layout, factory);
    else
      CHECK_THROWS_AS(ColumnTeam(plan, layout, factory), Error);
    CHECK(made == (fails < 0 ? std::vector<int>{0, 1, 2, 3} : std::vector<int>{0, 1, 2}));
  }
}

TEST_CASE("a step goes through the layers in order and exchanges only where a layer reads both columns") {
  const NetPlan plan = make_plan();
  for (const int devices : {1, 2}) {
    CAPTURE(devices);
    FakeTeam fake(plan, devices);
    fake.forget();
    const auto outcome = fake.team->train({}, {.training = true}, updates(plan));
    CHECK(outcome.updated);
    CHECK(outcome.totals.loss == 1);
    CHECK(outcome.totals.top1_hits == 1);
    CHECK(outcome.totals.top5_hits == 2);
    CHECK(outcome.totals.images == 3);
    CHECK(outcome.exchange_ms >= 0);
    for (const Calls& calls : fake.world.calls)
      CHECK(calls == Calls{"batch", "forward 0", "forward 1", "gather 2", "forward 2", "gather 3",
                           "forward 3", "loss with gradient", "backward 3", "reduce 3", "backward 2",
                           "reduce 2", "backward 1", "backward 0 without input gradient"});
    fake.forget();
    CHECK(fake.team->evaluate({}).images == 3);
    for (const Calls& calls : fake.world.calls)
      CHECK(calls == Calls{"batch", "forward 0", "forward 1", "gather 2", "forward 2", "gather 3",
                           "forward 3", "loss"});
  }
}

TEST_CASE("no column reads another before that one is done, over many passes") {
  const NetPlan plan = make_plan();
  FakeTeam fake(plan, 2);
  for (int i = 0; i < 300; ++i) {
    if (i % 3 == 0)
      fake.team->evaluate({});
    else
      fake.team->train({}, {.training = true}, updates(plan));
    fake.forget();
  }
  CHECK(fake.world.too_early == 0);
  CHECK(fake.world.wrong_thread == 0);
}

TEST_CASE("below the first layer that learns nothing is computed backwards") {
  const NetPlan plan = make_plan();
  FakeTeam fake(plan, 2);
  auto factors = updates(plan);
  factors[0].frozen = factors[1].frozen = true;
  fake.forget();
  fake.team->train({}, {.training = true}, factors);
  for (const Calls& calls : fake.world.calls)
    CHECK(Calls(calls.begin() + 7, calls.end()) ==
          Calls{"loss with gradient", "backward 3", "reduce 3", "backward 2 without input gradient"});

  for (auto& factor : factors) factor.frozen = true;
  fake.forget();
  CHECK(fake.team->train({}, {.training = true}, factors).updated);
  for (const Calls& calls : fake.world.calls) CHECK(calls.back() == "loss with gradient");

  // A frozen layer between others still passes its gradient down.
  factors = updates(plan);
  factors[2].frozen = true;
  fake.forget();
  fake.team->train({}, {.training = true}, factors);
  for (const Calls& calls : fake.world.calls) CHECK(calls.back() == "backward 0 without input gradient");
}

TEST_CASE("a loss that is not finite stops every column before it goes back") {
  const NetPlan plan = make_plan();
  for (const double loss :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    FakeTeam fake(plan, 2);
    fake.world.loss = loss;
    CHECK_FALSE(fake.team->train({}, {.training = true}, updates(plan)).updated);
    for (const Calls& calls : fake.world.calls) CHECK(calls.back() == "loss with gradient");
    fake.world.loss = 2;
    CHECK(fake.team->train({}, {.training = true}, updates(plan)).updated);
  }
}

TEST_CASE("a failure anywhere in a step reaches the caller, frees the other column, and the team goes on") {
  const NetPlan plan = make_plan();
  for (const int devices : {1, 2})
    for (const int column : {0, 1})
      for (const std::string call : {"batch", "forward 0", "gather 2", "forward 3", "loss with gradient",
                                     "backward 3", "reduce 2", "backward 0 without input gradient"}) {
        CAPTURE(devices);
        CAPTURE(column);
        CAPTURE(call);
        FakeTeam fake(plan, devices, call, column);
        CHECK_THROWS_WITH(fake.team->train({}, {.training = true}, updates(plan)),
                          ("broken: " + call).c_str());
        fake.world.fail_in.clear();
        fake.forget();
        CHECK(fake.team->train({}, {.training = true}, updates(plan)).updated);
        for (const Calls& calls : fake.world.calls) CHECK(calls.size() == 14);
      }
}

TEST_CASE("a column that cannot be made is an error, and those that were made are gone") {
  const NetPlan plan = make_plan();
  for (const int devices : {1, 2}) {
    test::FakeWorld world(2);
    CHECK_THROWS_WITH(ColumnTeam(plan, {.batch = 3, .devices = devices},
                                 [&](const columns::Share& share, int) -> std::unique_ptr<columns::Column> {
                                   if (share.column == 1) throw std::runtime_error("no memory");
                                   return std::make_unique<test::FakeColumn>(world, share, plan);
                                 }),
                      "no memory");
    CHECK(world.alive == 0);
    CHECK(world.wrong_thread == 0);
  }
}

TEST_CASE("a net runs on one device or on one a column") {
  const NetPlan two = make_plan(), one = make_plan(1);
  const columns::ColumnFactory none = [](const columns::Share&, int) {
    return std::unique_ptr<columns::Column>();
  };
  CHECK_THROWS_AS(ColumnTeam(two, {.batch = 3, .devices = 0}, none), Error);
  CHECK_THROWS_AS(ColumnTeam(two, {.batch = 3, .devices = 3}, none), Error);
  CHECK_THROWS_AS(ColumnTeam(one, {.batch = 3, .devices = 2}, none), Error);
  CHECK_THROWS_AS(ColumnTeam(one, {.batch = 3, .replicas = 0}, none), Error);
  CHECK_THROWS_AS(ColumnTeam(one, {.batch = 3, .replicas = 4}, none), Error);
  const FakeTeam single(one, 1);
  CHECK(single.world.alive == 1);
}

TEST_CASE("an update without the factors of every layer is refused") {
  const NetPlan plan = make_plan();
  FakeTeam fake(plan, 2);
  CHECK_THROWS_AS(fake.team->train({}, {.training = true}, std::vector<columns::LayerUpdate>(3)), Error);
}

TEST_CASE("a parameter is shared out by the rows of each column and joined again") {
  const NetPlan plan = make_plan();
  for (const int devices : {1, 2}) {
    FakeTeam fake(plan, devices);
    for (size_t layer = 0; layer < plan.layers.size(); ++layer)
      for (const Parameter parameter : {Parameter::kWeight, Parameter::kBiasVelocity}) {
        CAPTURE(layer);
        const int64_t width = plan.layers[layer].spec.width;
        const int64_t row =
            parameter == Parameter::kWeight ? plan.layers[layer].weight_count() / width : int64_t{1};
        std::vector<float> values(static_cast<size_t>(width * row)), again(values.size());
        std::iota(values.begin(), values.end(), 1.0f);
        fake.team->write(layer, parameter, values);
        fake.team->read(layer, parameter, again);
        CHECK(again == values);
        const Range second = column_range(width, 2, 1);  // 4 classes of 7 belong to column 0
        CHECK(fake.columns[1]->values(layer, parameter) ==
              std::vector<float>(values.begin() + second.begin * row, values.end()));
      }
  }
}

TEST_CASE("the weights are finite when every column's are") {
  const NetPlan plan = make_plan();
  for (const int devices : {1, 2}) {
    FakeTeam fake(plan, devices);
    CHECK(fake.team->all_finite());
    fake.world.finite = false;  // in column 1
    CHECK_FALSE(fake.team->all_finite());
  }
}
