// The update of all parameters at once, and the search for values that are not finite.
#include "cuda/kernels/sgd.h"

#include "maps_testing.h"

namespace alexnet::cuda::testing {
namespace {

/// A parameter in memory, with a value behind its end that must stay.
struct Tensor {
  explicit Tensor(size_t size, bool bf16_gradient, bool has_copy, unsigned seed)
      : count(size), bf16(bf16_gradient), rounds(has_copy) {
    const Values w = random_values<float>(size, -1, 1, seed), v = random_values<float>(size, -1, 1, seed + 1);
    g = bf16 ? random_values<Bf16>(size, -1, 1, seed + 2) : random_values<float>(size, -1, 1, seed + 2);
    weight.assign(w.begin(), w.end());
    velocity.assign(v.begin(), v.end());
    for (const double value : g) {
      gradient.push_back(static_cast<float>(value));
      gradient_bf16.push_back(from_float<Bf16>(static_cast<float>(value)));
    }
    weight.push_back(kGuard);
    velocity.push_back(kGuard);
    copy.assign(size + 1, Bf16{0x1234});
  }
  ParameterEntry entry() {
    const void* from = bf16 ? static_cast<const void*>(gradient_bf16.data()) : gradient.data();
    return {
        weight.data(), velocity.data(), from, rounds ? copy.data() : nullptr, static_cast<int64_t>(count), -1,
        bf16};
  }

  static constexpr float kGuard = 1234.5f;
  size_t count;
  bool bf16, rounds;
  Values g;
  Vector<float> weight, velocity, gradient;
  Vector<Bf16> gradient_bf16, copy;
};

Values doubles(const Vector<float>& values, size_t count) {
  return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count)};
}

struct Net {
  std::vector<Tensor> tensors;
  Vector<ParameterRates> rates;
  std::vector<ParameterEntry> entries;
  Vector<ParameterEntry> stored;
  ParameterTable table;

  Net() {
    const size_t sizes[] = {1, 4096, 4097, 10, 20003, 3};
    for (size_t i = 0; i < std::size(sizes); ++i) {
      tensors.emplace_back(sizes[i], i % 2 == 0, i != 3, static_cast<unsigned>(10 * i));
      const auto step = static_cast<float>(i);
      rates.push_back({0.01f + 0.01f * step, 0.9f - 0.1f * step, 0.0005f * step, i == 4});
    }
    for (Tensor& tensor : tensors) entries.push_back(tensor.entry());
    table = number_chunks(entries);
    stored.assign(entries.begin(), entries.end());
    table.entries = stored.data();
  }
};

TEST_CASE("one call updates every parameter as the paper's rule does, but for frozen ones") {
  Net net;
  CHECK(net.table.chunks == 1 + 1 + 2 + 1 + 5 + 1);
  Vector<uint32_t> not_finite{0};
  std::vector<Values> weights, velocities;
  for (const Tensor& t : net.tensors) {
    weights.push_back(doubles(t.weight, t.count));
    velocities.push_back(doubles(t.velocity, t.count));
  }
  for (int step = 0; step < 3; ++step) {
    launch::sgd_update(net.table, net.rates.data(), nullptr, not_finite.data());
    for (size_t i = 0; i < net.tensors.size(); ++i) {
      const ParameterRates& r = net.rates[i];
      if (!r.frozen)
        reference::sgd_step(weights[i], velocities[i], net.tensors[i].g, {r.rate, r.momentum, r.decay});
    }
  }
  CHECK(not_finite[0] == 0);
  for (size_t i = 0; i < net.tensors.size(); ++i) {
    CAPTURE(i);
    const Tensor& t = net.tensors[i];
    // Values of up to 4 after three steps, a few roundings of 6e-8 each.
    CHECK(worst_error(doubles(t.weight, t.count), weights[i], 1) < 2e-6);
    CHECK(worst_error(doubles(t.velocity, t.count), velocities[i], 1) < 2e-6);
    if (net.rates[i].frozen) CHECK(doubles(t.weight, t.count) == weights[i]);
    int wrong = 0;
    for (size_t j = 0; j < t.count; ++j) {
      const bool written = t.rounds && !net.rates[i].frozen;
      wrong += t.copy[j].bits != (written ? from_float<Bf16>(t.weight[j]).bits : 0x1234);
    }
    CHECK(wrong == 0);
    CHECK(t.weight.back() == Tensor::kGuard);
    CHECK(t.velocity.back() == Tensor::kGuard);
    CHECK(t.copy.back().bits == 0x1234);
  }
}

TEST_CASE("nothing changes in a step whose loss was not finite") {
  Net net;
  const Vector<float> before = net.tensors[2].weight, velocity = net.tensors[2].velocity;
  Vector<uint32_t> skip{1};
  launch::sgd_update(net.table, net.rates.data(), skip.data(), nullptr);
  CHECK(net.tensors[2].weight == before);
  CHECK(net.tensors[2].velocity == velocity);
  skip[0] = 0;
  launch::sgd_update(net.table, net.rates.data(), skip.data(), nullptr);
  CHECK(net.tensors[2].weight != before);
}

TEST_CASE("one value that is not finite is found wherever it lies, by the update as well") {
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    Net net;
    net.tensors[0].weight[0] = 3e38f;  // large, but finite
    Vector<uint32_t> flag{9};
    launch::find_not_finite(net.table, flag.data());
    CHECK(flag[0] == 0);
    for (const auto& [tensor, place] :
         {std::pair<size_t, size_t>{0, 0}, {2, 4096}, {4, 20002}, {4, 7}, {5, 2}}) {
      float& value = net.tensors[tensor].weight[place];
      const float before = value;
      value = bad;
      launch::find_not_finite(net.table, flag.data());
      CHECK(flag[0] == 1);
      value = before;
    }
    launch::find_not_finite(net.table, flag.data());
    CHECK(flag[0] == 0);
    net.tensors[2].gradient_bf16[4096] = from_float<Bf16>(bad);
    launch::sgd_update(net.table, net.rates.data(), nullptr, flag.data());
    CHECK(flag[0] == 1);
  }
}

TEST_CASE("a parameter that is not trained stays as it is, and its values are looked at") {
  Vector<float> weight{1, 2, 3};
  std::vector<ParameterEntry> entries{{weight.data(), nullptr, nullptr, nullptr, 3, 0, 0}};
  ParameterTable table = number_chunks(entries);
  const Vector<ParameterEntry> stored(entries.begin(), entries.end());
  table.entries = stored.data();
  const Vector<ParameterRates> rates{{1, 0.9f, 0.5f, 0}};
  Vector<uint32_t> flag{0};
  launch::sgd_update(table, rates.data(), nullptr, flag.data());
  CHECK(weight == Vector<float>{1, 2, 3});
  weight[2] = NAN;
  launch::find_not_finite(table, flag.data());
  CHECK(flag[0] == 1);
}

TEST_CASE("parameters without memory, or askew in it, are refused") {
  Net net;
  const auto call = [&](const ParameterEntry& entry) {
    std::vector<ParameterEntry> entries{entry};
    return refused([&] { number_chunks(entries); });
  };
  ParameterEntry entry = net.entries[1];
  CHECK_FALSE(call(entry));
  entry.weight += 1;
  CHECK(call(entry));
  entry = net.entries[1];
  entry.gradient = nullptr;
  CHECK(call(entry));
  entry = net.entries[1];
  entry.count = 0;
  CHECK(call(entry));
}

}  // namespace
}  // namespace alexnet::cuda::testing
