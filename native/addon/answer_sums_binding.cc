#include "answer_sums_binding.h"

#include <atomic>
#include <string>
#include <utility>

#include "addon_data.h"
#include "alexnet/pack.h"
#include "cancel_flag.h"
#include "convert.h"
#include "errors.h"
#include "evaluation_values.h"
#include "task.h"

namespace alexnet::addon {

namespace {

class AverageTask : public Task {
 public:
  AverageTask(std::shared_ptr<AnswerSumsCore> core, std::string pack,
              std::shared_ptr<std::atomic<bool>> cancel, Ties ties)
      : core_(std::move(core)), pack_(std::move(pack)), cancel_(std::move(cancel)), ties_(ties) {
    core_->busy = true;
  }

 protected:
  void run() override {
    result_ = core_->sums.average(
        PackReader(pack_), [this](int64_t, int64_t) { return !*cancel_; }, ties_);
  }
  Napi::Value result(Napi::Env env) override { return from_evaluation(env, result_); }
  void request_stop() noexcept override { cancel_->store(true); }
  void ended() noexcept override { core_->busy = false; }

 private:
  std::shared_ptr<AnswerSumsCore> core_;
  std::string pack_;
  std::shared_ptr<std::atomic<bool>> cancel_;
  Ties ties_;
  EvaluationResult result_;
};

}  // namespace

Napi::Value create_answer_sums(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    constexpr int64_t most = INT64_C(1) << 40;
    auto core =
        std::make_shared<AnswerSumsCore>(to_path(info[0], "folder"), to_integer(info[1], "images", 1, most),
                                         to_integer(info[2], "classes", 1, 1 << 20));
    const Napi::Object object = AddonData::of(info.Env()).answer_sums.New({});
    NativeAnswerSums::Unwrap(object)->core_ = std::move(core);
    return object;
  });
}

Napi::Function NativeAnswerSums::define(Napi::Env env) {
  return DefineClass(env, "NativeAnswerSums",
                     {InstanceAccessor<&NativeAnswerSums::members>("members", napi_enumerable),
                      InstanceMethod<&NativeAnswerSums::average>("average"),
                      InstanceMethod<&NativeAnswerSums::close>("close")});
}

NativeAnswerSums::NativeAnswerSums(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<NativeAnswerSums>(info) {}

std::shared_ptr<AnswerSumsCore> NativeAnswerSums::from(Napi::Value value) {
  const Napi::Function constructor = AddonData::of(value.Env()).answer_sums.Value();
  if (!value.IsObject() || !value.As<Napi::Object>().InstanceOf(constructor))
    refuse_argument("The sums must come from createAnswerSums().");
  return Unwrap(value.As<Napi::Object>())->open();
}

std::shared_ptr<AnswerSumsCore> NativeAnswerSums::open() const {
  if (!core_) refuse_argument("These sums are closed. Sums come from createAnswerSums().");
  if (core_->busy) refuse_argument("These sums are busy. Wait for the promise of the call that uses them.");
  return core_;
}

Napi::Value NativeAnswerSums::members(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(open()->sums.members()));
  });
}

Napi::Value NativeAnswerSums::average(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    auto core = open();
    auto pack = to_path(info[0], "packPath");
    auto task =
        std::make_unique<AverageTask>(core, std::move(pack), CancelFlag::from(info[1]), to_ties(info[2]));
    try {
      return Task::start(info.Env(), std::move(task), "averageAnswers");
    } catch (...) {
      core->busy = false;
      throw;
    }
  });
}

void NativeAnswerSums::close(const Napi::CallbackInfo&) { core_.reset(); }

}  // namespace alexnet::addon
