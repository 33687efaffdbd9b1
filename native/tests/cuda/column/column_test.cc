// The CUDA column on a stand-in device: whole nets against the reference, columns on one and on two devices,
// what happens when memory or a device fails.
#include "column_testing.h"

#include <cuda_runtime_api.h>

#include "cuda/column/arena.h"
#include "cuda/column/graph.h"
#include "cuda/device_rules.h"

using namespace alexnet;
using namespace alexnet::test;

TEST_CASE("nets of every kind train as the reference does, in fp32, wherever their columns are") {
  for (const SmallNet& small : nets()) {
    CAPTURE(small.name);
    const NetPlan plan = plan_net(parse_net_spec(small.json));
    for (const Devices& devices : placements(plan)) {
      CAPTURE(devices.size());
      const TestMachine machine;
      compare_with_reference(plan, *make_team(plan, devices, Precision::kFp32), kFp32);
    }
  }
}

TEST_CASE("nets of every kind train as the reference does, in bf16, wherever their columns are") {
  for (const SmallNet& small : nets()) {
    CAPTURE(small.name);
    const NetPlan plan = plan_net(parse_net_spec(small.json));
    for (const Devices& devices : placements(plan)) {
      CAPTURE(devices.size());
      const TestMachine machine;
      compare_with_reference(plan, *make_team(plan, devices, Precision::kBf16), kBf16);
    }
  }
}

TEST_CASE("where the columns are, and how streams run beside each other, changes no bit") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  for (const Precision precision : precisions()) {
    std::vector<Trained> all;
    for (const int jitter : {0, 300})
      for (const Devices& devices : placements(plan)) {
        const TestMachine machine({.jitter = jitter});
        auto team = make_team(plan, devices, precision);
        all.push_back(train(plan, *team, 3, data));
      }
    check_same_bits(all);
  }
}

TEST_CASE("a batch that was brought ahead is the one computed on, and one that was not is brought") {
  const NetPlan plan = plan_of(0);
  std::vector<Data> data;
  for (const float spread : {20.0f, 30.0f, 40.0f}) data.push_back(make_data(plan, spread));
  data[1].labels[0] = 5;
  // Which batch each step gets, and which one was told the step before; -1: none. Step 3's was told wrongly,
  // step 5's memory holds something else than it did when its number was told: a new number says so.
  struct Step {
    int batch;
    uint64_t id;
    int next;
    uint64_t next_id;
  };
  const std::vector<Step> steps{{0, 1, 1, 2}, {1, 2, 0, 3},  {2, 4, 2, 5},
                                {2, 5, 1, 6}, {1, 7, -1, 0}, {0, 0, 0, 0}};
  for (const Devices& devices : placements(plan)) {
    std::vector<std::vector<float>> ends;
    for (const bool told : {false, true}) {
      const TestMachine machine({.jitter = 200});
      auto team = make_team(plan, devices, Precision::kFp32);
      std::vector<std::vector<std::byte>> images;
      for (const Data& one : data) images.push_back(arrange(one, plan, team->input_format()));
      const auto batch_of = [&](int number, uint64_t id) {
        const auto i = static_cast<size_t>(number);
        return columns::Batch{images[i].data(), data[i].labels.data(), kBatch - 1, id};
      };
      uint32_t number = 0;
      for (const Step& step : steps) {
        if (number == 4)
          for (size_t i = 0; i < images[1].size() / 4; ++i)
            reinterpret_cast<float*>(images[1].data())[i] *= 0.5f;
        std::optional<columns::Batch> next;
        if (told && step.next >= 0) next = batch_of(step.next, step.next_id);
        const auto outcome =
            team->train(batch_of(step.batch, told ? step.id : 0),
                        {.training = true, .seed = kSeed, .step = number++}, updates(plan), next);
        CHECK(outcome.updated);
      }
      ends.emplace_back(static_cast<size_t>(plan.layers[1].weight_count()));
      team->read(1, Parameter::kWeight, ends.back());
    }
    CHECK(ends[0] == ends[1]);
  }
}

