// The predictor's answers against the trainer's validation, against crops one by one, and against plain
// counts.
#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "alexnet/predictor.h"
#include "train/preprocessing.h"
#include "train/toy.h"

using namespace alexnet;

namespace {

/// Weights that tell some of the toy's classes apart, but not all: trained for a short time.
const toy::Finished& trained() {
  static const auto run = toy::train(toy::config(R"({"epochs":1})"));
  return *run;
}

Preprocessing preprocessing_of(const RunConfig& config) {
  return train::make_preprocessing(PackReader(toy::packs().train).statistics(), config);
}

PredictorOptions options_of(const RunConfig& config, int64_t batch) {
  PredictorOptions options;
  options.net = config.net;
  options.preprocessing = preprocessing_of(config);
  options.devices = config.devices;
  options.precision = config.precision;
  options.threads = config.threads;
  options.batch = batch;
  return options;
}

/// Gives the predictor a finished run's weights and biases.
void load(Predictor& predictor, const toy::Finished& run) {
  for (size_t i = 0; i < predictor.tensors().size(); ++i)  // without every second pair, the velocities
    predictor.load(predictor.tensors()[i].name, 0, run.tensors[i / 2 * 4 + i % 2]);
}

std::vector<const uint8_t*> records_of(const PackReader& pack) {
  std::vector<const uint8_t*> records;
  for (int64_t i = 0; i < pack.count(); ++i) records.push_back(pack.record(i));
  return records;
}

std::vector<float> predict(Predictor& predictor, const std::vector<const uint8_t*>& records, int crops) {
  std::vector<float> out(records.size() * toy::kClasses, -1.0f);
  predictor.predict(records, crops, out.data());
  return out;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(double{a[i]} - double{b[i]}));
  return worst;
}

/// Records that hold the pack's crops at (top, left), mirrored or not, in their middle.
std::vector<std::vector<uint8_t>> moved_to_centre(const PackReader& pack, int64_t top, int64_t left,
                                                  bool mirror) {
  const int64_t centre = (kPackSize - 24) / 2;
  std::vector<std::vector<uint8_t>> moved;
  for (int64_t i = 0; i < pack.count(); ++i) {
    std::vector<uint8_t> record(kRecordBytes, 0);
    for (int64_t y = 0; y < 24; ++y)
      for (int64_t x = 0; x < 24; ++x)
        for (int64_t c = 0; c < 3; ++c)
          record[static_cast<size_t>(((centre + y) * kPackSize + centre + x) * 3 + c)] =
              pack.record(i)[((top + y) * kPackSize + left + (mirror ? 23 - x : x)) * 3 + c];
    moved.push_back(std::move(record));
  }
  return moved;
}

}  // namespace

TEST_CASE("the predictor answers as the trainer validated") {
  for (const std::string precision : {"fp32", "bf16"}) {
    if (precision == "bf16" && !cpu::has_bf16()) {
      MESSAGE("bf16 skipped: this processor has no bf16 instructions");
      continue;
    }
    CAPTURE(precision);
    const RunConfig config = toy::config(R"({"epochs":3,"precision":")" + precision + R"("})");
    const auto run = toy::train(config);
    Predictor predictor(options_of(config, toy::kBatch));
    load(predictor, *run);
    const auto result = predictor.evaluate(PackReader(toy::packs().validation), 1, {});
    const ValidationRecord& validated = run->recorder.validations.back();
    CHECK(result.images == validated.images);
    CHECK(result.top1_error == validated.top1_error);
    CHECK(result.top5_error == validated.top5_error);
    // Both take the logarithm of the same logits' softmax; here it went through a float.
    CHECK(result.loss == doctest::Approx(validated.loss).epsilon(1e-5));
  }
}

