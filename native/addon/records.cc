#include "records.h"

#include <string>

#include "alexnet/error.h"
#include "convert.h"

namespace alexnet::addon {

namespace {

struct CommandName {
  CommandKind kind;
  const char* name;
  bool needs_layer, needs_value;
};

constexpr CommandName kCommands[] = {
    {CommandKind::kPause, "pause", false, false},
    {CommandKind::kResume, "resume", false, false},
    {CommandKind::kStop, "stop", false, false},
    {CommandKind::kSetRate, "setRate", false, true},
    {CommandKind::kScaleRate, "scaleRate", false, true},
    {CommandKind::kSetLayerRate, "setLayerRate", true, true},
    {CommandKind::kFreeze, "freeze", true, false},
    {CommandKind::kUnfreeze, "unfreeze", true, false},
    {CommandKind::kColourNoise, "colourNoise", false, true},
    {CommandKind::kCheckpoint, "checkpoint", false, false},
};

const CommandName& name_of(CommandKind kind) {
  for (const CommandName& command : kCommands) {
    if (command.kind == kind) return command;
  }
  throw Error(ErrorCode::kInternal, "The trainer applied a command that has no name.");
}

void set_number(Napi::Object& object, const char* name, double value) {
  object.Set(name, Napi::Number::New(object.Env(), value));
}

void set_count(Napi::Object& object, const char* name, int64_t value) {
  set_number(object, name, static_cast<double>(value));
}

}  // namespace

Napi::Object from_step(Napi::Env env, const StepRecord& record) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", "step");
  set_count(object, "step", record.step);
  set_count(object, "epoch", record.epoch);
  set_count(object, "images", record.images);
  set_number(object, "loss", record.loss);
  set_number(object, "top1Error", record.top1_error);
  set_number(object, "top5Error", record.top5_error);
  set_number(object, "learningRate", record.learning_rate);
  set_number(object, "elapsedMs", record.elapsed_ms);
  set_number(object, "dataWaitMs", record.data_wait_ms);
  set_number(object, "exchangeMs", record.exchange_ms);
  return object;
}

Napi::Object from_validation(Napi::Env env, const ValidationRecord& record) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", "validation");
  set_count(object, "step", record.step);
  set_count(object, "epoch", record.epoch);
  set_count(object, "images", record.images);
  set_number(object, "loss", record.loss);
  set_number(object, "top1Error", record.top1_error);
  set_number(object, "top5Error", record.top5_error);
  set_number(object, "trainLoss", record.train_loss);
  set_number(object, "trainTop1Error", record.train_top1_error);
  set_number(object, "elapsedMs", record.elapsed_ms);
  return object;
}

Napi::Object from_command(Napi::Env env, const AppliedCommand& applied) {
  const CommandName& name = name_of(applied.command.kind);
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", "command");
  set_count(object, "step", applied.step);
  object.Set("steered", Napi::Boolean::New(env, applied.steered));
  set_count(object, "sequence", applied.sequence);
  object.Set("command", name.name);
  if (name.needs_layer) object.Set("layer", applied.command.layer);
  if (name.needs_value) set_number(object, "value", applied.command.value);
  return object;
}

Napi::Object from_notice(Napi::Env env, const Notice& notice) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", "notice");
  set_count(object, "step", notice.step);
  object.Set("message", notice.message);
  return object;
}

Napi::Object from_checkpoint(Napi::Env env, const CheckpointRequest& request) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", "checkpoint");
  set_count(object, "step", request.step);
  set_count(object, "epoch", request.epoch);
  object.Set("best", Napi::Boolean::New(env, request.best));
  object.Set("reason", request.reason);
  if (request.validation) object.Set("validation", from_validation(env, *request.validation));
  return object;
}

Napi::Object from_look(Napi::Env env, const TensorLook& look) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", "look");
  set_count(object, "step", look.step);
  object.Set("tensor", look.tensor);
  object.Set("values", from_float_range(env, look.values, 0, static_cast<int64_t>(look.values.size())));
  return object;
}

Command to_command(Napi::Value value) {
  const Napi::Object object = to_object(value, "command");
  const std::string wanted = to_text(object.Get("command"), "command");
  for (const CommandName& name : kCommands) {
    if (wanted != name.name) continue;
    Command command{name.kind, {}, 0};
    if (name.needs_layer) command.layer = to_text(object.Get("layer"), "The layer of " + wanted);
    if (name.needs_value) command.value = to_number(object.Get("value"), "The value of " + wanted);
    return command;
  }
  refuse_argument("There is no command \"" + wanted + "\".");
}

AppliedCommand to_applied_command(Napi::Value value) {
  const Napi::Object object = to_object(value, "command");
  return {to_integer(object.Get("step"), "The step of a command", 0, INT64_C(1) << 53),
          to_boolean(object.Get("steered"), "steered"),
          to_integer(object.Get("sequence"), "The sequence of a command", 0, INT64_C(1) << 53),
          to_command(value)};
}

Napi::String from_run_state(Napi::Env env, RunState state) {
  const char* name = state == RunState::kFinished  ? "finished"
                     : state == RunState::kStopped ? "stopped"
                                                   : "diverged";
  return Napi::String::New(env, name);
}

}  // namespace alexnet::addon