TEST_CASE("a step started before the last one is finished changes no bit, wherever the columns are") {
  const NetPlan plan = plan_of(0);
  std::vector<Data> data;
  for (const float spread : {20.0f, 30.0f, 40.0f}) data.push_back(make_data(plan, spread));
  constexpr uint32_t kSteps = 6;
  std::vector<std::vector<double>> losses;
  std::vector<std::vector<float>> ends;
  for (const Devices& devices : placements(plan))
    for (const bool ahead : {false, true}) {
      const TestMachine machine({.jitter = 200});
      auto team = make_team(plan, devices, Precision::kFp32);
      std::vector<std::vector<std::byte>> images;
      for (const Data& one : data) images.push_back(arrange(one, plan, team->input_format()));
      const auto batch_of = [&](uint32_t step) {
        const size_t i = step % data.size();
        return columns::Batch{images[i].data(), data[i].labels.data(), kBatch - 1, step + 1};
      };
      losses.emplace_back();
      const auto finish = [&] {
        const auto outcome = team->finish();
        CHECK(outcome.updated);
        losses.back().push_back(outcome.totals.loss);
      };
      for (uint32_t s = 0; s < kSteps; ++s) {
        auto factors = updates(plan);
        for (auto& factor : factors) factor.weight_rate *= 1 + 0.5f * static_cast<float>(s);
        team->start(batch_of(s), {.training = true, .seed = kSeed, .step = s}, factors, batch_of(s + 1));
        if (!ahead || s > 0) finish();
      }
      if (ahead) finish();
      ends.emplace_back(static_cast<size_t>(plan.layers[0].weight_count()));
      team->read(0, Parameter::kWeight, ends.back());
      ends.emplace_back(static_cast<size_t>(plan.layers.back().weight_count()));
      team->read(plan.layers.size() - 1, Parameter::kWeightVelocity, ends.back());
    }
  for (size_t i = 1; i < losses.size(); ++i) {
    CHECK(losses[i] == losses[0]);
    CHECK(ends[2 * i] == ends[0]);
    CHECK(ends[2 * i + 1] == ends[1]);
  }
}

TEST_CASE("after a loss that is not finite the step that was started already changes nothing either") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  const TestMachine machine;
  auto team = make_team(plan, {0, 1}, Precision::kFp32);
  const auto images = arrange(data, plan, team->input_format());
  std::vector<int32_t> no_class = data.labels;
  no_class[0] = 1000;  // its loss is not a number
  const columns::Batch good{images.data(), data.labels.data(), kBatch - 1},
      bad{images.data(), no_class.data(), kBatch - 1};
  const auto start = [&](const columns::Batch& batch) {
    team->start(batch, {.training = true, .seed = kSeed}, updates(plan));
  };
  const auto weights = [&] {
    std::vector<float> values(static_cast<size_t>(plan.layers[0].weight_count()));
    team->read(0, Parameter::kWeight, values);
    return values;
  };
  const std::vector<float> before = weights();
  start(bad);
  start(good);
  CHECK_FALSE(team->finish().updated);
  CHECK(std::isfinite(team->finish().totals.loss));
  CHECK(weights() == before);
  // A third pass at a time is refused; once all are finished, training goes on.
  start(good);
  start(good);
  CHECK(code_of([&] { start(good); }) == ErrorCode::kInternal);
  CHECK(team->train(good, {.training = true, .seed = kSeed}, updates(plan)).updated);
  CHECK(weights() != before);
  CHECK(code_of([&] { team->finish(); }) == ErrorCode::kInternal);
}

TEST_CASE("a convolution that no engine computes is refused when what was tried before it is over") {
  const NetPlan plan = plan_of(0);
  // conv3's: those of conv1 and conv2 are tried first.
  const TestMachine machine({.jitter = 1000, .refused_maps = 16});
  for (const Devices& devices : placements(plan)) {
    std::string message;
    CHECK(code_of([&] { make_team(plan, devices, Precision::kFp32); }, &message) ==
          ErrorCode::kDeviceUnavailable);
    CHECK(holds(message, "none of its engines computes it"));
  }
}

