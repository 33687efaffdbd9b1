// NativePredictor's methods for those who want to see inside a net.
#include "convert.h"
#include "cancel_flag.h"
#include "predictor_binding.h"
#include "view_tasks.h"

namespace alexnet::addon {

namespace {

constexpr int64_t kMostCorners = 1 << 16, kMostImages = 1 << 20;

InnerPlace to_place(Napi::Value layer, Napi::Value op) {
  return {to_integer(layer, "layer", 0, 1 << 16), to_integer(op, "op", 0, 1 << 16)};
}

/// Pairs of top and left in an Int32Array.
std::vector<Corner> to_corners(Napi::Value value) {
  const std::vector<int32_t> array = to_int32s(value, "corners");
  const size_t count = array.size() / 2;
  if (count * 2 != array.size() || count < 1 || count > kMostCorners)
    refuse_argument("corners must hold pairs of top and left.");
  std::vector<Corner> corners;
  for (size_t i = 0; i < count; ++i) corners.push_back({array[2 * i], array[2 * i + 1]});
  return corners;
}

}  // namespace

Napi::Value NativePredictor::look_at(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    open().occupancy.require_free();
    return begin(info.Env(), std::make_unique<LookTask>(core_, PhotoSource::from(info[0])), "lookAt");
  });
}

Napi::Value NativePredictor::maps(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    open().occupancy.require_free();
    const InnerPlace place = to_place(info[0], info[1]);
    return begin(info.Env(), std::make_unique<MapsTask>(core_, place, std::nullopt), "maps");
  });
}

Napi::Value NativePredictor::class_gradient(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    open().occupancy.require_free();
    const int64_t label = to_integer(info[0], "label", 0, 1 << 20);
    const InnerPlace place = to_place(info[1], info[2]);
    return begin(info.Env(), std::make_unique<MapsTask>(core_, place, label), "classGradient");
  });
}

Napi::Value NativePredictor::features(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    open().occupancy.require_free();
    return begin(info.Env(), std::make_unique<FeaturesTask>(core_, PhotoSource::from(info[0])), "features");
  });
}

Napi::Value NativePredictor::occlude(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    open().occupancy.require_free();
    const int64_t side = to_integer(info[2], "side", 1, 1 << 10);
    const Napi::Function on_progress = to_function(info[3], "onProgress");
    auto task = std::make_unique<OccludeTask>(core_, PhotoSource::from(info[0]), to_corners(info[1]), side,
                                              CancelFlag::from(info[4]));
    return begin(info.Env(), std::move(task), "occlude", on_progress);
  });
}

Napi::Value NativePredictor::activity(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    open().occupancy.require_free();
    const int64_t images = to_integer(info[1], "images", 1, kMostImages);
    const Napi::Function on_progress = to_function(info[2], "onProgress");
    auto task = std::make_unique<ActivityTask>(core_, to_path(info[0], "packPath"), images,
                                               CancelFlag::from(info[3]));
    return begin(info.Env(), std::move(task), "activity", on_progress);
  });
}

Napi::Value NativePredictor::build_index(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    open().occupancy.require_free();
    const Napi::Object object = to_object(info[0], "options");
    const Napi::Function on_progress = to_function(info[1], "onProgress");
    auto task = std::make_unique<BuildIndexTask>(
        core_, to_path(object.Get("packPath"), "packPath"), to_path(object.Get("indexPath"), "indexPath"),
        to_text(object.Get("identity"), "identity"),
        static_cast<int>(to_integer(object.Get("threads"), "threads", 0, 1024)), CancelFlag::from(info[2]));
    return begin(info.Env(), std::move(task), "buildIndex", on_progress);
  });
}

}  // namespace alexnet::addon
