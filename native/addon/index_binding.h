// NativeFeatureIndex: a data set's features on disk, seen from JavaScript.
#pragma once

#include <memory>

#include <napi.h>

#include "alexnet/retrieval.h"

namespace alexnet::addon {

/// openFeatureIndex(path): NativeFeatureIndex.
Napi::Value open_feature_index(const Napi::CallbackInfo& info);

class NativeFeatureIndex : public Napi::ObjectWrap<NativeFeatureIndex> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit NativeFeatureIndex(const Napi::CallbackInfo& info);
  void open(std::shared_ptr<const FeatureIndex> index) { index_ = std::move(index); }

 private:
  Napi::Value rows(const Napi::CallbackInfo& info);
  Napi::Value features(const Napi::CallbackInfo& info);
  Napi::Value identity(const Napi::CallbackInfo& info);
  Napi::Value file_bytes(const Napi::CallbackInfo& info);
  Napi::Value nearest(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  /// Throws where it is closed.
  const FeatureIndex& index() const;

  std::shared_ptr<const FeatureIndex> index_;
};

}  // namespace alexnet::addon
