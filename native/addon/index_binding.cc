#include "index_binding.h"

#include <utility>
#include <vector>

#include "addon_data.h"
#include "convert.h"
#include "errors.h"
#include "task.h"

namespace alexnet::addon {

namespace {

class NearestTask : public Task {
 public:
  NearestTask(std::shared_ptr<const FeatureIndex> index, std::vector<float> query, NearestOptions options)
      : index_(std::move(index)), query_(std::move(query)), options_(options) {}

 protected:
  void run() override { found_ = index_->nearest(query_, options_); }
  Napi::Value result(Napi::Env env) override {
    Napi::Array neighbours = Napi::Array::New(env, found_.size());
    for (uint32_t i = 0; i < found_.size(); ++i) {
      Napi::Object one = Napi::Object::New(env);
      one.Set("row", Napi::Number::New(env, static_cast<double>(found_[i].row)));
      one.Set("distance", Napi::Number::New(env, found_[i].distance));
      neighbours.Set(i, one);
    }
    return neighbours;
  }

 private:
  std::shared_ptr<const FeatureIndex> index_;
  std::vector<float> query_;
  NearestOptions options_;
  std::vector<Neighbour> found_;
};

}  // namespace

Napi::Value open_feature_index(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    auto index = std::make_shared<const FeatureIndex>(to_path(info[0], "path"));
    const Napi::Object object = AddonData::of(info.Env()).feature_index.New({});
    NativeFeatureIndex::Unwrap(object)->open(std::move(index));
    return object;
  });
}

Napi::Function NativeFeatureIndex::define(Napi::Env env) {
  return DefineClass(env, "NativeFeatureIndex",
                     {InstanceAccessor<&NativeFeatureIndex::rows>("rows", napi_enumerable),
                      InstanceAccessor<&NativeFeatureIndex::features>("features", napi_enumerable),
                      InstanceAccessor<&NativeFeatureIndex::identity>("identity", napi_enumerable),
                      InstanceAccessor<&NativeFeatureIndex::file_bytes>("fileBytes", napi_enumerable),
                      InstanceMethod<&NativeFeatureIndex::nearest>("nearest"),
                      InstanceMethod<&NativeFeatureIndex::close>("close")});
}

NativeFeatureIndex::NativeFeatureIndex(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<NativeFeatureIndex>(info) {}

const FeatureIndex& NativeFeatureIndex::index() const {
  if (!index_) refuse_argument("This index is closed. Indexes come from openFeatureIndex().");
  return *index_;
}

Napi::Value NativeFeatureIndex::rows(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(index().rows()));
  });
}

Napi::Value NativeFeatureIndex::features(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(index().features()));
  });
}

Napi::Value NativeFeatureIndex::identity(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&]() -> Napi::Value { return Napi::String::New(info.Env(), index().identity()); });
}

Napi::Value NativeFeatureIndex::file_bytes(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(index().file_bytes()));
  });
}

Napi::Value NativeFeatureIndex::nearest(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    index();
    if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_float32_array)
      refuse_argument("The query must be a Float32Array.");
    const auto query = info[0].As<Napi::Float32Array>();
    const Napi::Object object = to_object(info[1], "options");
    NearestOptions options;
    options.count = to_integer(object.Get("count"), "count", 1, 10'000);
    options.leave_out = to_integer(object.Get("leaveOut"), "leaveOut", -1, INT64_C(1) << 40);
    options.threads = static_cast<int>(to_integer(object.Get("threads"), "threads", 0, 1024));
    std::vector<float> values(query.Data(), query.Data() + query.ElementLength());
    return Task::start(info.Env(), std::make_unique<NearestTask>(index_, std::move(values), options),
                       "nearest");
  });
}

void NativeFeatureIndex::close(const Napi::CallbackInfo&) { index_.reset(); }

}  // namespace alexnet::addon
