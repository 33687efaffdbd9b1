// NativeSnapshot: a consistent copy of weights and velocities, read by JavaScript in pieces.
#pragma once

#include <memory>

#include <napi.h>

#include "trainer_core.h"

namespace alexnet::addon {

class NativeSnapshot : public Napi::ObjectWrap<NativeSnapshot> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object create(Napi::Env env, std::shared_ptr<TrainerCore> core,
                             std::shared_ptr<Snapshot> snapshot);
  /// A released snapshot; create() fills it.
  explicit NativeSnapshot(const Napi::CallbackInfo& info);

 private:
  Napi::Value state(const Napi::CallbackInfo& info);
  Napi::Value tensors(const Napi::CallbackInfo& info);
  Napi::Value read(const Napi::CallbackInfo& info);
  void release(const Napi::CallbackInfo& info);

  const Snapshot& snapshot() const;

  std::shared_ptr<TrainerCore> core_;  // outlives the snapshot, whose memory may be the trainer's
  std::shared_ptr<SnapshotHandle> handle_;
};

}  // namespace alexnet::addon
