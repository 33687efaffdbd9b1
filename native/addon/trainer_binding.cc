#include "trainer_binding.h"

#include <optional>
#include <utility>

#include "addon_data.h"
#include "alexnet/run_config.h"
#include "convert.h"
#include "errors.h"
#include "preprocessing_values.h"
#include "records.h"
#include "task.h"
#include "train_task.h"

namespace alexnet::addon {

namespace {

class CreateTrainerTask : public Task {
 public:
  CreateTrainerTask(RunConfig config, std::string train_pack, std::string validation_pack,
                    std::optional<Preprocessing> input)
      : config_(std::move(config)),
        train_pack_(std::move(train_pack)),
        validation_pack_(std::move(validation_pack)),
        input_(std::move(input)) {}

 protected:
  void run() override {
    core_ = std::make_shared<TrainerCore>(
        std::make_unique<Trainer>(config_, train_pack_, validation_pack_, input_));
  }
  Napi::Value result(Napi::Env env) override { return NativeTrainer::create(env, std::move(core_)); }

 private:
  RunConfig config_;
  std::string train_pack_, validation_pack_;
  std::optional<Preprocessing> input_;
  std::shared_ptr<TrainerCore> core_;
};

/// Frees a trainer on a thread of its own, once it has stopped.
class CloseTrainerTask : public Task {
 public:
  explicit CloseTrainerTask(std::shared_ptr<TrainerCore> core) : core_(std::move(core)) {}

 protected:
  void run() override {
    core_->occupancy.wait_until_idle();
    core_->trainer.reset();
  }

 private:
  std::shared_ptr<TrainerCore> core_;
};

}  // namespace

Napi::Value create_trainer(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    const Napi::Object options = to_object(info[0], "options");
    RunConfig config = parse_run_config(to_text(options.Get("configJson"), "configJson"));
    const Napi::Value given = options.Get("preprocessing");
    std::optional<Preprocessing> input;
    if (!given.IsUndefined()) input = to_preprocessing(given);
    auto task = std::make_unique<CreateTrainerTask>(
        std::move(config), to_path(options.Get("trainPack"), "trainPack"),
        to_text(options.Get("validationPack"), "validationPack"), std::move(input));
    return Task::start(info.Env(), std::move(task), "createTrainer");
  });
}

Napi::Function NativeTrainer::define(Napi::Env env) {
  return DefineClass(
      env, "NativeTrainer",
      {InstanceAccessor<&NativeTrainer::steps_per_epoch>("stepsPerEpoch", napi_enumerable),
       InstanceAccessor<&NativeTrainer::total_steps>("totalSteps", napi_enumerable),
       InstanceAccessor<&NativeTrainer::tensors>("tensors", napi_enumerable),
       InstanceMethod<&NativeTrainer::load>("load"), InstanceMethod<&NativeTrainer::load_state>("loadState"),
       InstanceMethod<&NativeTrainer::replay>("replay"), InstanceMethod<&NativeTrainer::start>("start"),
       InstanceMethod<&NativeTrainer::post>("post"), InstanceMethod<&NativeTrainer::look>("look"),
       InstanceMethod<&NativeTrainer::read>("read"), InstanceMethod<&NativeTrainer::close>("close")});
}

Napi::Object NativeTrainer::create(Napi::Env env, std::shared_ptr<TrainerCore> core) {
  const Napi::Object object = AddonData::of(env).trainer.New({});
  Unwrap(object)->core_ = std::move(core);
  return object;
}

NativeTrainer::NativeTrainer(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativeTrainer>(info) {}

TrainerCore& NativeTrainer::open() {
  if (!core_) refuse_argument("This trainer is closed. Trainers come from createTrainer().");
  core_->occupancy.require_open();
  return *core_;
}

TrainerCore& NativeTrainer::ready() {
  TrainerCore& core = open();
  core.occupancy.require_free();
  if (core.started) refuse_argument("This trainer has been run already. Create another one.");
  return core;
}

Napi::Value NativeTrainer::steps_per_epoch(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(open().trainer->steps_per_epoch()));
  });
}

Napi::Value NativeTrainer::total_steps(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(open().trainer->total_steps()));
  });
}

Napi::Value NativeTrainer::tensors(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&]() -> Napi::Value { return from_tensors(info.Env(), open().trainer->tensors()); });
}

void NativeTrainer::load(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    TrainerCore& core = ready();
    const std::string tensor = to_text(info[0], "tensor");
    const int64_t offset = to_integer(info[1], "offset", 0, INT64_C(1) << 53);
    core.trainer->load(tensor, offset, to_floats(info[2], "bytes"));
    cached_name_.clear();
  });
}

void NativeTrainer::load_state(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    TrainerCore& core = ready();
    core.trainer->load_state(to_text(info[0], "state"));
  });
}

void NativeTrainer::replay(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    TrainerCore& core = ready();
    const Napi::Array array = to_array(info[0], "commands");
    std::vector<AppliedCommand> commands;
    for (uint32_t i = 0; i < array.Length(); ++i) commands.push_back(to_applied_command(array[i]));
    core.trainer->replay(commands);
  });
}

Napi::Value NativeTrainer::start(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    TrainerCore& core = ready();
    const Napi::Function on_events = to_function(info[0], "onEvents");
    auto task = std::make_unique<TrainTask>(core_);
    cached_name_.clear();
    cached_ = {};
    core.occupancy.begin();
    try {
      const Napi::Promise promise = Task::start(info.Env(), std::move(task), "train", on_events);
      core.started = true;
      return promise;
    } catch (...) {
      core.occupancy.work_done();
      core.occupancy.end();
      throw;
    }
  });
}

void NativeTrainer::post(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    TrainerCore& core = open();
    if (core.started && !core.occupancy.busy())
      refuse_argument("This trainer has ended: nothing can steer it.");
    core.trainer->post(to_command(info[0]));
  });
}

void NativeTrainer::look(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    TrainerCore& core = open();
    if (core.started && !core.occupancy.busy())
      refuse_argument("This trainer has ended: read() its tensors instead.");
    const std::string wanted = to_text(info[0], "tensor");
    for (const TensorInfo& tensor : core.trainer->tensors()) {
      if (tensor.name == wanted && tensor.count() * static_cast<int64_t>(sizeof(float)) > kMaxChunkBytes)
        refuse_argument("The tensor \"" + wanted + "\" is too large to be looked at in one piece.");
    }
    core.trainer->look(wanted);
  });
}

Napi::Value NativeTrainer::read(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    TrainerCore& core = open();
    core.occupancy.require_free();
    const TensorPiece piece = to_piece(info);
    if (cached_name_ != piece.tensor) {
      cached_ = core.trainer->read(piece.tensor);
      cached_name_ = piece.tensor;
    }
    const Napi::Value bytes = from_float_range(info.Env(), cached_, piece.offset, piece.count);
    if (piece.offset + piece.count == static_cast<int64_t>(cached_.size())) {
      cached_name_.clear();
      cached_ = {};
    }
    return bytes;
  });
}

Napi::Value NativeTrainer::close(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    if (!closing_.IsEmpty()) return closing_.Value();
    auto core = core_ ? core_ : std::make_shared<TrainerCore>(nullptr);
    core->abandon();
    core->occupancy.close();
    cached_ = {};
    const Napi::Promise promise =
        Task::start(info.Env(), std::make_unique<CloseTrainerTask>(std::move(core)), "closeTrainer");
    closing_ = Napi::Persistent(promise);
    return promise;
  });
}

}  // namespace alexnet::addon
