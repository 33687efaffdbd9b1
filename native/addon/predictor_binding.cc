#include "predictor_binding.h"

#include <string>
#include <utility>
#include <vector>

#include "addon_data.h"
#include "alexnet/net_spec.h"
#include "cancel_flag.h"
#include "convert.h"
#include "evaluation_values.h"
#include "preprocessing_values.h"

namespace alexnet::addon {

namespace {

Precision to_precision(Napi::Value value) {
  const std::string name = to_text(value, "precision");
  if (name == "fp32") return Precision::kFp32;
  if (name == "tf32") return Precision::kTf32;
  if (name == "bf16") return Precision::kBf16;
  refuse_argument("There is no precision \"" + name + "\"; there are fp32, tf32 and bf16.");
}

class CreatePredictorTask : public Task {
 public:
  explicit CreatePredictorTask(PredictorOptions options) : options_(std::move(options)) {}

 protected:
  void run() override {
    core_ = std::make_shared<PredictorCore>(std::make_unique<Predictor>(options_), options_.batch);
  }
  Napi::Value result(Napi::Env env) override { return NativePredictor::create(env, std::move(core_)); }

 private:
  PredictorOptions options_;
  std::shared_ptr<PredictorCore> core_;
};

class ClosePredictorTask : public Task {
 public:
  explicit ClosePredictorTask(std::shared_ptr<PredictorCore> core) : core_(std::move(core)) {}

 protected:
  void run() override {
    core_->occupancy.wait_until_idle();
    core_->predictor.reset();
  }

 private:
  std::shared_ptr<PredictorCore> core_;
};

}  // namespace

Napi::Value create_predictor(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    const Napi::Object object = to_object(info[0], "options");
    PredictorOptions options;
    options.net = parse_net_spec(to_text(object.Get("netJson"), "netJson"));
    options.preprocessing = to_preprocessing(object.Get("preprocessing"));
    options.devices = to_texts(object.Get("devices"), "devices");
    options.precision = to_precision(object.Get("precision"));
    options.threads = static_cast<int>(to_integer(object.Get("threads"), "threads", 0, 1024));
    options.batch = to_integer(object.Get("batch"), "batch", 1, 1 << 16);
    options.views = !object.Get("views").IsUndefined() && to_boolean(object.Get("views"), "views");
    return Task::start(info.Env(), std::make_unique<CreatePredictorTask>(std::move(options)),
                       "createPredictor");
  });
}

Napi::Function NativePredictor::define(Napi::Env env) {
  return DefineClass(
      env, "NativePredictor",
      {InstanceAccessor<&NativePredictor::classes>("classes", napi_enumerable),
       InstanceAccessor<&NativePredictor::tensors>("tensors", napi_enumerable),
       InstanceMethod<&NativePredictor::load>("load"),
       InstanceMethod<&NativePredictor::classify_files>("classifyFiles"),
       InstanceMethod<&NativePredictor::evaluate>("evaluate"),
       InstanceMethod<&NativePredictor::look_at>("lookAt"), InstanceMethod<&NativePredictor::maps>("maps"),
       InstanceMethod<&NativePredictor::class_gradient>("classGradient"),
       InstanceMethod<&NativePredictor::features>("features"),
       InstanceMethod<&NativePredictor::occlude>("occlude"),
       InstanceMethod<&NativePredictor::activity>("activity"),
       InstanceMethod<&NativePredictor::build_index>("buildIndex"),
       InstanceMethod<&NativePredictor::close>("close")});
}

Napi::Object NativePredictor::create(Napi::Env env, std::shared_ptr<PredictorCore> core) {
  const Napi::Object object = AddonData::of(env).predictor.New({});
  Unwrap(object)->core_ = std::move(core);
  return object;
}

NativePredictor::NativePredictor(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativePredictor>(info) {}

PredictorCore& NativePredictor::open() {
  if (!core_) refuse_argument("This predictor is closed. Predictors come from createPredictor().");
  core_->occupancy.require_open();
  return *core_;
}

Napi::Value NativePredictor::begin(Napi::Env env, std::unique_ptr<Task> task, const char* name,
                                   std::optional<Napi::Function> callback) {
  Occupancy& occupancy = core_->occupancy;
  occupancy.begin();
  try {
    return Task::start(env, std::move(task), name, callback);
  } catch (...) {
    occupancy.work_done();
    occupancy.end();
    throw;
  }
}

Napi::Value NativePredictor::classes(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(open().predictor->plan().spec.classes));
  });
}

Napi::Value NativePredictor::tensors(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&]() -> Napi::Value { return from_tensors(info.Env(), open().predictor->tensors()); });
}

void NativePredictor::load(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    PredictorCore& core = open();
    core.occupancy.require_free();
    const std::string tensor = to_text(info[0], "tensor");
    const int64_t offset = to_integer(info[1], "offset", 0, INT64_C(1) << 53);
    core.predictor->load(tensor, offset, to_floats(info[2], "bytes"));
  });
}

Napi::Value NativePredictor::classify_files(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    open().occupancy.require_free();
    const int crops = to_crops(info[1]);
    const bool each = !info[2].IsUndefined() && to_boolean(info[2], "eachCrop");
    if (each && crops != 10) refuse_argument("Each crop has its own answer only where there are ten.");
    auto task = std::make_unique<ClassifyTask>(core_, to_texts(info[0], "paths"), crops, each);
    return begin(info.Env(), std::move(task), "classifyFiles");
  });
}

Napi::Value NativePredictor::evaluate(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    open().occupancy.require_free();
    const std::string pack = to_path(info[0], "packPath");
    const int crops = to_crops(info[1]);
    const Napi::Function on_progress = to_function(info[2], "onProgress");
    auto cancel = CancelFlag::from(info[3]);
    const Napi::Object options = to_object(info[4], "options");
    const Ties ties = to_ties(options.Get("ties"));
    const Napi::Value given = options.Get("sums");
    const Napi::Value classes = options.Get("classOf");
    std::optional<std::vector<int32_t>> class_of;
    if (!classes.IsUndefined()) class_of = to_int32s(classes, "classOf");
    if (class_of && given.IsObject()) refuse_argument("Answers to a pack of other classes are not added up.");
    const auto sums = given.IsUndefined() ? nullptr : NativeAnswerSums::from(given);
    auto task = std::make_unique<EvaluateTask>(core_, pack, crops, std::move(cancel), sums, ties,
                                               std::move(class_of));
    try {
      return begin(info.Env(), std::move(task), "evaluate", on_progress);
    } catch (...) {
      if (sums) sums->busy = false;
      throw;
    }
  });
}

Napi::Value NativePredictor::close(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    if (!closing_.IsEmpty()) return closing_.Value();
    auto core = core_ ? core_ : std::make_shared<PredictorCore>(nullptr, 1);
    core->closing = true;
    core->occupancy.close();
    const Napi::Promise promise =
        Task::start(info.Env(), std::make_unique<ClosePredictorTask>(std::move(core)), "closePredictor");
    closing_ = Napi::Persistent(promise);
    return promise;
  });
}

}  // namespace alexnet::addon
