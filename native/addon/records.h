// The trainer's records and commands as JavaScript objects (TrainEvent and Command of main/engine/addon.ts).
#pragma once

#include <napi.h>

#include "alexnet/trainer.h"

namespace alexnet::addon {

Napi::Object from_step(Napi::Env env, const StepRecord& record);
Napi::Object from_validation(Napi::Env env, const ValidationRecord& record);
Napi::Object from_command(Napi::Env env, const AppliedCommand& applied);
Napi::Object from_notice(Napi::Env env, const Notice& notice);
/// Everything of a checkpoint but its snapshot.
Napi::Object from_checkpoint(Napi::Env env, const CheckpointRequest& request);

/// { kind, step, tensor, values }.
Napi::Object from_look(Napi::Env env, const TensorLook& look);

/// { command, layer?, value? }.
Command to_command(Napi::Value value);
/// { step, steered, sequence, command, layer?, value? }.
AppliedCommand to_applied_command(Napi::Value value);

Napi::String from_run_state(Napi::Env env, RunState state);

}  // namespace alexnet::addon
