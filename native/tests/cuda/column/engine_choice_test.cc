// The choice of cuDNN's engines and cuBLASLt's algorithms by measurement, on a stand-in device whose
// libraries propose some that are faster than the first one, and faster ones that must not be taken.
#include "column_testing.h"

#include <cuda_runtime_api.h>

#include <map>
#include <mutex>

#include "cuda/column/arena.h"
#include "cuda/column/convolution.h"

using namespace alexnet;
using namespace alexnet::test;

namespace {

/// Columns that are made while it exists choose their engines as this says.
class Engines {
 public:
  explicit Engines(const char* chosen) { setenv("ALEXNET_CUDA_ENGINES", chosen, 1); }
  ~Engines() { unsetenv("ALEXNET_CUDA_ENGINES"); }
};

/// How often each engine has computed something, from now on until it is asked.
class Counted {
 public:
  Counted() {
    fake::watch([this](const std::string& what) {
      const std::lock_guard lock(mutex_);
      if (holds(what, " by ")) ++counts_[what];
    });
  }
  std::map<std::string, int> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(counts_, {});
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> counts_;
};

std::vector<std::string> names(const std::map<std::string, int>& counts) {
  std::vector<std::string> all;
  for (const auto& [name, count] : counts) all.push_back(name);
  return all;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("of the engines that may be taken the fastest computes, where measuring is asked for") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  for (const Precision precision : precisions()) {
    const Engines measured("measured");
    const TestMachine machine;
    Counted counted;
    auto team = make_team(plan, {0, 1}, precision);
    const bool exact = precision == Precision::kFp32;
    // In fp32 tensor cores are not used. Nothing else that is fast has been tried but what refused.
    CHECK(names(counted.take()) ==
          (exact ? Names{"convolution by fast fallback", "convolution by first fallback", "product by fast",
                         "product by first", "product by slow"}
                 : Names{"convolution by equal", "convolution by fast", "convolution by fast fallback",
                         "convolution by first", "convolution by first fallback", "product by fast",
                         "product by first", "product by slow"}));
    train(plan, *team, 3, data);
    CHECK(names(counted.take()) ==
          Names{exact ? "convolution by fast fallback" : "convolution by fast", "product by fast"});
    team.reset();
  }
}

TEST_CASE("without it the first that may be taken computes, and nothing is measured") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  // Three convolutions, two columns; the first needs no gradient of what it reads.
  constexpr int kConvolutions = 2 * (2 + 3 + 3);
  for (const char* chosen : {"heuristic", "fastest", ""})
    for (const Precision precision : precisions()) {
      const Engines engines(chosen);
      const TestMachine machine;
      Counted counted;
      std::vector<columns::Column*> made;
      auto team = make_team(plan, {0, 1}, precision, true, kBatch, &made);
      const std::string first =
          precision == Precision::kFp32 ? "convolution by first fallback" : "convolution by first";
      CHECK(counted.take() == std::map<std::string, int>{{first, kConvolutions}});
      train(plan, *team, 3, data);
      CHECK(names(counted.take()) == Names{first, "product by first"});
      for (const cuda::LayerEngines& layer : cuda::cuda_engines(*made[0]))
        for (const cuda::EngineChoice& choice : layer) CHECK(choice.measured == 0);
      team.reset();
    }
}

TEST_CASE("a net whose engines were measured trains as the reference does") {
  const Engines measured("measured");
  const NetPlan plan = plan_of(0);
  // Where cuDNN takes long for bias and ReLU the own kernel does them.
  for (const double fusion : {0, 4}) {
    const TestMachine machine({.jitter = 100, .fusion = fusion});
    if (fusion == 0) compare_with_reference(plan, *make_team(plan, {1, 0}, Precision::kFp32), kFp32);
    compare_with_reference(plan, *make_team(plan, {1, 0}, Precision::kBf16), kBf16);
  }
}

