// What a predictor consists of, for the files that make it up: predictor.cc (answers) and predictor_views.cc
// (what is inside).
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "alexnet/error.h"
#include "alexnet/predictor.h"
#include "cpu/cpu_info.h"
#include "train/batch_buffer.h"
#include "train/devices.h"
#include "train/parameters.h"

namespace alexnet {

namespace train {

/// logits -> probabilities, in double so that a thousand classes add up to 1.
inline void softmax(const float* logits, int64_t classes, float* out) {
  const double top = *std::max_element(logits, logits + classes);
  double sum = 0;
  for (int64_t c = 0; c < classes; ++c) sum += std::exp(logits[c] - top);
  for (int64_t c = 0; c < classes; ++c) out[c] = static_cast<float>(std::exp(logits[c] - top) / sum);
}

/// Throws kInvalidArgument where no answer could be given.
inline const PredictorOptions& checked(const PredictorOptions& options) {
  if (options.preprocessing.crop_size != options.net.input_size)
    throw Error(ErrorCode::kInvalidArgument,
                "the crop size must be the net's input size, " + std::to_string(options.net.input_size));
  if (options.batch < 1)
    throw Error(ErrorCode::kInvalidArgument,
                "a batch holds at least one input, not " + std::to_string(options.batch));
  if (options.views && (options.precision != Precision::kFp32 ||
                        std::any_of(options.devices.begin(), options.devices.end(),
                                    [](const std::string& device) { return device != "cpu"; })))
    throw Error(ErrorCode::kInvalidArgument, "views are computed by the CPU in fp32");
  return options;
}

}  // namespace train

/// An image of a pack, and the net's class that it is of.
struct LabelledRecord {
  int64_t record = 0;
  int32_t label = 0;
};

struct Predictor::Impl {
  explicit Impl(const PredictorOptions& given)
      : options(train::checked(given)),
        plan(plan_net(options.net)),
        parameters(plan, /*velocities=*/false),
        team(train::make_team(plan, {.devices = options.devices,
                                     .precision = options.precision,
                                     .threads = options.threads,
                                     .batch = options.batch,
                                     .views = options.views})),
        buffer(train::batch_format(*team, options.preprocessing), options.batch, options.preprocessing,
               [this](int64_t bytes) { return team->allocate_input(bytes); }) {}

  const PredictorOptions options;
  const NetPlan plan;
  train::ParameterStore parameters;
  const std::unique_ptr<columns::ColumnTeam> team;
  train::BatchBuffer buffer;
  bool committed = false;
  bool looked = false;  // the last pass is look_at()'s

  int64_t classes() const { return plan.spec.classes; }

  void commit() {
    if (committed) return;
    parameters.commit(*team, /*seed=*/0, /*complete=*/true);
    committed = true;
  }

  /// Makes rows of inputs [first, first + count) of the list `record x sample`, on a few threads.
  template <class Input>
  void prepare(int64_t first, int64_t count, const Input& input) {
    if (prepare_whole(first, count, input)) return;
    const auto write = [&](int64_t begin, int64_t end) {
      std::vector<RecordSample> samples;
      for (int64_t i = begin; i < end; ++i) {
        const auto [record, sample] = input(first + i);
        samples.push_back({record, sample});
      }
      buffer.put(begin, samples);
    };
    const int threads = options.threads > 0 ? options.threads : cpu::available_cores();
    // A crop takes a tenth of a millisecond: threads pay from a few of them on.
    const int64_t workers = std::clamp<int64_t>(count / 4, 1, threads);
    std::vector<std::thread> others;
    for (int64_t w = 1; w < workers; ++w)
      others.emplace_back(write, count * w / workers, count * (w + 1) / workers);
    write(0, count / workers);
    for (std::thread& thread : others) thread.join();
    buffer.end(count);
  }

  /// Ten crops of a record are less as one record: then each is brought once. False where they are not.
  template <class Input>
  bool prepare_whole(int64_t first, int64_t count, const Input& input) {
    std::vector<const uint8_t*> records;
    std::vector<int64_t> pieces;
    for (int64_t i = 0; i < count; ++i) {
      const uint8_t* record = input(first + i).first;
      if (records.empty() || records.back() != record) records.push_back(record);
      pieces.push_back(static_cast<int64_t>(records.size()) - 1);
    }
    if (!buffer.whole_records_fit(static_cast<int64_t>(records.size()), count)) return false;
    for (size_t piece = 0; piece < records.size(); ++piece)
      buffer.put_whole(static_cast<int64_t>(piece), records[piece]);
    for (int64_t i = 0; i < count; ++i)
      buffer.draw(i, pieces[static_cast<size_t>(i)], input(first + i).second);
    return true;
  }

  void require_look() const {
    if (!looked) throw Error(ErrorCode::kInvalidArgument, "there is nothing to see before look_at()");
  }

  /// Passes over `total` inputs of the list `record x sample`, in batches; `take(first, count)` after each.
  template <class Input, class Take>
  void run_batches(int64_t total, const Input& input, const Take& take) {
    commit();
    looked = false;
    for (int64_t first = 0; first < total; first += options.batch) {
      const int64_t count = std::min(options.batch, total - first);
      prepare(first, count, input);
      team->evaluate(buffer.batch(/*id=*/0, /*labels=*/false));
      take(first, count);
    }
  }

  /// The centre crops of records.
  template <class Take>
  void run_records(std::span<const uint8_t* const> records, const Take& take) {
    const Sample centre = centre_sample(options.preprocessing);
    run_batches(
        static_cast<int64_t>(records.size()),
        [&](int64_t i) { return std::pair(records[static_cast<size_t>(i)], centre); }, take);
  }

  /// Logits of `total` inputs; `take(index, logits)` receives each.
  template <class Input, class Take>
  void run(int64_t total, const Input& input, const Take& take) {
    run_batches(total, input, [&](int64_t first, int64_t count) {
      for (int64_t i = 0; i < count; ++i) take(first + i, team->logits() + i * classes());
    });
  }

  /// Logits of every crop of every record; `take(record * crops + crop, logits)` receives each.
  template <class Take>
  void run_crops(std::span<const uint8_t* const> records, int crops, const Take& take) {
    const auto ten = ten_crop_samples(options.preprocessing);
    const Sample centre = centre_sample(options.preprocessing);
    run(
        static_cast<int64_t>(records.size()) * crops,
        [&](int64_t i) {
          return std::pair(records[static_cast<size_t>(i / crops)],
                           crops == 1 ? centre : ten[static_cast<size_t>(i % crops)]);
        },
        take);
  }

  /// Asks about these images of a pack alone.
  EvaluationResult evaluate(const PackReader& pack, std::span<const LabelledRecord> asked, int crops,
                            const EvaluationProgress& progress, AnswerSums* sums, Ties ties);

  void predict(std::span<const uint8_t* const> records, int crops, float* out) {
    std::vector<float> one(static_cast<size_t>(classes()));
    std::fill_n(out, records.size() * static_cast<size_t>(classes()), 0.0f);
    run_crops(records, crops, [&](int64_t i, const float* logits) {
      train::softmax(logits, classes(), one.data());
      float* sum = out + i / crops * classes();
      for (int64_t c = 0; c < classes(); ++c) sum[c] += one[static_cast<size_t>(c)];
    });
    if (crops > 1)
      for (size_t i = 0; i < records.size() * static_cast<size_t>(classes()); ++i)
        out[i] /= static_cast<float>(crops);
  }
};

}  // namespace alexnet
