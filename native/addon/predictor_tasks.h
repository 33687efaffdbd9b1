// The long work of a predictor: photos and whole packs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alexnet/predictor.h"
#include "answer_sums_binding.h"
#include "errors.h"
#include "occupancy.h"
#include "task.h"

namespace alexnet::addon {

/// A predictor, shared by its JavaScript object and the task that works on it.
struct PredictorCore {
  PredictorCore(std::unique_ptr<Predictor> made, int64_t images_at_once)
      : predictor(std::move(made)), batch(images_at_once) {}

  Occupancy occupancy{"predictor"};
  std::unique_ptr<Predictor> predictor;
  int64_t batch;
  std::atomic<bool> closing{false};  // whatever works on the predictor ends soon
};

/// Signals close() when the work on a predictor ends.
class PredictorTask : public Task {
 public:
  explicit PredictorTask(std::shared_ptr<PredictorCore> core) : core_(std::move(core)) {}

 protected:
  void run() final;
  virtual void work(Predictor& predictor) = 0;
  void request_stop() noexcept override { stop_ = true; }
  void ended() noexcept override { core_->occupancy.end(); }

  bool stopped() const { return stop_ || core_->closing; }
  int64_t batch() const { return core_->batch; }

 private:
  std::shared_ptr<PredictorCore> core_;
  std::atomic<bool> stop_{false};
};

/// Decodes files on a few threads, a batch ahead of the net, and classifies them a batch at a time.
class ClassifyTask : public PredictorTask {
 public:
  /// `each`: the ten crops' own answers are kept, too; crops must be 10.
  ClassifyTask(std::shared_ptr<PredictorCore> core, std::vector<std::string> paths, int crops, bool each)
      : PredictorTask(std::move(core)), paths_(std::move(paths)), crops_(crops), each_(each) {}

 protected:
  void work(Predictor& predictor) override;
  Napi::Value result(Napi::Env env) override;

 private:
  struct Photo {
    std::vector<uint8_t> pixels;       // 256 x 256 x 3 while its batch is worked on
    std::vector<float> probabilities;  // empty where it failed
    std::vector<float> crops;          // [10, classes] where they are wanted
    std::optional<Failure> failure;
  };
  void decode(size_t begin, size_t end);
  void predict(Predictor& predictor, size_t begin, size_t end);

  std::vector<std::string> paths_;
  int crops_;
  bool each_;
  std::vector<Photo> photos_;
};

/// Classifies every record of a pack and compares with its labels; adds the answers to `sums` where there are
/// some.
class EvaluateTask : public PredictorTask {
 public:
  EvaluateTask(std::shared_ptr<PredictorCore> core, std::string pack, int crops,
               std::shared_ptr<std::atomic<bool>> cancel, std::shared_ptr<AnswerSumsCore> sums, Ties ties,
               std::optional<std::vector<int32_t>> class_of)
      : PredictorTask(std::move(core)),
        pack_(std::move(pack)),
        crops_(crops),
        cancel_(std::move(cancel)),
        sums_(std::move(sums)),
        ties_(ties),
        class_of_(std::move(class_of)) {
    if (sums_) sums_->busy = true;
  }

 protected:
  void work(Predictor& predictor) override;
  void deliver(Napi::Env env, const Napi::Function& callback) override;
  Napi::Value result(Napi::Env env) override;
  void ended() noexcept override;

 private:
  struct Progress {
    int64_t done, total;
  };

  std::string pack_;
  int crops_;
  std::shared_ptr<std::atomic<bool>> cancel_;
  std::shared_ptr<AnswerSumsCore> sums_;  // may be none
  Ties ties_;
  const std::optional<std::vector<int32_t>> class_of_;  // of a pack of other classes
  Latest<Progress> latest_;
  EvaluationResult result_;
};

}  // namespace alexnet::addon