TEST_CASE("what was measured is told, and there is working memory for every engine that was") {
  const NetPlan plan = plan_of(0);
  std::map<std::string, int64_t> allocated;
  for (const char* chosen : {"measured", "heuristic"}) {
    const Engines engines(chosen);
    const TestMachine machine;
    std::vector<columns::Column*> made;
    auto team = make_team(plan, {0}, Precision::kBf16, true, kBatch, &made);
    allocated[chosen] = fake::allocated();
    if (chosen != std::string("measured")) continue;
    const auto all = cuda::cuda_engines(*made[0]);
    REQUIRE(all.size() == plan.layers.size());
    for (size_t l = 0; l < all.size(); ++l)
      for (size_t pass = 0; pass < 3; ++pass) {
        CAPTURE(l);
        CAPTURE(pass);
        const bool convolves = plan.layers[l].spec.kind == LayerKind::kConv, none = l == 0 && pass == 1;
        const cuda::EngineChoice& choice = all[l][pass];
        // With bias and ReLU there are no fallbacks; without, there are two.
        CHECK(choice.measured == (none ? 0 : !convolves ? 3 : pass == 0 ? 3 + 5 : 5));
        // Half a millisecond is what the stand-in adds to four runs.
        CHECK(choice.first_ms == (none ? 0 : convolves ? 6.125f : 4.125f));
        CHECK(choice.fastest_ms == (none ? 0 : convolves ? 3.125f : 2.125f));
      }
  }
  // The largest that may be taken needs 3072 bytes, the first one 1024; there are two columns.
  CHECK(allocated["measured"] - allocated["heuristic"] == 2 * (3072 - 1024));
}

namespace {

/// A convolution on its own, with memory for it.
class Single {
 public:
  explicit Single(int64_t workspace_limit)
      : convolution_(context_, kShape, {.relu = true},
                     {.precision = Precision::kBf16, .workspace_bytes = workspace_limit, .measured = true}) {
    const auto tensor = [&](int64_t count) { return arena_.take<cuda::Bf16>(count, cuda::Growth::kFixed); };
    const auto x = tensor(2 * 4 * 9), weights = tensor(4 * 4 * 9), bias = tensor(4), y = tensor(2 * 4);
    // More than was asked for, as where another layer needs it.
    const auto workspace = arena_.take<std::byte>(1 << 20, cuda::Growth::kFixed);
    arena_.allocate(2, arena_.need(), {});
    convolution_.bind({.x = x.data(), .weights = weights.data(), .bias = bias.data(), .y = y.data()},
                      workspace.data(), workspace.bytes(), [this] { ++finished_; });
  }
  ~Single() { cudaStreamSynchronize(context_.compute()); }

  cuda::Convolution<cuda::Bf16>& convolution() { return convolution_; }
  int finished() const { return finished_; }
  void forward() {
    convolution_.forward();
    cudaStreamSynchronize(context_.compute());
  }

 private:
  static constexpr cuda::ConvolutionShape kShape{.batch = 2,
                                                 .in_channels = 4,
                                                 .in_height = 3,
                                                 .in_width = 3,
                                                 .out_channels = 4,
                                                 .out_height = 1,
                                                 .out_width = 1,
                                                 .kernel = 3};
  const cuda::DeviceContext context_{0};
  cuda::Arena arena_{context_};
  cuda::Convolution<cuda::Bf16> convolution_;
  int finished_ = 0;
};

}  // namespace

TEST_CASE("an engine that needs more working memory than is allowed is not measured") {
  const TestMachine machine;
  Counted counted;
  Single single(2500);
  CHECK(single.convolution().workspace_bytes() == 512);
  CHECK(names(counted.take()) ==
        Names{"convolution by equal", "convolution by fast fallback", "convolution by first"});
  single.forward();
  CHECK(names(counted.take()) == Names{"convolution by equal"});
}

TEST_CASE("bias and ReLU are left to the own kernel where that measures faster, and only there") {
  for (const double fusion : {0, 4}) {
    const TestMachine machine({.fusion = fusion});
    Single single(int64_t{1} << 20);
    CHECK(single.convolution().plain() == (fusion > 0));
    CHECK(single.finished() > 0);
    const cuda::EngineChoice choice = single.convolution().engines()[0];
    CHECK(choice.first_ms == doctest::Approx(6.125 + fusion));
    CHECK(choice.fastest_ms == 3.125f);
    const int finished = single.finished();
    single.forward();
    CHECK(single.finished() == finished);
  }
}
