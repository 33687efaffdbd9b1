// A predictor's work for those who want to see inside a net: see the methods of main/engine/addon.ts.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "predictor_tasks.h"

namespace alexnet::addon {

/// A photo as JavaScript names it: { path } or { pack, record }.
struct PhotoSource {
  std::string path, pack;
  int64_t record = 0;

  static PhotoSource from(Napi::Value value);
  /// The 256x256 square. Throws what load_square and PackReader throw.
  std::vector<uint8_t> load() const;
};

/// Work whose progress is counted and that can be cancelled.
class CountedTask : public PredictorTask {
 public:
  CountedTask(std::shared_ptr<PredictorCore> core, std::shared_ptr<std::atomic<bool>> cancel)
      : PredictorTask(std::move(core)), cancel_(std::move(cancel)) {}

 protected:
  void deliver(Napi::Env env, const Napi::Function& callback) override;
  /// For what wants a progress function.
  std::function<bool(int64_t, int64_t)> progress();

 private:
  struct Progress {
    int64_t done, total;
  };
  std::shared_ptr<std::atomic<bool>> cancel_;
  Latest<Progress> latest_;
};

class LookTask : public PredictorTask {
 public:
  LookTask(std::shared_ptr<PredictorCore> core, PhotoSource photo)
      : PredictorTask(std::move(core)), photo_(std::move(photo)) {}

 protected:
  void work(Predictor& predictor) override;
  Napi::Value result(Napi::Env env) override;

 private:
  PhotoSource photo_;
  std::vector<float> probabilities_;
};

/// Maps of a place, or with a label the gradient of that class's logit to them.
class MapsTask : public PredictorTask {
 public:
  MapsTask(std::shared_ptr<PredictorCore> core, InnerPlace place, std::optional<int64_t> label)
      : PredictorTask(std::move(core)), place_(place), label_(label) {}

 protected:
  void work(Predictor& predictor) override;
  Napi::Value result(Napi::Env env) override;

 private:
  InnerPlace place_;
  std::optional<int64_t> label_;
  Shape shape_;
  std::vector<float> values_;
};

class FeaturesTask : public PredictorTask {
 public:
  FeaturesTask(std::shared_ptr<PredictorCore> core, PhotoSource photo)
      : PredictorTask(std::move(core)), photo_(std::move(photo)) {}

 protected:
  void work(Predictor& predictor) override;
  Napi::Value result(Napi::Env env) override;

 private:
  PhotoSource photo_;
  std::vector<float> features_;
};

class OccludeTask : public CountedTask {
 public:
  OccludeTask(std::shared_ptr<PredictorCore> core, PhotoSource photo, std::vector<Corner> corners,
              int64_t side, std::shared_ptr<std::atomic<bool>> cancel)
      : CountedTask(std::move(core), std::move(cancel)),
        photo_(std::move(photo)),
        corners_(std::move(corners)),
        side_(side) {}

 protected:
  void work(Predictor& predictor) override;
  Napi::Value result(Napi::Env env) override;

 private:
  PhotoSource photo_;
  std::vector<Corner> corners_;
  int64_t side_;
  std::vector<float> probabilities_;
};

/// Activity over records of a pack, evenly spaced.
class ActivityTask : public CountedTask {
 public:
  ActivityTask(std::shared_ptr<PredictorCore> core, std::string pack, int64_t images,
               std::shared_ptr<std::atomic<bool>> cancel)
      : CountedTask(std::move(core), std::move(cancel)), pack_(std::move(pack)), images_(images) {}

 protected:
  void work(Predictor& predictor) override;
  Napi::Value result(Napi::Env env) override;

 private:
  std::string pack_;
  int64_t images_;
  std::vector<LayerActivity> layers_;
};

/// The features of a whole pack, as an index.
class BuildIndexTask : public CountedTask {
 public:
  BuildIndexTask(std::shared_ptr<PredictorCore> core, std::string pack, std::string path,
                 std::string identity, int threads, std::shared_ptr<std::atomic<bool>> cancel)
      : CountedTask(std::move(core), std::move(cancel)),
        pack_(std::move(pack)),
        path_(std::move(path)),
        identity_(std::move(identity)),
        threads_(threads) {}

 protected:
  void work(Predictor& predictor) override;

 private:
  std::string pack_, path_, identity_;
  int threads_;
};

}  // namespace alexnet::addon
