// What a predictor shows of a net's inside, against the reference in double.
#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <vector>

#include "alexnet/error.h"
#include "alexnet/predictor.h"
#include "cpu/small_nets.h"
#include "reference/net.h"
#include "train/toy.h"

using namespace alexnet;

namespace {

/// Nets small enough for the reference, with records that are noise.
struct Subject {
  explicit Subject(const std::string& json, uint64_t seed = 11)
      : spec(parse_net_spec(json)), plan(plan_net(spec)), net(plan, seed) {
    preprocessing.crop_size = spec.input_size;
    preprocessing.mean = MeanMode::kRgb;
    preprocessing.mean_rgb = {120, 110, 100};
    preprocessing.gain = {0.05f, 0.05f, 0.05f};  // so that no tanh is 1 in float alone, a tie for a pool
    for (int i = 0; i < 3; ++i) {
      std::vector<uint8_t> record(static_cast<size_t>(kRecordBytes));
      for (size_t p = 0; p < record.size(); ++p) record[p] = static_cast<uint8_t>((p * 7919 + i * 131) % 251);
      records.push_back(std::move(record));
    }
  }

  PredictorOptions options(bool views, int64_t batch = 1) const {
    PredictorOptions options;
    options.net = spec;
    options.preprocessing = preprocessing;
    options.threads = 1;
    options.batch = batch;
    options.views = views;
    return options;
  }

  void load(Predictor& predictor) {
    for (const auto& parameter : net.parameters()) {
      const std::vector<float> values(parameter.values.begin(), parameter.values.end());
      predictor.load(parameter.name, 0, values);
    }
  }

  /// The centre crop of a record as the reference reads it.
  reference::Values input(size_t record) const {
    std::vector<float> image(static_cast<size_t>(3 * spec.input_size * spec.input_size));
    write_input(records[record].data(), centre_sample(preprocessing), preprocessing, InputLayout::kNchw,
                InputType::kFloat32, image.data());
    return {image.begin(), image.end()};
  }

  NetSpec spec;
  NetPlan plan;
  reference::Net net;
  Preprocessing preprocessing;
  std::vector<std::vector<uint8_t>> records;
};

/// The largest difference relative to the largest expected value.
double difference(const std::vector<float>& found, const reference::Values& expected) {
  REQUIRE(found.size() == expected.size());
  double largest = 0, worst = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    worst = std::max(worst, std::abs(double{found[i]} - expected[i]));
  }
  return largest > 0 ? worst / largest : worst;
}

/// Every place of the net with the reference's values and gradients.
template <class Visit>
void each_place(const reference::Net& net, const Visit& visit) {
  for (size_t l = 0; l < net.traces().size(); ++l) {
    const reference::LayerTrace& trace = net.traces()[l];
    visit(InnerPlace{static_cast<int64_t>(l), 0}, trace.linear, trace.dlinear);
    for (size_t k = 0; k < trace.ops.size(); ++k)
      visit(InnerPlace{static_cast<int64_t>(l), static_cast<int64_t>(k) + 1}, trace.ops[k].y,
            trace.ops[k].dy);
  }
}

}  // namespace

TEST_CASE("maps and class gradients at every place equal the reference's") {
  for (const test::SmallNet& small : test::small_nets()) {
    CAPTURE(small.name);
    Subject subject(small.json);
    for (const bool apart : {false, true}) {
      if (apart && subject.spec.columns < 2) continue;
      PredictorOptions options = subject.options(true);
      if (apart) options.devices = {"cpu", "cpu"};
      Predictor predictor(options);
      subject.load(predictor);
      std::vector<float> probabilities(static_cast<size_t>(subject.spec.classes));
      predictor.look_at(subject.records[1].data(), probabilities.data());
      subject.net.forward(subject.input(1), 1, std::nullopt);
      for (const int64_t label : {int64_t{0}, subject.spec.classes - 1}) {
        reference::Values seed(static_cast<size_t>(subject.spec.classes));
        seed[static_cast<size_t>(label)] = 1;
        subject.net.differentiate(seed);
        each_place(subject.net, [&](const InnerPlace& place, const auto& values, const auto& gradient) {
          CAPTURE(place.layer);
          CAPTURE(place.op);
          CHECK(predictor.shape_of(place).count() == static_cast<int64_t>(values.size()));
          CHECK(difference(predictor.maps(place), values) < 1e-5);
          CHECK(difference(predictor.class_gradient(label, place), gradient) < 1e-4);
        });
      }
    }
  }
}

