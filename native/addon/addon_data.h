// What the addon keeps for each JavaScript environment: the constructors of its classes, its running tasks.
#pragma once

#include <memory>

#include <napi.h>

#include "task.h"

namespace alexnet::addon {

struct AddonData {
  Napi::FunctionReference cancel_flag, pack, trainer, snapshot, predictor, answer_sums, feature_index;
  std::shared_ptr<TaskRegistry> tasks = std::make_shared<TaskRegistry>();

  static AddonData& of(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }
};

}  // namespace alexnet::addon
