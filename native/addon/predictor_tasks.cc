#include "predictor_tasks.h"

#include <algorithm>
#include <future>
#include <span>
#include <thread>

#include "alexnet/error.h"
#include "alexnet/image.h"
#include "alexnet/pack.h"
#include "convert.h"
#include "evaluation_values.h"

namespace alexnet::addon {

namespace {

// Each decoder may hold a photo of up to ImageLimits::max_pixels.
constexpr size_t kMaxDecoders = 8;

}  // namespace

void PredictorTask::run() {
  const auto signal = [](Occupancy* occupancy) { occupancy->work_done(); };
  const std::unique_ptr<Occupancy, decltype(signal)> done(&core_->occupancy, signal);
  work(*core_->predictor);
}

void ClassifyTask::decode(size_t begin, size_t end) {
  if (begin == end) return;
  std::atomic<size_t> next{begin};
  const auto decoder = [&] {
    for (size_t i = next++; i < end && !stopped(); i = next++) {
      try {
        photos_[i].pixels = load_square(paths_[i], kPackSize).pixels;
      } catch (...) {
        photos_[i].failure = describe_failure(std::current_exception());
      }
    }
  };
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  const size_t helpers = std::min({end - begin, cores, kMaxDecoders}) - 1;  // this thread decodes, too
  std::vector<std::jthread> threads;                                        // joined wherever this is left
  for (size_t i = 0; i < helpers; ++i) threads.emplace_back(decoder);
  decoder();
}

void ClassifyTask::work(Predictor& predictor) {
  // Whatever the net takes at once, enough photos to keep the decoders busy and few enough to hold.
  const size_t size = std::max(static_cast<size_t>(batch()), kMaxDecoders), count = paths_.size();
  photos_.resize(count);
  decode(0, std::min(size, count));
  for (size_t begin = 0; begin < count; begin += size) {
    const size_t end = std::min(begin + size, count);
    // The next photos are decoded while the net answers for these.
    std::future<void> ahead =
        std::async(std::launch::async, [&] { decode(end, std::min(end + size, count)); });
    if (stopped())
      throw Error(ErrorCode::kCancelled, "The predictor was closed before it had classified all files.");
    predict(predictor, begin, end);
    ahead.get();
  }
}

void ClassifyTask::predict(Predictor& predictor, size_t begin, size_t end) {
  std::vector<size_t> readable;
  std::vector<const uint8_t*> records;
  for (size_t i = begin; i < end; ++i) {
    if (photos_[i].failure) continue;
    readable.push_back(i);
    records.push_back(photos_[i].pixels.data());
  }
  if (records.empty()) return;
  const size_t classes = static_cast<size_t>(predictor.plan().spec.classes);
  const size_t rows = each_ ? 10 : 1;  // of classes, a photo
  std::vector<float> probabilities(records.size() * rows * classes);
  if (each_)
    predictor.predict_crops(records, probabilities.data());
  else
    predictor.predict(records, crops_, probabilities.data());
  for (size_t i = 0; i < readable.size(); ++i) {
    Photo& photo = photos_[readable[i]];
    const float* answer = probabilities.data() + i * rows * classes;
    photo.probabilities.assign(answer, answer + classes);
    if (each_) {
      photo.crops.assign(answer, answer + rows * classes);
      // As predict() does: the crops' sum in their order, divided at the end.
      for (size_t c = 0; c < classes; ++c) {
        float sum = 0;
        for (size_t row = 0; row < rows; ++row) sum += answer[row * classes + c];
        photo.probabilities[c] = sum / static_cast<float>(rows);
      }
    }
    photo.pixels = {};
  }
}

Napi::Value ClassifyTask::result(Napi::Env env) {
  Napi::Array answers = Napi::Array::New(env, photos_.size());
  for (uint32_t i = 0; i < photos_.size(); ++i) {
    const Photo& photo = photos_[i];
    Napi::Object answer = Napi::Object::New(env);
    if (photo.failure) {
      Napi::Object error = Napi::Object::New(env);
      error.Set("code", photo.failure->code);
      error.Set("message", photo.failure->message);
      answer.Set("error", error);
    } else {
      answer.Set("probabilities", from_values<Napi::Float32Array>(env, photo.probabilities));
      if (each_) answer.Set("crops", from_values<Napi::Float32Array>(env, photo.crops));
    }
    answers.Set(i, answer);
  }
  return answers;
}

void EvaluateTask::work(Predictor& predictor) {
  const PackReader pack(pack_);
  const auto progress = [this](int64_t done, int64_t total) {
    latest_.put({done, total});
    announce();
    return !*cancel_ && !stopped();
  };
  result_ = class_of_ ? predictor.evaluate_known(pack, *class_of_, crops_, progress, ties_)
                      : predictor.evaluate(pack, crops_, progress, sums_ ? &sums_->sums : nullptr, ties_);
}

void EvaluateTask::deliver(Napi::Env env, const Napi::Function& callback) {
  if (const auto progress = latest_.take()) {
    callback.Call({Napi::Number::New(env, static_cast<double>(progress->done)),
                   Napi::Number::New(env, static_cast<double>(progress->total))});
  }
}

Napi::Value EvaluateTask::result(Napi::Env env) { return from_evaluation(env, result_); }

void EvaluateTask::ended() noexcept {
  if (sums_) sums_->busy = false;
  PredictorTask::ended();
}

}  // namespace alexnet::addon