TEST_CASE("a class gradient predicts how a logit follows a small change of a bias") {
  Subject subject(test::small_nets()[0].json);
  Predictor predictor(subject.options(true));
  subject.load(predictor);
  std::vector<float> probabilities(static_cast<size_t>(subject.spec.classes));
  predictor.look_at(subject.records[0].data(), probabilities.data());
  const reference::Values input = subject.input(0);
  const auto logit_with = [&](double& bias, double value) {
    const double before = std::exchange(bias, value);
    const double logit = subject.net.forward(input, 1, std::nullopt)[2];
    bias = before;
    return logit;
  };
  const int64_t layer = 2;  // conv3: both columns read all, pooling follows
  const Shape shape = predictor.shape_of({layer, 0});
  const std::vector<float> gradient = predictor.class_gradient(2, {layer, 0});
  for (const int64_t channel : {0, 9, 31}) {
    double sum = 0;
    for (int64_t p = 0; p < shape.height * shape.width; ++p)
      sum += gradient[static_cast<size_t>(channel * shape.height * shape.width + p)];
    double& bias = subject.net.parameter("conv3.bias").values[static_cast<size_t>(channel)];
    const double h = 1e-5, slope = (logit_with(bias, bias + h) - logit_with(bias, bias - h)) / (2 * h);
    CAPTURE(channel);
    CHECK(sum == doctest::Approx(slope).epsilon(1e-3));
  }
}

TEST_CASE("features are what the classifier reads, in any batch and precision") {
  for (const std::string scale : {"training", "test"}) {
    CAPTURE(scale);
    Subject subject(test::two_columns("relu", R"(["activation","lrn","pool"])", R"(["activation"])", scale));
    std::vector<const uint8_t*> records;
    for (const auto& record : subject.records) records.push_back(record.data());
    for (const bool bf16 : {false, true}) {
      if (bf16 && !cpu::has_bf16()) continue;
      PredictorOptions options = subject.options(false, 2);
      if (bf16) options.precision = Precision::kBf16;
      Predictor predictor(options);
      subject.load(predictor);
      const size_t count = static_cast<size_t>(predictor.feature_count());
      REQUIRE(count == 30);
      std::vector<float> features(records.size() * count);
      predictor.features(records, features.data());
      for (size_t i = 0; i < records.size(); ++i) {
        subject.net.forward(subject.input(i), 1, std::nullopt);
        const std::vector<float> own(features.begin() + static_cast<std::ptrdiff_t>(i * count),
                                     features.begin() + static_cast<std::ptrdiff_t>((i + 1) * count));
        CHECK(difference(own, subject.net.traces().back().x) < (bf16 ? 0.05 : 1e-5));
      }
    }
  }
}

TEST_CASE("activity counts what the reference's activations hold, dead units among them") {
  for (const std::string activation : {"relu", "tanh", "sigmoid"}) {
    CAPTURE(activation);
    Subject subject(test::two_columns(activation, R"(["activation","lrn","pool"])", R"(["activation"])"));
    // Nothing can make these active: far below what the inputs reach.
    for (const size_t unit : {size_t{3}, size_t{21}})
      subject.net.parameter("conv1.bias").values[unit] = activation == "relu" ? -1e4 : 1e4;
    Predictor predictor(subject.options(false, 2));
    subject.load(predictor);
    std::vector<const uint8_t*> records;
    for (const auto& record : subject.records) records.push_back(record.data());
    int64_t last = 0;
    const auto layers = predictor.activity(records, [&](int64_t done, int64_t total) {
      CHECK(total == 3);
      last = done;
      return true;
    });
    CHECK(last == 3);
    REQUIRE(layers.size() == 4);  // all but the classifier
    CHECK(layers[0].dead() >= 2);
    CHECK(layers[0].active_images[3] == 0);
    std::map<std::string, size_t> ops{{"conv1", 0}, {"conv2", 0}, {"conv3", 0}, {"fc4", 0}};
    for (size_t l = 0; l < layers.size(); ++l) {
      const LayerActivity& found = layers[l];
      CAPTURE(found.layer);
      const size_t units = found.mean.size(), values = static_cast<size_t>(found.values);
      std::vector<double> sum(units), zeros(units), ends(units);
      std::vector<int64_t> active(units);
      for (size_t i = 0; i < records.size(); ++i) {
        subject.net.forward(subject.input(i), 1, std::nullopt);
        const reference::Values& y = subject.net.traces()[l].ops[ops.at(found.layer)].y;
        REQUIRE(y.size() == units * values);
        for (size_t u = 0; u < units; ++u) {
          bool any = false;
          for (size_t p = 0; p < values; ++p) {
            const double v = y[u * values + p];
            const bool end = activation == "tanh"      ? std::abs(v) > 0.95
                             : activation == "sigmoid" ? v < 0.025 || v > 0.975
                                                       : false;
            sum[u] += v;
            zeros[u] += v == 0;
            ends[u] += end;
            any = any || (activation == "relu" ? v != 0 : !end);
          }
          active[u] += any;
        }
      }
      const double count = static_cast<double>(records.size() * values);
      for (size_t u = 0; u < units; ++u) {
        CHECK(found.mean[u] == doctest::Approx(sum[u] / count).epsilon(1e-4));
        CHECK(std::abs(found.zero_share[u] - zeros[u] / count) < 0.01);  // signs of values near 0
        CHECK(std::abs(found.saturated_share[u] - ends[u] / count) < 0.01);
        CHECK(std::abs(found.active_images[u] - active[u]) <= 0);
      }
    }
  }
}

