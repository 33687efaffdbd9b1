// The average of several nets' answers against one made by hand; sums that are not whole are refused.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "alexnet/predictor.h"
#include "train/answer_counts.h"
#include "train/preprocessing.h"
#include "train/toy.h"

using namespace alexnet;

namespace {

/// Another net than the toy's: one column, other widths, another mean.
RunConfig other_config() {
  return toy::config(R"({"seed":9,"epochs":1,"augmentation":{"mean":"rgb"},
    "net":{"columns":1,"layers":[
      {"name":"conv1","kind":"conv","width":12,"kernel":7,"stride":3,"then":["activation","pool"]},
      {"name":"fc2","kind":"fc","width":"classes","then":[]}]}})");
}

std::unique_ptr<Predictor> predictor_of(const RunConfig& config, const toy::Finished& run) {
  PredictorOptions options;
  options.net = config.net;
  options.preprocessing = train::make_preprocessing(PackReader(toy::packs().train).statistics(), config);
  options.threads = 1;
  options.batch = 7;
  auto predictor = std::make_unique<Predictor>(options);
  for (size_t i = 0; i < predictor->tensors().size(); ++i)  // without every second pair, the velocities
    predictor->load(predictor->tensors()[i].name, 0, run.tensors[i / 2 * 4 + i % 2]);
  return predictor;
}

std::vector<float> softmax_of(Predictor& predictor, const PackReader& pack, int crops) {
  std::vector<const uint8_t*> records;
  for (int64_t i = 0; i < pack.count(); ++i) records.push_back(pack.record(i));
  std::vector<float> out(records.size() * toy::kClasses);
  predictor.predict(records, crops, out.data());
  return out;
}

void check_equal(const EvaluationResult& a, const EvaluationResult& b) {
  CHECK(a.images == b.images);
  CHECK(a.loss == doctest::Approx(b.loss).epsilon(1e-6));
  CHECK(a.top1_error == b.top1_error);
  CHECK(a.top5_error == b.top5_error);
  CHECK(a.confusion == b.confusion);
  CHECK(a.class_images == b.class_images);
  CHECK(a.class_top5_hits == b.class_top5_hits);
  CHECK(a.top5 == b.top5);
  CHECK(toy::same_bits(a.top5_probability, b.top5_probability));
  CHECK(toy::same_bits(a.true_probability, b.true_probability));
}

}  // namespace

TEST_CASE("nets of different architectures are averaged as their softmaxes are by hand") {
  const RunConfig first_config = toy::config(R"({"epochs":1})"), second_config = other_config();
  const auto first_run = toy::train(first_config), second_run = toy::train(second_config);
  const auto first = predictor_of(first_config, *first_run);
  const auto second = predictor_of(second_config, *second_run);
  const PackReader pack(toy::packs().validation);
  const scratch::Folder folder;
  for (const int crops : {1, 10}) {
    CAPTURE(crops);
    AnswerSums sums((folder / "").string(), pack.count(), toy::kClasses);
    CHECK(std::filesystem::is_empty(folder / ""));  // the file has no name
    const auto alone = first->evaluate(pack, crops, {}, &sums);
    check_equal(alone, first->evaluate(pack, crops, {}));  // adding up changes nothing
    check_equal(sums.average(pack, {}), alone);            // nor does the average of one
    second->evaluate(pack, crops, {}, &sums);
    CHECK(sums.members() == 2);

    const auto a = softmax_of(*first, pack, crops), b = softmax_of(*second, pack, crops);
    train::AnswerCounts counts(pack.count(), toy::kClasses);
    bool between = false;
    for (int64_t i = 0; i < pack.count(); ++i) {
      std::vector<float> mean(toy::kClasses);
      for (size_t c = 0; c < toy::kClasses; ++c) {
        const size_t at = static_cast<size_t>(i) * toy::kClasses + c;
        mean[c] = (a[at] + b[at]) / 2;
        between = between || std::abs(a[at] - b[at]) > 0.01f;
      }
      counts.add(i, pack.label(i), mean.data());
    }
    CHECK(between);  // or the two nets were the same
    check_equal(sums.average(pack, {}), counts.finish());
  }
}

TEST_CASE("an average can be cancelled and made again") {
  const PackReader pack(toy::packs().validation);
  const scratch::Folder folder;
  AnswerSums sums((folder / "").string(), pack.count(), toy::kClasses);
  const RandomStream stream{3, RandomPurpose::kSample};
  for (int member = 0; member < 3; ++member) {
    sums.begin_member();
    for (int64_t i = 0; i < pack.count(); ++i) {
      std::vector<float> answer(toy::kClasses);
      const auto words = stream.words(static_cast<uint64_t>(member * pack.count() + i));
      for (size_t c = 0; c < toy::kClasses; ++c) answer[c] = static_cast<float>(words[c % 4] % 97 + c) / 700;
      sums.add(i, answer);
    }
  }
  const auto whole = sums.average(pack, {});
  CHECK(whole.images == pack.count());
  int calls = 0;
  CHECK(scratch::error_of([&] { sums.average(pack, [&](int64_t, int64_t) { return ++calls < 2; }); }) ==
        "CANCELLED");
  CHECK(calls == 2);
  check_equal(sums.average(pack, {}), whole);
}

TEST_CASE("sums that are not whole, or are of another pack, give no average") {
  const RunConfig config = toy::config(R"({"epochs":1})");
  const auto run = toy::train(config);
  const auto predictor = predictor_of(config, *run);
  const PackReader pack(toy::packs().validation), train_pack(toy::packs().train);
  const scratch::Folder folder;
  const std::string place = (folder / "").string();
  const auto refused = [](const auto& work) { return scratch::error_of(work) == "INVALID_ARGUMENT"; };
  AnswerSums sums(place, pack.count(), toy::kClasses);
  CHECK(refused([&] { sums.average(pack, {}); }));
  CHECK(refused([&] { predictor->evaluate(train_pack, 1, {}, &sums); }));
  const std::vector<float> one(toy::kClasses, 0.1f), torn(toy::kClasses + 1, 0.1f);
  CHECK(refused([&] { sums.add(0, one); }));  // before a net begins
  sums.begin_member();
  CHECK(refused([&] { sums.add(1, one); }));
  CHECK(refused([&] { sums.add(0, torn); }));
  sums.add(0, one);
  CHECK(refused([&] { sums.average(pack, {}); }));
  CHECK(refused([&] { sums.begin_member(); }));

  AnswerSums stopped(place, pack.count(), toy::kClasses);
  CHECK(scratch::error_of([&] {
          predictor->evaluate(
              pack, 1, [](int64_t, int64_t) { return false; }, &stopped);
        }) == "CANCELLED");
  CHECK(refused([&] { stopped.average(pack, {}); }));
  CHECK(refused([&] { predictor->evaluate(pack, 1, {}, &stopped); }));

  AnswerSums whole(place, pack.count(), toy::kClasses);
  predictor->evaluate(pack, 1, {}, &whole);
  CHECK(refused([&] { whole.average(train_pack, {}); }));
  CHECK(refused([&] { AnswerSums(place, 0, 6); }));
  CHECK(scratch::error_of([&] { AnswerSums(place + "/none", 1, 6); }) == "NOT_FOUND");
}

TEST_CASE("a disk that is too small is known before the first answer") {
  const scratch::Folder folder;
  // 2^52 bytes: more than any file may have.
  const std::string error =
      scratch::error_of([&] { AnswerSums((folder / "").string(), INT64_C(1) << 40, 1 << 10); });
  CHECK((error == "DISK_FULL" || error == "IO"));
  CHECK(std::filesystem::is_empty(folder / ""));
}
