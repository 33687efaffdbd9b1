// The addon's entry: the Addon interface of main/engine/addon.ts. Nothing below this folder sees Node-API.
#include <string>

#include <napi.h>

#include "addon_data.h"
#include "alexnet/image.h"
#include "alexnet/net_spec.h"
#include "alexnet/run_config.h"
#include "answer_sums_binding.h"
#include "cancel_flag.h"
#include "convert.h"
#include "device_binding.h"
#include "errors.h"
#include "image_binding.h"
#include "index_binding.h"
#include "pack_binding.h"
#include "predictor_binding.h"
#include "sampling_binding.h"
#include "snapshot_binding.h"
#include "trainer_binding.h"

namespace alexnet::addon {

namespace {

constexpr const char* kVersion = "0.1.0";  // as in package.json

Napi::Value describe_net(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const NetPlan plan = plan_net(parse_net_spec(to_text(info[0], "netJson")));
    return Napi::String::New(info.Env(),
                             alexnet::describe_net(plan, to_integer(info[1], "batch", 1, 1 << 20)));
  });
}

Napi::Value check_config(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    plan_net(parse_run_config(to_text(info[0], "configJson")).net);
    return info.Env().Undefined();
  });
}

Napi::Value supported_formats(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&]() -> Napi::Value { return from_texts(info.Env(), alexnet::supported_formats()); });
}

Napi::Value create_cancel_flag(const Napi::CallbackInfo& info) {
  return AddonData::of(info.Env()).cancel_flag.New({});
}

/// process.exit() runs no finalizers: the tasks are stopped before it destroys what their threads use.
void stop_tasks_at_exit(Napi::Env env) {
  const auto stop = [](const Napi::CallbackInfo& info) { AddonData::of(info.Env()).tasks->stop_all(); };
  const Napi::Object process = env.Global().Get("process").As<Napi::Object>();
  process.Get("once").As<Napi::Function>().Call(
      process, {Napi::String::New(env, "exit"), Napi::Function::New(env, stop, "stopAlexnetTasks")});
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  auto* data = new AddonData;  // freed by the environment
  data->cancel_flag = Napi::Persistent(CancelFlag::define(env));
  data->pack = Napi::Persistent(NativePack::define(env));
  data->trainer = Napi::Persistent(NativeTrainer::define(env));
  data->snapshot = Napi::Persistent(NativeSnapshot::define(env));
  data->predictor = Napi::Persistent(NativePredictor::define(env));
  data->answer_sums = Napi::Persistent(NativeAnswerSums::define(env));
  data->feature_index = Napi::Persistent(NativeFeatureIndex::define(env));
  env.SetInstanceData(data);
  stop_tasks_at_exit(env);

  exports.Set("version", kVersion);
  const auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("describeNet", describe_net);
  add("checkConfig", check_config);
  add("listDevices", list_devices);
  add("readGpuLoads", read_gpu_loads);
  add("supportedFormats", supported_formats);
  add("loadSquare", load_square);
  add("readImageInfo", image_info);
  add("decodeImage", decode_to_jpeg);
  add("encodeJpeg", encode_pixels);
  add("drawCrops", draw_crops);
  add("testCrops", test_crops);
  add("writePack", write_pack);
  add("openPack", open_pack);
  add("createCancelFlag", create_cancel_flag);
  add("createTrainer", create_trainer);
  add("createPredictor", create_predictor);
  add("createAnswerSums", create_answer_sums);
  add("openFeatureIndex", open_feature_index);
  return exports;
}

}  // namespace

}  // namespace alexnet::addon

static Napi::Object initialise_addon(Napi::Env env, Napi::Object exports) {
  return alexnet::addon::initialise(env, exports);
}
NODE_API_MODULE(alexnet, initialise_addon)
