// Replicas on stand-in devices: whole nets against the reference with the whole batch, over NCCL's stand-in
// and all on one device; the same bits whatever order streams run in; what happens when one of them fails.
#include "column_testing.h"

#include <cmath>

#include "cuda/device_rules.h"

using namespace alexnet;
using namespace alexnet::test;

namespace {

/// Six rows of which five have a label: of four replicas the last one's row has none.
std::vector<Sharing> sharings(const NetPlan& plan) {
  std::vector<Sharing> all{{{kBatch, 1, 2, false}, {0, 1}},
                           {{kBatch, 1, 4, false}, {0, 1, 2, 3}},
                           {{kBatch, 1, 4, false}, {1, 1, 1, 1}},
                           {{kBatch, 1, 3, true}, {0, 1, 2}},
                           {{kBatch, 1, 2, true}, {1, 1}}};
  if (plan.spec.columns == 2) {
    all.push_back({{kBatch, 2, 2, false}, {0, 1, 2, 3}});
    all.push_back({{kBatch, 2, 2, false}, {0, 1, 0, 1}});
  }
  return all;
}

std::vector<size_t> replicated_nets() {
  return kSanitized ? std::vector<size_t>{0} : std::vector<size_t>{0, 5, 6};
}

}  // namespace

TEST_CASE("however replicas share the batch, nets train as the reference does with the whole of it") {
  for (const size_t net : replicated_nets()) {
    CAPTURE(net);
    const NetPlan plan = plan_of(net);
    for (const Sharing& sharing : sharings(plan)) {
      CAPTURE(sharing.layout.replicas);
      CAPTURE(sharing.layout.splits_fc);
      const TestMachine machine({.devices = 4});
      compare_with_reference(plan, *make_replicas(plan, sharing, Precision::kFp32), kFp32);
    }
  }
}

TEST_CASE("replicas in bf16 train as the reference does; their gradients are summed in fp32") {
  const NetPlan plan = plan_of(0);
  for (const Sharing& sharing : sharings(plan)) {
    const TestMachine machine({.devices = 4});
    compare_with_reference(plan, *make_replicas(plan, sharing, Precision::kBf16), kBf16);
  }
}

TEST_CASE("the same replicas have the same bits, over NCCL or on one device, however their streams run") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  // The stand-in sums in the order of ranks, as one device does.
  const std::vector<Sharing> alike{{{kBatch, 1, 2, false}, {0, 1}}, {{kBatch, 1, 2, false}, {1, 1}}};
  std::vector<Trained> all;
  for (const int jitter : {0, 300})
    for (const Sharing& sharing : alike) {
      const TestMachine machine({.devices = 2, .jitter = jitter});
      std::vector<columns::Column*> made;
      auto team = make_replicas(plan, sharing, Precision::kFp32, true, &made);
      all.push_back(train(plan, *team, 3, data));
      // The second replica's weights are the first's.
      std::vector<float> a(static_cast<size_t>(plan.layers[1].weight_count() / 2)), b(a.size());
      for (const size_t column : {size_t{0}, size_t{1}}) {
        made[column]->read(1, Parameter::kWeight, a);
        made[2 + column]->read(1, Parameter::kWeight, b);
        CHECK(a == b);
      }
    }
  check_same_bits(all);
}

TEST_CASE("devices of their own add up with NCCL, small layers together; one device does without") {
  const NetPlan plan = plan_of(6);
  const Data data = make_data(plan);
  {
    const TestMachine machine({.devices = 2});
    auto team = make_replicas(plan, {{kBatch, 1, 2, false}, {0, 1}}, Precision::kFp32);
    train(plan, *team, 1, data);
    // Weights and biases of five layers and the flag, on each of two ranks.
    CHECK(fake::sums() == 2 * 11);
  }
  const TestMachine machine({.devices = 2});
  auto team = make_replicas(plan, {{kBatch, 1, 2, false}, {1, 1}}, Precision::kFp32);
  train(plan, *team, 1, data);
  CHECK(fake::sums() == 0);
}

TEST_CASE("no graph is made while some ranks have begun a sum and others have not") {
  const NetPlan plan = plan_of(6);
  const Data data = make_data(plan);
  for (int repeat = 0; repeat < 4; ++repeat) {
    const TestMachine machine({.devices = 2, .jitter = 100});
    auto team = make_replicas(plan, {{kBatch, 1, 2, false}, {0, 1}}, Precision::kFp32);
    train(plan, *team, 2, data);
    CHECK(fake::graphs_made() > 0);
    CHECK(fake::graphs_amid_sums() == 0);
  }
}

TEST_CASE("the hybrid sums convolutions alone") {
  const NetPlan plan = plan_of(6);
  const Data data = make_data(plan);
  const TestMachine machine({.devices = 2});
  auto team = make_replicas(plan, {{kBatch, 1, 2, true}, {0, 1}}, Precision::kFp32);
  train(plan, *team, 1, data);
  CHECK(fake::sums() == 2 * 7);
}

TEST_CASE("a frozen layer has no sum and keeps its weights in every replica") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  for (const Sharing& sharing : sharings(plan)) {
    const TestMachine machine({.devices = 4});
    auto team = make_replicas(plan, sharing, Precision::kFp32);
    const auto images = arrange(data, plan, team->input_format());
    for (const size_t frozen : {size_t{0}, size_t{1}, size_t{4}}) {
      auto factors = updates(plan);
      factors[frozen].frozen = true;
      const auto weights = [&] {
        std::vector<std::vector<float>> all;
        for (size_t l = 0; l < plan.layers.size(); ++l) {
          all.emplace_back(static_cast<size_t>(plan.layers[l].weight_count()));
          team->read(l, Parameter::kWeight, all.back());
        }
        return all;
      };
      const auto before = weights();
      team->train({images.data(), data.labels.data(), kBatch - 1}, {.training = true, .seed = 1}, factors);
      const auto after = weights();
      for (size_t l = 0; l < plan.layers.size(); ++l) CHECK((before[l] == after[l]) == factors[l].frozen);
    }
  }
}

