// The CUDA column's steps as CUDA graphs, on a stand-in device.
#include "column_testing.h"

using namespace alexnet;
using namespace alexnet::test;

TEST_CASE("recorded as graphs the steps give the same bits, with fewer calls; where they cannot be, too") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  enum class Way { kGraphs, kSwitchedOff, kRefused };
  for (const Devices& devices : placements(plan)) {
    CAPTURE(devices.size());
    std::vector<Trained> all;
    std::vector<double> losses;
    for (const Way way : {Way::kGraphs, Way::kSwitchedOff, Way::kRefused}) {
      if (way == Way::kSwitchedOff) setenv("ALEXNET_CUDA_GRAPHS", "0", 1);
      const TestMachine machine({.jitter = 100, .graphs = way != Way::kRefused});
      std::vector<columns::Column*> made;
      auto team = make_team(plan, devices, Precision::kBf16, true, kBatch, &made);
      unsetenv("ALEXNET_CUDA_GRAPHS");
      all.push_back(train(plan, *team, 5, data));
      // An evaluation between two steps, and layers frozen and freed, are sequences of their own.
      const auto images = arrange(data, plan, team->input_format());
      const columns::Batch batch{images.data(), data.labels.data(), kBatch - 1};
      auto factors = updates(plan);
      for (uint32_t step = 5; step < 12; ++step) {
        losses.push_back(team->evaluate(batch).loss);
        for (size_t l = 0; l < 2; ++l) factors[l].frozen = step == 6 || step == 7 || step == 11;
        losses.push_back(
            team->train(batch, {.training = true, .seed = kSeed, .step = step}, factors).totals.loss);
      }
      const cuda::GraphReport report = cuda::cuda_graphs(*made[0]);
      CHECK((report.recorded > 0) == (way == Way::kGraphs));
      CHECK(report.refusal.empty() == (way != Way::kRefused));
      CHECK((fake::graphs_made() > 0) == (way == Way::kGraphs));
      CHECK((fake::graph_launches() > 5 * fake::graphs_made() / 2) == (way == Way::kGraphs));
      if (way == Way::kRefused) CHECK(holds(report.refusal, "CUDA graphs are not used on cuda:"));
    }
    check_same_bits(all);
    const size_t each = losses.size() / 3;
    for (size_t i = 0; i < each; ++i) {
      CHECK(losses[each + i] == losses[i]);
      CHECK(losses[2 * each + i] == losses[i]);
    }
  }
}
