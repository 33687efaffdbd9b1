// What the addon keeps for each JavaScript environment: the constructors of its classes.
#pragma once

#include <napi.h>

namespace alexnet::addon {

struct AddonData {
  Napi::FunctionReference cancel_flag, pack, trainer, snapshot, predictor;

  static AddonData& of(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }
};

}  // namespace alexnet::addon