#if defined(ALEXNET_WITH_DATA)
TEST_CASE("batches of records train as the inputs do that the host makes of them, bit for bit") {
  const NetPlan plan = plan_of(0);
  Preprocessing pre;
  pre.crop_size = plan.spec.input_size;
  pre.gain = {0.5f, 0.25f, 1};
  pre.mean_image.resize(static_cast<size_t>(kRecordBytes));
  for (size_t i = 0; i < pre.mean_image.size(); ++i) pre.mean_image[i] = 100 + static_cast<float>(i % 50);
  std::vector<uint8_t> records(2 * static_cast<size_t>(kRecordBytes));
  std::mt19937 random(5);
  for (uint8_t& byte : records) byte = static_cast<uint8_t>(random() >> 24);
  const auto size = static_cast<size_t>(pre.crop_size);
  const std::vector<int32_t> labels{1, 0, 2, 1, 0, -1};
  for (const Precision precision : precisions()) {
    std::vector<std::vector<float>> ends;
    for (const Devices& devices : placements(plan))
      for (const bool bytes : {false, true}) {
        const TestMachine machine;
        auto team = make_team(plan, devices, precision);
        CHECK(team->accept_records(pre));
        const columns::InputFormat format = team->input_format();
        const auto row_bytes = static_cast<size_t>(format.image_bytes(pre.crop_size));
        for (uint32_t step = 0; step < 2; ++step) {
          std::vector<std::byte> inputs(row_bytes * kBatch);
          std::vector<uint8_t> crops(3 * size * size * kBatch);
          std::vector<RecordDraw> draws(kBatch);
          for (int32_t row = 0; row < kBatch - 1; ++row) {
            const Sample sample{
                row * 7 % 30, row * 11 % 30, row % 2 == 1, {1.5f * static_cast<float>(row), -3, 0}};
            const size_t of = static_cast<size_t>(row % 2), at = static_cast<size_t>(row);
            const uint8_t* record = records.data() + of * static_cast<size_t>(kRecordBytes);
            write_input(record, sample, pre, format.layout, format.type, inputs.data() + at * row_bytes);
            draws[at] = record_draw(row, sample);
            for (size_t y = 0; y < size; ++y)
              std::memcpy(crops.data() + (at * size + y) * size * 3,
                          record + ((static_cast<size_t>(sample.top) + y) * kPackSize +
                                    static_cast<size_t>(sample.left)) *
                                       3,
                          size * 3);
          }
          columns::Batch batch{.images = inputs.data(), .labels = labels.data(), .valid = kBatch - 1};
          if (bytes) {
            batch.images = crops.data();
            batch.draws = draws.data();
            batch.pieces = kBatch - 1;
            batch.side = pre.crop_size;
          }
          CHECK(team->train(batch, {.training = true, .seed = kSeed, .step = step}, updates(plan)).updated);
        }
        ends.emplace_back(static_cast<size_t>(plan.layers[0].weight_count()));
        team->read(0, Parameter::kWeight, ends.back());
        // There is no room for more than the inputs would be.
        const std::vector<RecordDraw> draws(kBatch);
        CHECK(code_of([&] {
                team->evaluate(
                    {.images = records.data(), .draws = draws.data(), .pieces = 2, .side = kPackSize});
              }) == ErrorCode::kInvalidArgument);
      }
    for (const auto& one : ends) CHECK(one == ends[0]);
  }
}
#endif

TEST_CASE("maps cross between devices by copies, on one device they are read where they lie") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  for (const bool peer : {true, false}) {
    const TestMachine machine({.peer_access = peer});
    auto team = make_team(plan, {0, 1}, Precision::kFp32);
    train(plan, *team, 1, data);
    // conv3, fc4 and fc5 forward and backward, and the logits: each column fetches one piece.
    CHECK(fake::peer_copies() == 2 * 7);
  }
  const TestMachine machine;
  auto team = make_team(plan, {1, 1}, Precision::kFp32);
  const auto images = arrange(data, plan, team->input_format());
  const auto outcome =
      team->train({images.data(), data.labels.data(), kBatch - 1}, {.training = true}, updates(plan));
  CHECK(fake::peer_copies() == 0);
  // Half a millisecond each on the stand-in: forward and logits; the backward sums are read in place.
  CHECK(outcome.exchange_ms == 2.0);
}

TEST_CASE("parameters are read as they were written, and a trained net goes on from them bit for bit") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    const TestMachine machine;
    auto first = make_team(plan, {0, 1}, precision);
    const Trained begun = train(plan, *first, 2, data);
    auto second = make_team(plan, {1}, precision);
    size_t i = 0;
    for (size_t l = 0; l < plan.layers.size(); ++l)
      for (const Parameter p :
           {Parameter::kWeight, Parameter::kBias, Parameter::kWeightVelocity, Parameter::kBiasVelocity}) {
        second->write(l, p, begun.parameters[i]);
        std::vector<float> again(begun.parameters[i].size());
        second->read(l, p, again);
        CHECK(again == begun.parameters[i]);
        ++i;
      }
    CHECK(train(plan, *second, 2, data).parameters == train(plan, *first, 2, data).parameters);
  }
}

