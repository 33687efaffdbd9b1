// NativeTrainer: a trainer seen from JavaScript. Its states: ready, busy (start() has not settled), ended,
// closed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <napi.h>

#include "trainer_core.h"

namespace alexnet::addon {

/// createTrainer(options): Promise<NativeTrainer>.
Napi::Value create_trainer(const Napi::CallbackInfo& info);

class NativeTrainer : public Napi::ObjectWrap<NativeTrainer> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object create(Napi::Env env, std::shared_ptr<TrainerCore> core);
  /// A closed trainer; create() fills it.
  explicit NativeTrainer(const Napi::CallbackInfo& info);

 private:
  Napi::Value steps_per_epoch(const Napi::CallbackInfo& info);
  Napi::Value total_steps(const Napi::CallbackInfo& info);
  Napi::Value tensors(const Napi::CallbackInfo& info);
  void load(const Napi::CallbackInfo& info);
  void load_state(const Napi::CallbackInfo& info);
  void replay(const Napi::CallbackInfo& info);
  Napi::Value start(const Napi::CallbackInfo& info);
  void post(const Napi::CallbackInfo& info);
  void look(const Napi::CallbackInfo& info);
  Napi::Value read(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  /// The core. Throws where the trainer is closed.
  TrainerCore& open();
  /// The core of a trainer that has not been started. Throws otherwise.
  TrainerCore& ready();

  std::shared_ptr<TrainerCore> core_;
  // The tensor that was read last: reading a large one takes many pieces, and each would copy all of it.
  std::string cached_name_;
  std::vector<float> cached_;
  Napi::Reference<Napi::Promise> closing_;  // what close() returned
};

}  // namespace alexnet::addon
