// Whole nets on this machine's GPUs: against the reference, on one GPU and on two, bit for bit where that is
// promised. Without a GPU every test says why it is skipped; with ALEXNET_REQUIRE_GPU set that is a failure.
#include <doctest/doctest.h>

#include "alexnet/error.h"
#include "cpu/small_nets.h"
#include "cuda/net/gpus.h"
#include "spec/presets.h"

using namespace alexnet;
using namespace alexnet::test;

namespace {

using Devices = std::vector<int>;

std::unique_ptr<ColumnTeam> make_team(const NetPlan& plan, Devices devices, Precision precision,
                                      bool training = true, int64_t batch = kBatch,
                                      std::vector<columns::Column*>* all = nullptr) {
  const int threads = static_cast<int>(devices.size());
  if (devices.size() == 1) devices.resize(static_cast<size_t>(plan.spec.columns), devices[0]);
  const columns::Column* first = nullptr;
  auto team =
      std::make_unique<ColumnTeam>(plan, DeviceLayout{batch, threads}, [&](const columns::Share& share, int) {
        auto made = cuda::make_plugin_column(*gpus().plugin.api, plan, share,
                                             {.devices = devices,
                                              .precision = precision,
                                              .training = training,
                                              .input_from = first,
                                              .brings_input = threads == 1});
        if (threads == 1) first = made.get();
        if (all) all->push_back(made.get());  // on one device one thread makes them
        return made;
      });
  draw_parameters(plan, *team);
  return team;
}

std::vector<Devices> placements(const NetPlan& plan) {
  if (plan.spec.columns == 1) return {{0}};
  std::vector<Devices> all{{0}, {0, 0}};
  if (gpus().usable > 1) all.push_back({0, 1});
  return all;
}

NetPlan plan_of(size_t net) { return plan_net(parse_net_spec(small_nets()[net].json)); }

void compare(Precision precision, const Tolerance& tolerance) {
  if (!has_gpu()) return;
  std::vector<SmallNet> nets = small_nets();
  // It differs from bf16 by the products alone, and every team takes seconds to start.
  if (precision == Precision::kTf32) nets.resize(2);
  for (const SmallNet& small : nets) {
    CAPTURE(small.name);
    const NetPlan plan = plan_net(parse_net_spec(small.json));
    // The same bits wherever columns are is a test of its own: one net shows that all placements are right.
    std::vector<Devices> places = placements(plan);
    if (&small != &nets[0]) places.resize(1);
    for (const Devices& devices : places) {
      CAPTURE(devices.size());
      compare_on_gpu(plan, *make_team(plan, devices, precision), tolerance);
    }
  }
}

}  // namespace

TEST_CASE("every GPU's load and memory are told, or why they are not") {
  if (!has_gpu()) return;
  const std::vector<GpuLoad> loads = cuda::gpu_loads(gpus().plugin);
  CHECK(loads.size() >= static_cast<size_t>(gpus().usable));
  for (const GpuLoad& load : loads) {
    CAPTURE(load.id);
    CAPTURE(load.reason);
    CHECK(load.reason.empty() == (load.utilisation_percent >= 0 && load.memory_used_bytes >= 0));
    CHECK(load.utilisation_percent <= 100);
    CHECK(load.memory_used_bytes <= load.memory_bytes);
  }
}

TEST_CASE("on a GPU nets of every kind train as the reference does, in fp32") {
  compare(Precision::kFp32, kGpuFp32);
}

TEST_CASE("on a GPU nets of every kind train as the reference does, in tf32") {
  compare(Precision::kTf32, kGpuTf32);
}

TEST_CASE("on a GPU nets of every kind train as the reference does, in bf16") {
  compare(Precision::kBf16, kGpuBf16);
}

TEST_CASE("on one GPU, on it twice and on two GPUs the same bits come out, every time") {
  if (!has_gpu()) return;
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    std::vector<Trained> all;
    for (int repeat = 0; repeat < 2; ++repeat)
      for (const Devices& devices : placements(plan)) {
        auto team = make_team(plan, devices, precision);
        all.push_back(train(plan, *team, 20, data));
      }
    check_same_bits(all);
  }
}

TEST_CASE("on GPUs columns may begin with their own features: as the reference, the same bits everywhere") {
  if (!has_gpu()) return;
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  setenv("ALEXNET_CUDA_OVERLAP", "1", 1);
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    compare_on_gpu(plan, *make_team(plan, {0}, precision),
                   precision == Precision::kFp32 ? kGpuFp32 : kGpuBf16);
    std::vector<Trained> all;
    for (const Devices& devices : placements(plan))
      all.push_back(train(plan, *make_team(plan, devices, precision), 20, data));
    check_same_bits(all);
  }
  unsetenv("ALEXNET_CUDA_OVERLAP");
}

TEST_CASE("on a GPU engines may be chosen by measurement: as the reference, and none slower than the first") {
  if (!has_gpu()) return;
  const NetPlan plan = plan_of(0);
  setenv("ALEXNET_CUDA_ENGINES", "measured", 1);
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    std::vector<columns::Column*> made;
    auto team = make_team(plan, {0}, precision, true, kBatch, &made);
    const std::vector<cuda::PluginEngine> engines = cuda::engine_report(*made[0], plan.layers.size());
    for (size_t i = 0; i < engines.size(); ++i) {
      CAPTURE(i);
      // The first layer gives no gradient of what it reads: the photos.
      CHECK((engines[i].measured > 0) == (i != 1));
      CHECK((engines[i].fastest_ms > 0) == (i != 1));
      // A convolution's forward pass is measured twice: also in another form.
      if (i % 3 > 0) CHECK(engines[i].fastest_ms <= engines[i].first_ms);
    }
    compare_on_gpu(plan, *team, precision == Precision::kFp32 ? kGpuFp32 : kGpuBf16);
  }
  unsetenv("ALEXNET_CUDA_ENGINES");
}