TEST_CASE("an occluded answer is that of a record painted over with the mean") {
  Subject subject(test::small_nets()[0].json);
  const int64_t size = subject.spec.input_size, margin = (kPackSize - size) / 2, side = 9;
  const std::vector<Corner> corners{{0, 0}, {12, 30}, {-4, 5}, {35, 35}, {100, 100}};
  const auto classes = static_cast<size_t>(subject.spec.classes);
  for (const bool bf16 : {false, true}) {
    if (bf16 && !cpu::has_bf16()) continue;
    PredictorOptions options = subject.options(false, 3);
    if (bf16) options.precision = Precision::kBf16;
    Predictor predictor(options);
    subject.load(predictor);
    std::vector<float> found(corners.size() * classes), expected(classes);
    predictor.occlude(subject.records[2].data(), corners, side, found.data());
    for (size_t i = 0; i < corners.size(); ++i) {
      std::vector<uint8_t> painted = subject.records[2];
      for (int64_t y = 0; y < side; ++y)
        for (int64_t x = 0; x < side; ++x) {
          const int64_t row = corners[i].top + y, column = corners[i].left + x;
          if (row < 0 || column < 0 || row >= size || column >= size) continue;
          uint8_t* pixel = painted.data() + ((margin + row) * kPackSize + margin + column) * 3;
          pixel[0] = 120, pixel[1] = 110, pixel[2] = 100;
        }
      const uint8_t* record = painted.data();
      predictor.predict({&record, 1}, 1, expected.data());
      for (size_t c = 0; c < classes; ++c) CHECK(std::abs(found[i * classes + c] - expected[c]) < 1e-6);
    }
    CHECK(std::vector<float>(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(classes)) !=
          std::vector<float>(found.end() - static_cast<std::ptrdiff_t>(classes), found.end()));
    int calls = 0;
    CHECK_THROWS_AS(predictor.occlude(subject.records[2].data(), corners, side, found.data(),
                                      [&](int64_t, int64_t) { return ++calls < 1; }),
                    Error);
    CHECK(calls == 1);
  }
}

TEST_CASE("views say what is missing") {
  Subject subject(test::small_nets()[0].json);
  Predictor plain(subject.options(false));
  subject.load(plain);
  std::vector<float> probabilities(static_cast<size_t>(subject.spec.classes));
  CHECK_THROWS_AS(plain.look_at(subject.records[0].data(), probabilities.data()), Error);
  Predictor views(subject.options(true));
  subject.load(views);
  CHECK_THROWS_AS(views.maps({0, 0}), Error);  // nothing was looked at
  views.look_at(subject.records[0].data(), probabilities.data());
  CHECK_THROWS_AS(views.maps({9, 0}), Error);
  CHECK_THROWS_AS(views.maps({0, 9}), Error);
  CHECK_THROWS_AS(views.class_gradient(99, {1, 0}), Error);
  PredictorOptions bf16 = subject.options(true);
  bf16.precision = Precision::kBf16;
  CHECK_THROWS_AS(Predictor{bf16}, Error);
}
