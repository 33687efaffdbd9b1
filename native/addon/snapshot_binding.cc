#include "snapshot_binding.h"

#include <string>
#include <utility>
#include <vector>

#include "addon_data.h"
#include "alexnet/error.h"
#include "convert.h"
#include "errors.h"

namespace alexnet::addon {

Napi::Function NativeSnapshot::define(Napi::Env env) {
  return DefineClass(
      env, "NativeSnapshot",
      {InstanceAccessor<&NativeSnapshot::state>("state", napi_enumerable),
       InstanceAccessor<&NativeSnapshot::tensors>("tensors", napi_enumerable),
       InstanceMethod<&NativeSnapshot::read>("read"), InstanceMethod<&NativeSnapshot::release>("release")});
}

Napi::Object NativeSnapshot::create(Napi::Env env, std::shared_ptr<TrainerCore> core,
                                    std::shared_ptr<Snapshot> snapshot) {
  const Napi::Object object = AddonData::of(env).snapshot.New({});
  NativeSnapshot& self = *Unwrap(object);
  self.handle_ = core->hold(std::move(snapshot));
  self.core_ = std::move(core);
  return object;
}

NativeSnapshot::NativeSnapshot(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativeSnapshot>(info) {}

const Snapshot& NativeSnapshot::snapshot() const {
  if (!handle_ || !handle_->snapshot) refuse_argument("This snapshot is released: its memory is gone.");
  return *handle_->snapshot;
}

Napi::Value NativeSnapshot::state(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&]() -> Napi::Value { return Napi::String::New(info.Env(), snapshot().state()); });
}

Napi::Value NativeSnapshot::tensors(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value { return from_tensors(info.Env(), snapshot().tensors()); });
}

Napi::Value NativeSnapshot::read(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::vector<TensorInfo>& tensors = snapshot().tensors();
    const TensorPiece piece = to_piece(info);
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (tensors[i].name != piece.tensor) continue;
      return from_float_range(info.Env(), snapshot().tensor(i), piece.offset, piece.count);
    }
    throw Error(ErrorCode::kNotFound, "The snapshot has no tensor \"" + piece.tensor + "\".");
  });
}

void NativeSnapshot::release(const Napi::CallbackInfo&) {
  handle_.reset();
  core_.reset();
}

}  // namespace alexnet::addon
