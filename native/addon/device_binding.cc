#include "device_binding.h"

#include <memory>
#include <vector>

#include "alexnet/device.h"
#include "convert.h"
#include "errors.h"
#include "task.h"

namespace alexnet::addon {

namespace {

Napi::Value known_or_null(Napi::Env env, int64_t value) {
  return value < 0 ? env.Null() : Napi::Value(Napi::Number::New(env, static_cast<double>(value)));
}

/// A driver whose GPU hangs answers late: it is asked on a thread of its own.
class LoadTask : public Task {
 protected:
  void run() override { loads_ = alexnet::read_gpu_loads(); }
  Napi::Value result(Napi::Env env) override {
    Napi::Array all = Napi::Array::New(env, loads_.size());
    for (uint32_t i = 0; i < loads_.size(); ++i) {
      const GpuLoad& load = loads_[i];
      Napi::Object one = Napi::Object::New(env);
      one.Set("id", load.id);
      one.Set("utilisationPercent", known_or_null(env, load.utilisation_percent));
      one.Set("memoryUsedBytes", known_or_null(env, load.memory_used_bytes));
      one.Set("memoryBytes", known_or_null(env, load.memory_bytes));
      one.Set("reason", load.reason);
      all.Set(i, one);
    }
    return all;
  }

 private:
  std::vector<GpuLoad> loads_;
};

}  // namespace

Napi::Value list_devices(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const std::vector<DeviceReport> reports = alexnet::list_devices();
    Napi::Array devices = Napi::Array::New(env, reports.size());
    for (uint32_t i = 0; i < reports.size(); ++i) {
      const DeviceReport& report = reports[i];
      Napi::Object device = Napi::Object::New(env);
      device.Set("id", report.id);
      device.Set("name", report.name);
      device.Set("usable", Napi::Boolean::New(env, report.usable));
      device.Set("reason", report.reason);
      device.Set("memoryBytes", Napi::Number::New(env, static_cast<double>(report.memory_bytes)));
      device.Set("cores", Napi::Number::New(env, report.cores));
      device.Set("precisions", from_texts(env, report.precisions));
      device.Set("instructions", from_texts(env, report.instructions));
      device.Set("library", report.library);
      device.Set("driver", report.driver);
      device.Set("computeCapability", report.compute_capability);
      device.Set("freeBytes", Napi::Number::New(env, static_cast<double>(report.free_bytes)));
      device.Set("sharingReason", report.sharing_reason);
      device.Set("notes", from_texts(env, report.notes));
      devices.Set(i, device);
    }
    return devices;
  });
}

Napi::Value read_gpu_loads(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Task::start(info.Env(), std::make_unique<LoadTask>(), "readGpuLoads");
  });
}

}  // namespace alexnet::addon