TEST_CASE("on a GPU steps are recorded as graphs, and give the same bits as kernel by kernel") {
  if (!has_gpu()) return;
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    std::vector<Trained> all;
    for (const bool graphs : {true, false}) {
      setenv("ALEXNET_CUDA_GRAPHS", graphs ? "1" : "0", 1);
      std::vector<columns::Column*> made;
      auto team = make_team(plan, {0}, precision, true, kBatch, &made);
      all.push_back(train(plan, *team, 8, data));
      for (const columns::Column* column : made) {
        const cuda::PluginGraphs report = cuda::graph_report(*column);
        CHECK(std::string(report.refusal) == "");
        CHECK((report.recorded > 0) == graphs);
      }
    }
    unsetenv("ALEXNET_CUDA_GRAPHS");
    check_same_bits(all);
  }
}

TEST_CASE("on a GPU steps may be started ahead, and a bad loss stops those that were") {
  if (!has_gpu()) return;
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  std::vector<std::vector<float>> ends;
  for (const bool ahead : {false, true}) {
    auto team = make_team(plan, {0}, Precision::kBf16);
    const auto images = arrange(data, plan, team->input_format());
    std::vector<int32_t> no_class = data.labels;
    no_class[0] = 1000;
    const columns::Batch good{images.data(), data.labels.data(), kBatch - 1},
        bad{images.data(), no_class.data(), kBatch - 1};
    for (uint32_t s = 0; s < 10; ++s) {
      team->start(good, {.training = true, .seed = kSeed, .step = s}, updates(plan));
      if (!ahead || s > 0) CHECK(team->finish().updated);
    }
    if (ahead) CHECK(team->finish().updated);
    ends.emplace_back(static_cast<size_t>(plan.layers[0].weight_count()));
    team->read(0, Parameter::kWeight, ends.back());
    team->start(bad, {.training = true}, updates(plan));
    team->start(good, {.training = true}, updates(plan));
    CHECK_FALSE(team->finish().updated);
    team->finish();
    std::vector<float> after(ends.back().size());
    team->read(0, Parameter::kWeight, after);
    CHECK(after == ends.back());
  }
  CHECK(ends[0] == ends[1]);
}

TEST_CASE("on a GPU a net goes on from parameters that were read, bit for bit") {
  if (!has_gpu()) return;
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    auto first = make_team(plan, {0}, precision), second = make_team(plan, {0, 0}, precision);
    const Trained begun = train(plan, *first, 3, data);
    size_t i = 0;
    for (size_t l = 0; l < plan.layers.size(); ++l)
      for (const Parameter p :
           {Parameter::kWeight, Parameter::kBias, Parameter::kWeightVelocity, Parameter::kBiasVelocity})
        second->write(l, p, begun.parameters[i++]);
    CHECK(train(plan, *second, 3, data).parameters == train(plan, *first, 3, data).parameters);
  }
}

TEST_CASE("on a GPU a loss that is not finite changes no parameter") {
  if (!has_gpu()) return;
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  auto team = make_team(plan, {0}, Precision::kBf16);
  CHECK(team->all_finite());
  const std::vector<float> nan(static_cast<size_t>(plan.spec.classes), std::nanf(""));
  team->write(plan.layers.size() - 1, Parameter::kBias, nan);
  CHECK_FALSE(team->all_finite());
  const auto images = arrange(data, plan, team->input_format());
  CHECK_FALSE(team->train({images.data(), data.labels.data(), kBatch - 1}, {.training = true}, updates(plan))
                  .updated);
  std::vector<float> values(static_cast<size_t>(plan.layers[0].weight_count()));
  team->read(0, Parameter::kWeight, values);
  CHECK(values == initial_weights(plan, 0, kSeed));
}

TEST_CASE("on a GPU the presets' nets give the reference's logits for two images") {
  if (!has_gpu()) return;
  for (const std::string name : {"paper-2012", "code-2012"}) {
    CAPTURE(name);
    const NetPlan plan = preset_plan(name);
    constexpr int64_t kImages = 2;
    std::mt19937 random(3);
    std::normal_distribution<float> pixel(0.0f, 36.0f);
    const int64_t size = plan.spec.input_size;
    std::vector<float> planar(static_cast<size_t>(kImages * 3 * size * size));
    for (float& value : planar) value = pixel(random);
    std::vector<float> images(planar.size());
    for (int64_t n = 0; n < kImages; ++n)
      for (int64_t c = 0; c < 3; ++c)
        for (int64_t p = 0; p < size * size; ++p)
          images[static_cast<size_t>((n * size * size + p) * 3 + c)] =
              planar[static_cast<size_t>((n * 3 + c) * size * size + p)];
    reference::Net net(plan, kSeed);
    const auto& expected =
        net.forward(reference::Values(planar.begin(), planar.end()), kImages, /*dropout=*/std::nullopt);
    for (const Devices& devices : placements(plan)) {
      auto team = make_team(plan, devices, Precision::kFp32, /*training=*/false, kImages);
      team->evaluate({images.data(), nullptr, kImages});
      const std::vector<float> logits(team->logits(), team->logits() + kImages * plan.spec.classes);
      CHECK(difference(logits, expected) < 2e-4);
    }
  }
}

TEST_CASE("a batch that no GPU holds is refused with one that fits") {
  if (!has_gpu()) return;
  const NetPlan plan = preset_plan("paper-2012");
  try {
    make_team(plan, {0}, Precision::kFp32, /*training=*/true, int64_t{1} << 20);
    FAIL("a million images fitted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kOutOfMemory);
    CHECK(std::string(error.what()).find(" fits") != std::string::npos);
  }
}
