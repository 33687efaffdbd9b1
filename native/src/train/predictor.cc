// A trained net that answers: softmax of crops, and whole splits evaluated.
#include "alexnet/predictor.h"

#include <algorithm>
#include <cmath>

#include "alexnet/error.h"
#include "train/answer_counts.h"
#include "train/predictor_impl.h"

namespace alexnet {

using train::softmax;

namespace {

void check_crops(int crops) {
  if (crops != 1 && crops != 10)
    throw Error(ErrorCode::kInvalidArgument, "crops must be 1 or 10, not " + std::to_string(crops));
}

}  // namespace

Predictor::Predictor(const PredictorOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Predictor::~Predictor() = default;

const NetPlan& Predictor::plan() const { return impl_->plan; }
const std::vector<TensorInfo>& Predictor::tensors() const { return impl_->parameters.infos(); }

void Predictor::load(const std::string& tensor, int64_t offset, std::span<const float> values) {
  if (impl_->committed)
    throw Error(ErrorCode::kInvalidArgument, "tensors can be loaded only before the first prediction");
  impl_->parameters.load(tensor, offset, values);
}

void Predictor::predict(std::span<const uint8_t* const> records, int crops, float* out) {
  check_crops(crops);
  impl_->predict(records, crops, out);
}

void Predictor::predict_crops(std::span<const uint8_t* const> records, float* out) {
  const int64_t classes = impl_->classes();
  impl_->run_crops(records, 10,
                   [&](int64_t i, const float* logits) { softmax(logits, classes, out + i * classes); });
}

void Predictor::logits(std::span<const uint8_t* const> records, float* out) {
  const int64_t classes = impl_->classes();
  impl_->run_records(records, [&](int64_t first, int64_t count) {
    std::copy_n(impl_->team->logits(), count * classes, out + first * classes);
  });
}

EvaluationResult Predictor::evaluate(const PackReader& pack, int crops, const EvaluationProgress& progress,
                                     AnswerSums* sums, Ties ties) {
  const int64_t classes = impl_->classes(), images = pack.count();
  if (pack.classes() != classes)
    throw Error(ErrorCode::kInvalidArgument, "the net knows " + std::to_string(classes) +
                                                 " classes, the data set has " +
                                                 std::to_string(pack.classes()));
  if (sums != nullptr) {
    if (sums->images() != images || sums->classes() != classes)
      throw Error(ErrorCode::kInvalidArgument, "the answers that are added up are those to another pack");
    sums->begin_member();
  }
  std::vector<LabelledRecord> records;
  records.reserve(static_cast<size_t>(images));
  for (int64_t i = 0; i < images; ++i) records.push_back({i, pack.label(i)});
  return impl_->evaluate(pack, records, crops, progress, sums, ties);
}

EvaluationResult Predictor::evaluate_known(const PackReader& pack, std::span<const int32_t> class_of,
                                           int crops, const EvaluationProgress& progress, Ties ties) {
  const auto known = [&](int32_t label) { return label >= -1 && label < impl_->classes(); };
  if (static_cast<int64_t>(class_of.size()) != pack.classes() ||
      !std::all_of(class_of.begin(), class_of.end(), known))
    throw Error(ErrorCode::kInvalidArgument, "each of the data set's " + std::to_string(pack.classes()) +
                                                 " classes is one of the net's " +
                                                 std::to_string(impl_->classes()) + ", or -1");
  std::vector<LabelledRecord> records;
  for (int64_t i = 0; i < pack.count(); ++i)
    if (const int32_t label = class_of[static_cast<size_t>(pack.label(i))]; label >= 0)
      records.push_back({i, label});
  return impl_->evaluate(pack, records, crops, progress, nullptr, ties);
}

EvaluationResult Predictor::Impl::evaluate(const PackReader& pack, std::span<const LabelledRecord> asked,
                                           int crops, const EvaluationProgress& progress, AnswerSums* sums,
                                           Ties ties) {
  check_crops(crops);
  const auto images = static_cast<int64_t>(asked.size());
  train::AnswerCounts counts(images, classes(), ties);
  const int64_t at_once = std::max<int64_t>(1, options.batch / crops);
  std::vector<const uint8_t*> records;
  std::vector<float> probabilities(static_cast<size_t>(at_once * classes()));
  for (int64_t first = 0; first < images; first += at_once) {
    const int64_t count = std::min(at_once, images - first);
    const auto some = asked.subspan(static_cast<size_t>(first), static_cast<size_t>(count));
    records.clear();
    for (const LabelledRecord& one : some) records.push_back(pack.record(one.record));
    predict(records, crops, probabilities.data());
    for (int64_t i = 0; i < count; ++i)
      counts.add(first + i, some[static_cast<size_t>(i)].label, probabilities.data() + i * classes());
    if (sums != nullptr)
      sums->add(first, std::span(probabilities).first(static_cast<size_t>(count * classes())));
    if (progress && !progress(first + count, images))
      throw Error(ErrorCode::kCancelled, "the evaluation was cancelled");
  }
  return counts.finish();
}

}  // namespace alexnet