TEST_CASE("one replica's loss that is not finite leaves the weights of all as they are") {
  const NetPlan plan = plan_of(6);
  const Data data = make_data(plan);
  for (const Sharing& sharing : sharings(plan)) {
    const TestMachine machine({.devices = 4});
    auto team = make_replicas(plan, sharing, Precision::kFp32);
    // A label that is no class makes the loss of its row's replica NaN. Row 4 is not the first replica's.
    std::vector<int32_t> labels = data.labels;
    labels[4] = 1000;
    const auto images = arrange(data, plan, team->input_format());
    const columns::PassContext context{.training = true, .seed = kSeed};
    CHECK_FALSE(team->train({images.data(), labels.data(), kBatch - 1}, context, updates(plan)).updated);
    for (size_t l = 0; l < plan.layers.size(); ++l) {
      std::vector<float> values(static_cast<size_t>(plan.layers[l].weight_count()));
      team->read(l, Parameter::kWeight, values);
      CHECK(values == initial_weights(plan, l, kSeed));
    }
    CHECK(team->train({images.data(), data.labels.data(), kBatch - 1}, context, updates(plan)).updated);
  }
}

TEST_CASE(
    "a step that is begun before one replica's loss is known changes nothing where that is not finite") {
  const NetPlan plan = plan_of(6);
  const Data data = make_data(plan);
  for (const Sharing& sharing : sharings(plan)) {
    const TestMachine machine({.devices = 4, .jitter = 100});
    auto team = make_replicas(plan, sharing, Precision::kFp32);
    std::vector<int32_t> labels = data.labels;
    labels[4] = 1000;
    const auto images = arrange(data, plan, team->input_format());
    const auto start = [&](const std::vector<int32_t>& of) {
      const columns::Batch batch{images.data(), of.data(), kBatch - 1};
      team->start(batch, {.training = true, .seed = kSeed}, updates(plan));
    };
    start(labels);
    start(data.labels);
    CHECK_FALSE(team->finish().updated);
    team->finish();
    for (size_t l = 0; l < plan.layers.size(); ++l) {
      std::vector<float> values(static_cast<size_t>(plan.layers[l].weight_count()));
      team->read(l, Parameter::kWeight, values);
      CHECK(values == initial_weights(plan, l, kSeed));
    }
  }
}

TEST_CASE(
    "replicas on one GPU that lack memory say what all of them need and which batch fits, and it does") {
  for (const size_t net : {size_t{0}, size_t{6}}) {
    const NetPlan plan = plan_of(net);
    CAPTURE(plan.spec.columns);
    std::vector<Sharing> ways{{{60, 1, 2, false}, {0, 0}}, {{60, 1, 3, false}, {0, 0, 0}}};
    if (net == 6) ways.push_back({{60, 1, 2, true}, {0, 0}});
    if (net == 0) ways.push_back({{60, 2, 2, false}, {0, 0, 0, 0}});
    for (Sharing way : ways) {
      CAPTURE(way.layout.replicas);
      CAPTURE(way.layout.splits_fc);
      int64_t needed = 0;
      {
        const TestMachine machine({.devices = 1});
        auto team = make_replicas(plan, way, Precision::kFp32);
        needed = fake::allocated();
      }
      const TestMachine machine({.devices = 1, .memory_bytes = needed * 7 / 10});
      std::string message;
      CHECK(code_of([&] { make_replicas(plan, way, Precision::kFp32); }, &message) ==
            ErrorCode::kOutOfMemory);
      CAPTURE(message);
      CHECK(message.find("needs " + cuda::gigabytes(needed)) != std::string::npos);
      CHECK(message.find("and " + cuda::gigabytes(needed * 7 / 10) + " of") != std::string::npos);
      const size_t at = message.find("; batch ");
      REQUIRE(at != std::string::npos);
      const int64_t fits = std::atoll(message.c_str() + at + 8);
      CHECK(fits > 15);
      CHECK(fits < 60);
      way.layout.batch = fits;
      make_replicas(plan, way, Precision::kFp32);
      way.layout.batch = fits + 4 * way.layout.replicas;
      CHECK(code_of([&] { make_replicas(plan, way, Precision::kFp32); }) == ErrorCode::kOutOfMemory);
    }
  }
}

TEST_CASE("a device that is lost ends the step for all, also those that wait for its gradients") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  for (const bool splits : {false, true}) {
    const TestMachine machine({.devices = 2});
    auto team = make_replicas(plan, {{kBatch, 1, 2, splits}, {0, 1}}, Precision::kFp32);
    const auto images = arrange(data, plan, team->input_format());
    const columns::Batch batch{images.data(), data.labels.data(), kBatch - 1};
    CHECK(team->train(batch, {.training = true}, updates(plan)).updated);
    fake::lose(1);
    CHECK(code_of([&] { team->train(batch, {.training = true}, updates(plan)); }) == ErrorCode::kDeviceLost);
    CHECK(code_of([&] { team->train(batch, {.training = true}, updates(plan)); }) == ErrorCode::kDeviceLost);
  }
}