TEST_CASE("a frozen layer keeps its weights and the others learn") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  const TestMachine machine;
  auto team = make_team(plan, {0, 1}, Precision::kBf16);
  const auto images = arrange(data, plan, team->input_format());
  for (const size_t frozen : {size_t{0}, size_t{2}, size_t{9}}) {
    auto factors = updates(plan);
    if (frozen < factors.size()) factors[frozen].frozen = true;
    if (frozen == 2) factors[0].frozen = factors[1].frozen = true;
    if (frozen == 9)
      for (auto& factor : factors) factor.frozen = true;
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
    for (size_t l = 0; l < plan.layers.size(); ++l) {
      CAPTURE(l);
      CHECK((before[l] == after[l]) == factors[l].frozen);
    }
  }
}

TEST_CASE("a loss that is not finite changes no parameter, and the next pass is as if it had not been") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  const TestMachine machine;
  auto team = make_team(plan, {0, 1}, Precision::kFp32);
  CHECK(team->all_finite());
  const size_t last = plan.layers.size() - 1;
  const std::vector<float> nan(static_cast<size_t>(plan.spec.classes), std::nanf(""));
  team->write(last, Parameter::kBias, nan);
  CHECK_FALSE(team->all_finite());
  const auto images = arrange(data, plan, team->input_format());
  const columns::Batch batch{images.data(), data.labels.data(), kBatch - 1};
  CHECK_FALSE(team->train(batch, {.training = true}, updates(plan)).updated);
  std::vector<float> values(static_cast<size_t>(plan.layers[0].weight_count()));
  team->read(0, Parameter::kWeight, values);
  CHECK(values == initial_weights(plan, 0, kSeed));
  team->write(last, Parameter::kBias, initial_biases(plan, last));
  CHECK(team->train(batch, {.training = true}, updates(plan)).updated);
  CHECK(team->all_finite());
}

TEST_CASE("without gradients a net answers with the same logits, with and without labels") {
  const NetPlan plan = plan_of(3);  // drops at test by its scale
  const Data data = make_data(plan);
  const TestMachine machine;
  std::vector<std::vector<float>> logits;
  double loss = 0;
  for (const Devices& devices : {Devices{0}, Devices{1, 0}}) {
    auto team = make_team(plan, devices, Precision::kFp32, /*training=*/false);
    const auto images = arrange(data, plan, team->input_format());
    const auto keep = [&] {
      logits.emplace_back(team->logits(), team->logits() + kBatch * plan.spec.classes);
    };
    const columns::BatchTotals totals = team->evaluate({images.data(), data.labels.data(), kBatch - 1});
    CHECK(totals.images == kBatch - 1);
    loss = totals.loss;
    CHECK(std::isfinite(loss));
    keep();
    CHECK(team->evaluate({images.data(), nullptr, kBatch - 1}).images == 0);
    keep();
  }
  for (const auto& one : logits) CHECK(one == logits[0]);
  auto training = make_team(plan, {0}, Precision::kFp32);
  const auto images = arrange(data, plan, training->input_format());
  CHECK(training->evaluate({images.data(), data.labels.data(), kBatch - 1}).loss == loss);
}

TEST_CASE("memory that does not suffice says how much is needed and which batch fits, and that one does") {
  const NetPlan plan = plan_of(0);
  // A net of one column on one device is said to need what it takes.
  const NetPlan single = plan_of(6);
  int64_t needed = 0;
  {
    const TestMachine machine;
    auto team = make_team(single, {0}, Precision::kFp32, true, 64);
    needed = fake::allocated();
  }
  for (const NetPlan* net : {&single, &plan}) {
    const TestMachine machine({.memory_bytes = needed * 3 / 5});
    std::string message;
    CHECK(code_of([&] { make_team(*net, {0}, Precision::kFp32, true, 64); }, &message) ==
          ErrorCode::kOutOfMemory);
    CAPTURE(message);
    if (net == &single)
      CHECK(holds(message, "cuda:0: this net needs " + cuda::gigabytes(needed) +
                               " of the GPU's memory at batch 64, and " + cuda::gigabytes(needed * 3 / 5)));
    const size_t at = message.find("; batch ");
    REQUIRE(at != std::string::npos);
    const int64_t fits = std::atoll(message.c_str() + at + 8);
    CHECK(fits > 16);
    CHECK(fits < 64);
    make_team(*net, {0}, Precision::kFp32, true, fits);
    CHECK(code_of([&] { make_team(*net, {0}, Precision::kFp32, true, fits + 8); }) ==
          ErrorCode::kOutOfMemory);
  }
}

