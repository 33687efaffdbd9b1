// Replicas on this machine's GPUs: on one of them twice, without NCCL, and on two with it, where there are
// two. Without a GPU every test says why it is skipped.
#include <doctest/doctest.h>

#include "cpu/small_nets.h"
#include "cuda/net/gpus.h"

using namespace alexnet;
using namespace alexnet::test;

namespace {

/// A way of sharing, and the GPU of each thread.
struct Sharing {
  DeviceLayout layout;
  std::vector<int> devices;
};

std::unique_ptr<ColumnTeam> make_team(const NetPlan& plan, const Sharing& sharing, Precision precision) {
  const DeviceLayout& layout = sharing.layout;
  const std::vector<int> devices = layout.by_place(sharing.devices, plan.spec.columns);
  std::vector<const columns::Column*> first(static_cast<size_t>(layout.replicas));
  auto team = std::make_unique<ColumnTeam>(plan, layout, [&](const columns::Share& share, int) {
    const columns::Column*& leader = first[static_cast<size_t>(share.replica)];
    auto made = cuda::make_plugin_column(*gpus().plugin.api, plan, share,
                                         {.devices = devices,
                                          .precision = precision,
                                          .training = true,
                                          .input_from = layout.together() ? leader : nullptr,
                                          .brings_input = layout.together()});
    if (layout.together() && !leader) leader = made.get();
    return made;
  });
  draw_parameters(plan, *team);
  return team;
}

std::vector<Sharing> sharings(const NetPlan& plan) {
  std::vector<Sharing> all{{{kBatch, 1, 2, false}, {0, 0}}, {{kBatch, 1, 2, true}, {0, 0}}};
  if (plan.spec.columns == 2) all.push_back({{kBatch, 2, 2, false}, {0, 0, 0, 0}});
  if (gpus().usable < 2) return all;
  all.push_back({{kBatch, 1, 2, false}, {0, 1}});
  all.push_back({{kBatch, 1, 2, true}, {0, 1}});
  if (plan.spec.columns == 2) all.push_back({{kBatch, 2, 2, false}, {0, 1, 1, 0}});
  return all;
}

NetPlan plan_of(size_t net) { return plan_net(parse_net_spec(small_nets()[net].json)); }

}  // namespace

TEST_CASE("on GPUs replicas train as the reference does with the whole batch") {
  if (!has_gpu()) return;
  // Two columns with normalisation, dropout on maps, one column.
  for (const size_t net : {0, 5, 6}) {
    CAPTURE(net);
    const NetPlan plan = plan_of(net);
    for (const Sharing& sharing : sharings(plan)) {
      CAPTURE(sharing.layout.splits_fc);
      CAPTURE(sharing.devices.back());
      compare_on_gpu(plan, *make_team(plan, sharing, Precision::kFp32), kGpuFp32);
      compare_on_gpu(plan, *make_team(plan, sharing, Precision::kBf16), kGpuBf16);
    }
  }
}

TEST_CASE("on GPUs replicas give the same bits every time") {
  if (!has_gpu()) return;
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  for (const Sharing& sharing : sharings(plan)) {
    std::vector<Trained> all;
    for (int repeat = 0; repeat < 2; ++repeat)
      all.push_back(train(plan, *make_team(plan, sharing, Precision::kBf16), 20, data));
    check_same_bits(all);
  }
}
