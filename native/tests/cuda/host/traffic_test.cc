// The bytes that a step moves, against counts by hand.
#include "cuda/traffic.h"

#include <doctest/doctest.h>

#include <map>

using namespace alexnet;

namespace {

/// Two columns, one exchange, the paper's order in the first layer and the original code's in the second.
NetPlan small_plan() {
  return plan_net(parse_net_spec(R"({"columns":2,"inputSize":10,"classes":6,"activation":"relu",
    "lrn":{"size":5,"k":2,"alpha":0.01,"beta":0.75},"pooling":{"size":2,"stride":2,"rounding":"floor"},"dropout":0.5,
    "init":{"kind":"he"},"layers":[
    {"name":"conv1","kind":"conv","width":8,"kernel":3,"padding":1,"then":["activation","lrn","pool"]},
    {"name":"conv2","kind":"conv","width":4,"kernel":1,"reads":"own","then":["pool","activation"]},
    {"name":"fc3","kind":"fc","width":10,"reads":"both","then":["activation","dropout"]},
    {"name":"fc4","kind":"fc","width":"classes","reads":"own","then":[]}]})"));
}

using Totals = std::map<std::string, std::pair<int64_t, int64_t>>;  // bytes and operations

Totals by_name(const std::vector<cuda::KernelTraffic>& all) {
  Totals totals;
  for (const auto& one : all) {
    auto& entry = totals[one.layer + (one.backward ? " < " : " > ") + one.kernel];
    entry.first += one.bytes;
    entry.second += one.flops;
  }
  return totals;
}

}  // namespace

TEST_CASE("every kernel's bytes are those of the arrays that it must read and write") {
  // conv1: 8 x 10 x 10, pooled to 8 x 5 x 5; conv2: 4 x 5 x 5, pooled to 4 x 2 x 2; fc3: 10; fc4: 6.
  constexpr int64_t kRows = 3, kValue = 2;
  const Totals got = by_name(cuda::step_traffic(small_plan(), kRows, Precision::kBf16));
  const auto conv = [&](int64_t in, int64_t weights, int64_t out) {
    return kRows * (in + out) * kValue + weights * kValue;
  };
  const int64_t flops1 = 2 * kRows * 800 * 27, flops2 = 2 * kRows * 100 * 4;
  const int64_t flops3 = 2 * kRows * 10 * 16, flops4 = 2 * kRows * 6 * 5;
  const Totals expected{
      {"input > crop, mirror, colour, mean", {kRows * 300 * 3, 0}},
      {"conv1 > convolution", {conv(300, 216, 800), flops1}},
      {"conv1 > lrn + pool", {kRows * (800 * 2 + 200 * 3), 0}},
      {"conv2 > convolution", {conv(200, 16, 100), flops2}},
      {"conv2 > pool", {kRows * (100 * 2 + 16 * 3), 0}},
      {"fc3 > gather", {2 * 2 * kRows * 16 * 2, 0}},
      {"fc3 > product", {conv(2 * 16, 160, 10), flops3}},
      {"fc3 > dropout", {kRows * 20 * 2, 0}},
      {"fc4 > product", {kRows * 10 * 2 + 30 * 2 + kRows * 6 * 4, flops4}},
      {"loss > softmax", {kRows * 6 * (2 * 4 + 2), 0}},
      {"fc4 < product, data", {conv(10, 30, 6), flops4}},
      {"fc4 < product, weights", {kRows * 16 * 2 + 30 * 4, flops4}},
      {"fc4 < bias sums", {kRows * 6 * 2, 0}},
      {"fc3 < dropout", {kRows * 30 * 2, 0}},
      {"fc3 < product, data", {conv(2 * 16, 160, 10), flops3}},
      {"fc3 < product, weights", {kRows * (32 + 10) * 2 + 160 * 4, flops3}},
      {"fc3 < bias sums", {kRows * 10 * 2, 0}},
      {"fc3 < gather", {3 * 2 * kRows * 16 * 2, 0}},
      {"conv2 < pool", {kRows * (2 * 100 * 2 + 16 * 3), 0}},
      {"conv2 < convolution, data", {conv(200, 16, 100), flops2}},
      {"conv2 < convolution, weights", {conv(200, 16, 100), flops2}},
      {"conv2 < bias sums", {kRows * 100 * 2, 0}},
      {"conv1 < lrn + pool", {kRows * (2 * 800 * 2 + 200 * 3), 0}},
      {"conv1 < convolution, weights", {conv(300, 216, 800), flops1}},
      {"conv1 < bias sums", {kRows * 800 * 2, 0}},
      {"update > sgd", {(216 + 8 + 16 + 4 + 160 + 10 + 30 + 6) * 22, 0}},
  };
  for (const auto& [name, numbers] : expected) {
    CAPTURE(name);
    REQUIRE(got.count(name) == 1);
    CHECK(got.at(name).first == numbers.first);
    CHECK(got.at(name).second == numbers.second);
  }
  CHECK(got.size() == expected.size());
}