TEST_CASE(
    "a batch beyond what libraries count is refused for its memory, or for its maps where that suffices") {
  const NetPlan plan = plan_of(0);
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    const TestMachine small;
    std::string message;
    CHECK(code_of([&] { make_team(plan, {0}, precision, true, int64_t{1} << 20); }, &message) ==
          ErrorCode::kOutOfMemory);
    CAPTURE(message);
    CHECK(holds(message, "; batch "));
    CHECK(holds(message, " fits"));
    const TestMachine huge({.memory_bytes = int64_t{1} << 60});
    CHECK(code_of([&] { make_team(plan, {0}, precision, true, int64_t{1} << 20); }, &message) ==
          ErrorCode::kDeviceUnavailable);
    CHECK(holds(message, "choose a smaller batch"));
  }
}

TEST_CASE("the largest batch is what the rest of the memory holds") {
  CHECK(cuda::largest_batch({.fixed = 100, .with_batch = 640}, 64, 200) == 10);
  CHECK(cuda::largest_batch({.fixed = 100, .with_batch = 640}, 64, 100) == 0);
  CHECK(cuda::largest_batch({.fixed = 100, .with_batch = 640}, 64, 740) == 64);
}

TEST_CASE("a device that fails in a step ends it as lost, with its cause") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  const TestMachine machine;
  auto team = make_team(plan, {0, 1}, Precision::kFp32);
  const auto images = arrange(data, plan, team->input_format());
  fake::break_devices(cudaErrorECCUncorrectable);
  std::string message;
  const auto step = [&] {
    team->train({images.data(), data.labels.data(), kBatch - 1}, {.training = true}, updates(plan));
  };
  CHECK(code_of(step, &message) == ErrorCode::kDeviceLost);
  CAPTURE(message);
  CHECK(holds(message, "cuda:"));
  CHECK(holds(message, "cudaErrorECCUncorrectable"));
  CHECK(holds(message, "memory has an error that cannot be corrected"));
  CHECK(holds(message, ".cc:"));  // the place
  // Before the images: what was queued may still read them.
  team.reset();
}

TEST_CASE("a device that fails within a library's call is lost, not the library's fault") {
  const TestMachine machine;
  cuda::DeviceContext context(0);
  cuda::GraphDescriptor tensor(context, cuda::kCudnnTensor);
  const auto fail = [&] { tensor.set_value(cuda::kCudnnTensorUid, cuda::kCudnnTypeFloat, 1); };
  CHECK(code_of(fail) == ErrorCode::kInternal);
  fake::break_devices(cudaErrorECCUncorrectable);
  CHECK(code_of(fail) == ErrorCode::kDeviceLost);
}

TEST_CASE("a device that hangs is given up after the time limit") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  setenv("ALEXNET_CUDA_STEP_LIMIT", "4", 1);
  fake::start({});
  setenv("ALEXNET_CUDA_LIBRARIES", ALEXNET_FAKE_LIBRARIES, 1);
  auto team = make_team(plan, {0, 1}, Precision::kFp32);
  unsetenv("ALEXNET_CUDA_STEP_LIMIT");
  const auto images = arrange(data, plan, team->input_format());
  for (uint32_t step = 0; step < 3; ++step)
    team->train({images.data(), data.labels.data(), kBatch - 1}, {.training = true, .step = step},
                updates(plan));
  CHECK(fake::graph_launches() > 0);
  fake::hang();
  std::string message;
  CHECK(code_of(
            [&] {
              team->train({images.data(), data.labels.data(), kBatch - 1}, {.training = true}, updates(plan));
            },
            &message) == ErrorCode::kDeviceLost);
  CHECK(holds(message, "a step did not end within 4 s"));
  CHECK(holds(message, "ALEXNET_CUDA_STEP_LIMIT"));
  // Nothing of a device that hangs can be freed: what it holds is left behind.
  team.reset();
  CHECK(fake::allocated() > 0);
}

TEST_CASE("the time in each layer is told where it is asked for") {
  const NetPlan plan = plan_of(0);
  const Data data = make_data(plan);
  for (const bool asked : {false, true}) {
    if (asked) setenv("ALEXNET_CUDA_PROFILE", "1", 1);
    const TestMachine machine;
    std::vector<columns::Column*> made;
    ColumnTeam team(plan, {.batch = kBatch}, [&](const columns::Share& share, int) {
      auto one = cuda::make_cuda_column(plan, {.share = share, .devices = {0, 0}, .training = true});
      made.push_back(one.get());
      return one;
    });
    unsetenv("ALEXNET_CUDA_PROFILE");
    draw_parameters(plan, team);
    train(plan, team, 1, data);
    std::vector<float> times(2 * plan.layers.size(), -1);
    cuda::cuda_layer_times(*made[0], times.data());
    for (const float time : times) CHECK((asked ? time >= 0.5f : time == 0.0f));
  }
}
