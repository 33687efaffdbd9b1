#include "cancel_flag.h"

#include "addon_data.h"
#include "alexnet/error.h"

namespace alexnet::addon {

Napi::Function CancelFlag::define(Napi::Env env) {
  return DefineClass(env, "CancelFlag", {InstanceMethod<&CancelFlag::cancel>("cancel")});
}

CancelFlag::CancelFlag(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CancelFlag>(info) {}

std::shared_ptr<std::atomic<bool>> CancelFlag::from(Napi::Value value) {
  const Napi::Function constructor = AddonData::of(value.Env()).cancel_flag.Value();
  if (!value.IsObject() || !value.As<Napi::Object>().InstanceOf(constructor)) {
    throw Error(ErrorCode::kInvalidArgument, "The signal must come from createCancelFlag().");
  }
  return Unwrap(value.As<Napi::Object>())->flag_;
}

void CancelFlag::cancel(const Napi::CallbackInfo&) { flag_->store(true); }

}  // namespace alexnet::addon
