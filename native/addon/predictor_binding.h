// NativePredictor: a trained net that answers, seen from JavaScript. Its states: open, busy, closed.
#pragma once

#include <memory>

#include <napi.h>

#include "predictor_tasks.h"

namespace alexnet::addon {

/// createPredictor(options): Promise<NativePredictor>.
Napi::Value create_predictor(const Napi::CallbackInfo& info);

class NativePredictor : public Napi::ObjectWrap<NativePredictor> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object create(Napi::Env env, std::shared_ptr<PredictorCore> core);
  /// A closed predictor; create() fills it.
  explicit NativePredictor(const Napi::CallbackInfo& info);

 private:
  Napi::Value classes(const Napi::CallbackInfo& info);
  Napi::Value tensors(const Napi::CallbackInfo& info);
  void load(const Napi::CallbackInfo& info);
  Napi::Value classify_files(const Napi::CallbackInfo& info);
  Napi::Value evaluate(const Napi::CallbackInfo& info);
  Napi::Value look_at(const Napi::CallbackInfo& info);
  Napi::Value maps(const Napi::CallbackInfo& info);
  Napi::Value class_gradient(const Napi::CallbackInfo& info);
  Napi::Value features(const Napi::CallbackInfo& info);
  Napi::Value occlude(const Napi::CallbackInfo& info);
  Napi::Value activity(const Napi::CallbackInfo& info);
  Napi::Value build_index(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  /// The core. Throws where the predictor is closed.
  PredictorCore& open();
  /// Starts a task that works on the predictor alone.
  Napi::Value begin(Napi::Env env, std::unique_ptr<Task> task, const char* name,
                    std::optional<Napi::Function> callback = {});

  std::shared_ptr<PredictorCore> core_;
  Napi::Reference<Napi::Promise> closing_;  // what close() returned
};

}  // namespace alexnet::addon
