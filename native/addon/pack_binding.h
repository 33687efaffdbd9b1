// NativePack and writePack: packed data sets seen from JavaScript.
#pragma once

#include <atomic>
#include <memory>

#include <napi.h>

#include "alexnet/pack.h"

namespace alexnet::addon {

/// writePack(options, onProgress, signal): Promise<PackResult>.
Napi::Value write_pack(const Napi::CallbackInfo& info);
/// openPack(path): NativePack.
Napi::Value open_pack(const Napi::CallbackInfo& info);

class NativePack : public Napi::ObjectWrap<NativePack> {
 public:
  static Napi::Function define(Napi::Env env);
  /// A closed pack; open_pack() fills it.
  explicit NativePack(const Napi::CallbackInfo& info);

  void open(std::shared_ptr<const PackReader> reader);

 private:
  Napi::Value count(const Napi::CallbackInfo& info);
  Napi::Value classes(const Napi::CallbackInfo& info);
  Napi::Value statistics(const Napi::CallbackInfo& info);
  Napi::Value mean_image(const Napi::CallbackInfo& info);
  Napi::Value label(const Napi::CallbackInfo& info);
  Napi::Value hashes(const Napi::CallbackInfo& info);
  Napi::Value record(const Napi::CallbackInfo& info);
  Napi::Value verify(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  const PackReader& reader() const;
  int64_t index_of(Napi::Value value) const;

  std::shared_ptr<const PackReader> reader_;
  std::shared_ptr<std::atomic<bool>> closing_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace alexnet::addon