TEST_CASE("the batch and the devices change an answer by rounding only") {
  const RunConfig config = toy::config();
  const PackReader pack(toy::packs().validation);
  const auto records = records_of(pack);
  Predictor seven(options_of(config, 7));
  load(seven, trained());
  const auto expected = predict(seven, records, 1);
  for (size_t image = 0; image < records.size(); ++image) {
    const float* row = expected.data() + image * toy::kClasses;
    CHECK(std::accumulate(row, row + toy::kClasses, 0.0) == doctest::Approx(1).epsilon(1e-6));
  }
  // oneDNN may choose other kernels for another batch, which add in another order.
  for (const int64_t batch : {1, 18, 64}) {
    CAPTURE(batch);
    Predictor other(options_of(config, batch));
    load(other, trained());
    CHECK(largest_difference(predict(other, records, 1), expected) < 1e-5);
  }
  PredictorOptions two = options_of(config, 7);
  two.devices = {"cpu", "cpu"};
  Predictor apart(two);
  load(apart, trained());
  CHECK(largest_difference(predict(apart, records, 1), expected) < 1e-5);
  CHECK(predict(seven, records, 1) == expected);  // and again, bit for bit
}

TEST_CASE("ten crops are the mean of the ten softmaxes, taken one by one") {
  RunConfig config = toy::config(R"({"augmentation":{"mean":"rgb"}})");
  const PackReader pack(toy::packs().validation);
  Predictor predictor(options_of(config, 7));
  load(predictor, trained());
  std::vector<float> mean(static_cast<size_t>(pack.count() * toy::kClasses), 0.0f);
  const int64_t far = kPackSize - 24, centre = far / 2;
  for (const bool mirror : {false, true})
    for (const auto& [top, left] : {std::pair{centre, centre},
                                    {int64_t{0}, int64_t{0}},
                                    {int64_t{0}, far},
                                    {far, int64_t{0}},
                                    {far, far}}) {
      const auto moved = moved_to_centre(pack, top, left, mirror);
      std::vector<const uint8_t*> records;
      for (const auto& record : moved) records.push_back(record.data());
      const auto one = predict(predictor, records, 1);
      for (size_t i = 0; i < mean.size(); ++i) mean[i] += one[i] / 10;
    }
  const auto ten = predict(predictor, records_of(pack), 10);
  CHECK(largest_difference(ten, mean) < 1e-6);  // sums of ten floats in another order
  CHECK(largest_difference(ten, predict(predictor, records_of(pack), 1)) > 1e-3);  // it is not one crop
}

TEST_CASE("logits are what the softmax is made of") {
  const RunConfig config = toy::config();
  const PackReader pack(toy::packs().validation);
  const auto records = records_of(pack);
  Predictor predictor(options_of(config, 5));
  load(predictor, trained());
  std::vector<float> logits(records.size() * toy::kClasses), softmax(logits.size());
  predictor.logits(records, logits.data());
  for (size_t image = 0; image < records.size(); ++image) {
    const float* row = logits.data() + image * toy::kClasses;
    double sum = 0;
    for (size_t c = 0; c < toy::kClasses; ++c) sum += std::exp(double{row[c]});
    for (size_t c = 0; c < toy::kClasses; ++c)
      softmax[image * toy::kClasses + c] = static_cast<float>(std::exp(double{row[c]}) / sum);
  }
  CHECK(largest_difference(softmax, predict(predictor, records, 1)) < 1e-6);
}

