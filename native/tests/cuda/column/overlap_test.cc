// What columns exchange on its way while they compute, on a stand-in device.
#include "column_testing.h"
#include "cuda/column/convolution.h"

#include <atomic>
#include <chrono>
#include <thread>

using namespace alexnet;
using namespace alexnet::test;

namespace {

/// Columns that are made while it exists begin layers that read both with their own features.
class Overlapping {
 public:
  Overlapping() { setenv("ALEXNET_CUDA_OVERLAP", "1", 1); }
  ~Overlapping() { unsetenv("ALEXNET_CUDA_OVERLAP"); }
};

/// Holds a stream until a count has come to a number. False where it does not: what would bring it there
/// waits for this stream.
bool comes_to(int number, const std::function<int()>& count) {
  for (int waited = 0; count() < number; ++waited) {
    if (waited == 4000) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Column net 0: conv3, fc4 and fc5 read both columns. Of each piece both columns fetch the other's.
constexpr int kForward = 2 * 3, kLogits = 2, kBackward = 2 * 3;

}  // namespace

TEST_CASE("the gradient of what a layer read is with the other column before its weights' is computed") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  const TestMachine machine;
  auto team = make_team(plan, {0, 1}, Precision::kFp32);
  // Of the convolutions' the third one's is the first.
  static thread_local bool first;
  std::atomic<int> waited{0}, missed{0};
  fake::watch([&](const std::string& what) {
    if (what != "gradient of weights" || first) return;
    first = true;
    ++waited;
    missed += !comes_to(kForward + kLogits + kBackward, fake::peer_copies_done);
  });
  train(plan, *team, 1, data);
  CHECK(waited == 2);
  CHECK(missed == 0);
}

TEST_CASE("a layer computes with its column's own features while the other's are on their way") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  const TestMachine machine;
  const Overlapping on;
  auto team = make_team(plan, {0, 1}, Precision::kFp32);
  static thread_local int copies;  // of a column
  std::atomic<int> own_sums{0}, waited{0}, missed{0};
  fake::watch([&](const std::string& what) {
    if (what == "convolution alone" || what == "early product") ++own_sums;
    if (what != "copy between devices") return;
    // The first three are those of conv3, fc4 and fc5: each waits for both columns' own sums.
    const int layer = copies++;
    if (layer > 2) return;
    ++waited;
    missed += !comes_to(2 * (layer + 1), [&] { return own_sums.load(); });
  });
  train(plan, *team, 1, data);
  CHECK(waited == 2 * 3);
  CHECK(missed == 0);
}

TEST_CASE("nets whose columns begin with their own features train as the reference does") {
  for (const Precision precision : {Precision::kFp32, Precision::kBf16})
    for (const SmallNet& small : nets()) {
      CAPTURE(small.name);
      const NetPlan plan = plan_net(parse_net_spec(small.json));
      if (plan.spec.columns == 1) continue;
      // That other places give the same bits is tested below.
      const TestMachine machine({.jitter = 100});
      const Overlapping on;
      compare_with_reference(plan, *make_team(plan, {1, 0}, precision),
                             precision == Precision::kFp32 ? kFp32 : kBf16);
    }
}

TEST_CASE(
    "a convolution that begins with its own features has any number of maps, without a fused form too") {
  std::string json = nets()[0].json;
  const auto widen = [&](const std::string& layer, const std::string& width, const std::string& to) {
    const std::string from = R"("name":")" + layer + R"(","kind":"conv","width":)";
    json.replace(json.find(from + width), (from + width).size(), from + to);
  };
  // 18 maps a column: the stand-in fuses only multiples of four. Of 15 a half ends on no boundary of 16
  // bytes.
  widen("conv2", "24", "30");
  widen("conv3", "32", "36");
  const NetPlan plan = plan_net(parse_net_spec(json));
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    const TestMachine machine({.jitter = 100});
    const Overlapping on;
    compare_with_reference(plan, *make_team(plan, {1, 0}, precision),
                           precision == Precision::kFp32 ? kFp32 : kBf16);
  }
}

TEST_CASE("a half of a convolution may begin wherever its type may") {
  const TestMachine machine;
  const cuda::DeviceContext context(0);
  const cuda::ConvolutionShape shape{.batch = 1,
                                     .in_channels = 15,
                                     .in_height = 3,
                                     .in_width = 3,
                                     .out_channels = 16,
                                     .out_height = 1,
                                     .out_width = 1,
                                     .kernel = 3,
                                     .alignment = sizeof(cuda::Bf16)};
  for (const auto part : {cuda::SumPart::kOwn, cuda::SumPart::kRest}) {
    const cuda::Convolution<cuda::Bf16> convolution(
        context, shape, {.part = part, .relu = true, .input_gradient = true, .weight_gradient = true},
        {.precision = Precision::kBf16, .workspace_bytes = 4096});
    CHECK(convolution.plain() == (part == cuda::SumPart::kOwn));
  }
}

TEST_CASE("where columns are that begin with their own features changes no bit") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  const Overlapping on;
  for (const Precision precision : precisions()) {
    std::vector<Trained> all;
    for (const int jitter : {0, 300})
      for (const Devices& devices : placements(plan)) {
        const TestMachine machine({.jitter = jitter});
        all.push_back(train(plan, *make_team(plan, devices, precision), 3, data));
      }
    check_same_bits(all);
  }
}
