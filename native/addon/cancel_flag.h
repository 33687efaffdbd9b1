// CancelFlag: set from JavaScript, read by native threads.
#pragma once

#include <atomic>
#include <memory>

#include <napi.h>

namespace alexnet::addon {

class CancelFlag : public Napi::ObjectWrap<CancelFlag> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit CancelFlag(const Napi::CallbackInfo& info);

  /// The flag behind a JavaScript value. Throws kInvalidArgument where it is something else.
  static std::shared_ptr<std::atomic<bool>> from(Napi::Value value);

 private:
  void cancel(const Napi::CallbackInfo& info);

  std::shared_ptr<std::atomic<bool>> flag_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace alexnet::addon