TEST_CASE("an evaluation counts what the answers say") {
  const RunConfig config = toy::config();
  const PackReader pack(toy::packs().validation);
  for (const int crops : {1, 10}) {
    CAPTURE(crops);
    Predictor predictor(options_of(config, 7));
    load(predictor, trained());
    std::vector<std::pair<int64_t, int64_t>> told;
    const auto result = predictor.evaluate(pack, crops, [&](int64_t done, int64_t total) {
      told.push_back({done, total});
      return true;
    });
    CHECK(told.back() == std::pair<int64_t, int64_t>{18, 18});
    CHECK(std::is_sorted(told.begin(), told.end()));

    const auto probabilities = predict(predictor, records_of(pack), crops);
    std::vector<int64_t> confusion(36, 0), images(6, 0), hits(6, 0);
    double loss = 0, misses = 0, misses5 = 0;
    for (size_t i = 0; i < 18; ++i) {
      const float* row = probabilities.data() + i * 6;
      const auto label = static_cast<size_t>(pack.label(static_cast<int64_t>(i)));
      std::vector<size_t> order{0, 1, 2, 3, 4, 5};
      std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return row[a] > row[b]; });
      loss -= std::log(double{row[label]}) / 18;
      misses += order[0] != label;
      misses5 += order[5] == label;
      ++confusion[label * 6 + order[0]];
      ++images[label];
      hits[label] += order[5] != label;
      CHECK(result.true_probability[i] == doctest::Approx(row[label]).epsilon(1e-5));
      for (size_t k = 0; k < 5; ++k) {
        CHECK(result.top5[i * 5 + k] == static_cast<int32_t>(order[k]));
        CHECK(result.top5_probability[i * 5 + k] == doctest::Approx(row[order[k]]).epsilon(1e-5));
      }
    }
    CHECK(result.images == 18);
    CHECK(result.confusion == confusion);
    CHECK(result.class_images == images);
    CHECK(result.class_top5_hits == hits);
    CHECK(result.loss == doctest::Approx(loss).epsilon(1e-5));
    CHECK(result.top1_error == doctest::Approx(misses / 18).epsilon(1e-12));
    CHECK(result.top5_error == doctest::Approx(misses5 / 18).epsilon(1e-12));
    CHECK(misses > 0);  // or the weights were too good to show anything
  }
}

TEST_CASE("of a pack of other classes the images are counted whose class the net knows") {
  const scratch::Folder folder;
  // Five classes: three of the net's six in another order, and two that it does not know.
  const PackReader other(toy::make_pack(folder, "others", 0, 15, /*classes=*/5));
  const std::vector<int32_t> class_of{4, -1, 0, -1, 2};
  Predictor predictor(options_of(toy::config(), 6));
  load(predictor, trained());
  for (const int crops : {1, 10}) {
    std::pair<int64_t, int64_t> told;
    const auto result = predictor.evaluate_known(other, class_of, crops, [&](int64_t done, int64_t total) {
      told = {done, total};
      return true;
    });
    const auto probabilities = predict(predictor, records_of(other), crops);
    std::vector<int32_t> labels;
    double misses = 0;
    for (int64_t i = 0; i < other.count(); ++i) {
      const int32_t label = class_of[static_cast<size_t>(other.label(i))];
      if (label < 0) continue;
      const float* row = probabilities.data() + i * toy::kClasses;
      CHECK(result.true_probability[labels.size()] == doctest::Approx(row[label]).epsilon(1e-5));
      misses += std::max_element(row, row + toy::kClasses) - row != label;
      labels.push_back(label);
    }
    CHECK(labels.size() == 9);
    CHECK(result.labels == labels);
    CHECK(result.images == 9);
    CHECK(result.top1_error == doctest::Approx(misses / 9).epsilon(1e-12));
    CHECK(result.class_images == std::vector<int64_t>{3, 0, 3, 0, 3, 0});
    CHECK(told == std::pair<int64_t, int64_t>{9, 9});
  }
  const std::vector<int32_t> nothing(5, -1);
  CHECK(predictor.evaluate_known(other, nothing, 1, {}).images == 0);
  const auto refused = [&](const std::vector<int32_t>& classes) {
    return scratch::error_of([&] { predictor.evaluate_known(other, classes, 1, {}); }) == "INVALID_ARGUMENT";
  };
  CHECK(refused({0, 1, 2, 3}));
  CHECK(refused({0, 1, 2, 3, 6}));
  CHECK(refused({0, 1, 2, 3, -2}));
}

TEST_CASE("with fewer than five classes the rest of the five best is empty") {
  const scratch::Folder folder;
  const std::string path = toy::make_pack(folder, "three", 0, 6, /*classes=*/3);
  const RunConfig config = toy::config(R"({"net":{"classes":3},"epochs":1})");
  Trainer trainer(config, path, "");
  Predictor predictor(options_of(config, 4));
  for (const TensorInfo& info : predictor.tensors()) predictor.load(info.name, 0, trainer.read(info.name));
  const auto result = predictor.evaluate(PackReader(path), 1, {});
  CHECK(result.top5_error == 0);
  for (size_t image = 0; image < 6; ++image) {
    CHECK(result.top5[image * 5 + 2] >= 0);
    for (size_t k = 3; k < 5; ++k) {
      CHECK(result.top5[image * 5 + k] == -1);
      CHECK(result.top5_probability[image * 5 + k] == 0);
    }
  }
}

TEST_CASE("a net with missing or incomplete tensors does not answer until they are there") {
  const RunConfig config = toy::config();
  const PackReader pack(toy::packs().validation);
  const auto records = records_of(pack);
  std::vector<float> out(records.size() * toy::kClasses);
  const auto refusal = [&](Predictor& p) {
    return scratch::error_of([&] { p.predict(records, 1, out.data()); });
  };
  Predictor whole(options_of(config, 6)), predictor(options_of(config, 6));
  load(whole, trained());
  CHECK(refusal(predictor) == "INVALID_ARGUMENT");
  CHECK(scratch::error_of([&] { predictor.load("fc3.weight.velocity", 0, out); }) == "NOT_FOUND");
  load(predictor, trained());
  CHECK(refusal(predictor) == "none");
  CHECK(scratch::error_of([&] { predictor.load("conv1.bias", 0, trained().tensors[1]); }) ==
        "INVALID_ARGUMENT");

  Predictor last_missing(options_of(config, 6));
  const auto& tensors = last_missing.tensors();
  for (size_t i = 0; i + 1 < tensors.size(); ++i)
    last_missing.load(tensors[i].name, 0, trained().tensors[i / 2 * 4 + i % 2]);
  CHECK(refusal(last_missing) == "INVALID_ARGUMENT");
  const std::vector<float>& bias = trained().tensors[13];
  last_missing.load("fc4.bias", 0, std::span(bias).first(3));
  CHECK(refusal(last_missing) == "INVALID_ARGUMENT");
  last_missing.load("fc4.bias", 3, std::span(bias).subspan(3));
  CHECK(refusal(last_missing) == "none");
  CHECK(predict(last_missing, records, 1) == predict(whole, records, 1));
}

TEST_CASE("what a predictor cannot do is refused") {
  const RunConfig config = toy::config();
  const PackReader pack(toy::packs().validation);
  Predictor predictor(options_of(config, 6));
  load(predictor, trained());
  for (const int crops : {-1, 0, 5}) {
    CAPTURE(crops);
    CHECK(scratch::error_of([&] { predict(predictor, records_of(pack), crops); }) == "INVALID_ARGUMENT");
    CHECK(scratch::error_of([&] { predictor.evaluate(pack, crops, {}); }) == "INVALID_ARGUMENT");
  }
  const scratch::Folder folder;
  const PackReader other(toy::make_pack(folder, "seven", 0, 6, /*classes=*/7));
  CHECK(scratch::error_of([&] { predictor.evaluate(other, 1, {}); }) == "INVALID_ARGUMENT");

  const auto made = [](const PredictorOptions& options) {
    return scratch::error_of([&] { Predictor{options}; });
  };
  PredictorOptions options = options_of(config, 6);
  options.devices = {"cuda:0"};
  CHECK(made(options) == "DEVICE_UNAVAILABLE");
  options = options_of(config, 6);
  options.precision = Precision::kTf32;
  CHECK(made(options) == "INVALID_CONFIG");
  options = options_of(config, 6);
  options.preprocessing.crop_size = 25;
  CHECK(made(options) == "INVALID_ARGUMENT");
  CHECK(made(options_of(config, 0)) == "INVALID_ARGUMENT");
}

TEST_CASE("an evaluation can be cancelled and made again") {
  const RunConfig config = toy::config();
  const PackReader pack(toy::packs().validation);
  Predictor predictor(options_of(config, 6));
  load(predictor, trained());
  int calls = 0;
  CHECK(scratch::error_of([&] {
          predictor.evaluate(pack, 1, [&](int64_t, int64_t) { return ++calls < 2; });
        }) == "CANCELLED");
  CHECK(calls == 2);
  CHECK(predictor.evaluate(pack, 1, {}).images == 18);
}

TEST_CASE("no records are no answers") {
  Predictor predictor(options_of(toy::config(), 6));
  load(predictor, trained());
  predictor.predict({}, 10, nullptr);
  CHECK(predict(predictor, {}, 1).empty());
}
