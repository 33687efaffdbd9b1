#include "pack_binding.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "addon_data.h"
#include "alexnet/error.h"
#include "cancel_flag.h"
#include "convert.h"
#include "errors.h"
#include "task.h"

namespace alexnet::addon {

namespace {

Napi::Object from_progress(Napi::Env env, const PackProgress& progress) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("done", static_cast<double>(progress.done));
  object.Set("total", static_cast<double>(progress.total));
  object.Set("packed", static_cast<double>(progress.packed));
  object.Set("skipped", static_cast<double>(progress.skipped));
  object.Set("imagesPerSecond", progress.images_per_second);
  return object;
}

class WritePackTask : public Task {
 public:
  WritePackTask(PackOptions options, std::shared_ptr<std::atomic<bool>> cancel)
      : options_(std::move(options)), cancel_(std::move(cancel)) {}

 protected:
  void run() override {
    const auto progress = [this](const PackProgress& value) {
      latest_.put(value);
      announce();
    };
    result_ = alexnet::write_pack(options_, progress, *cancel_);
  }
  void deliver(Napi::Env env, const Napi::Function& callback) override {
    if (const auto progress = latest_.take()) callback.Call({from_progress(env, *progress)});
  }
  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    object.Set("found", static_cast<double>(result_.found));
    object.Set("packed", static_cast<double>(result_.packed));
    object.Set("skipped", static_cast<double>(result_.skipped));
    return object;
  }
  void request_stop() noexcept override { cancel_->store(true); }

 private:
  PackOptions options_;
  std::shared_ptr<std::atomic<bool>> cancel_;
  Latest<PackProgress> latest_;
  PackResult result_;
};

struct Verified {
  int64_t done, total;
};

class VerifyTask : public Task {
 public:
  VerifyTask(std::shared_ptr<const PackReader> reader, std::shared_ptr<std::atomic<bool>> cancel,
             std::shared_ptr<std::atomic<bool>> closing)
      : reader_(std::move(reader)), cancel_(std::move(cancel)), closing_(std::move(closing)) {}

 protected:
  void run() override {
    const auto stopped = [this] { return *cancel_ || *closing_ || stop_; };
    bool whole = true;
    reader_->verify([&](int64_t done, int64_t total) {
      latest_.put({done, total});
      announce();
      whole = done == total;
      return !stopped();
    });
    if (!whole && stopped()) throw Error(ErrorCode::kCancelled, "The check of the pack was cancelled.");
  }
  void deliver(Napi::Env env, const Napi::Function& callback) override {
    if (const auto progress = latest_.take()) {
      callback.Call({Napi::Number::New(env, static_cast<double>(progress->done)),
                     Napi::Number::New(env, static_cast<double>(progress->total))});
    }
  }
  void request_stop() noexcept override { stop_ = true; }

 private:
  std::shared_ptr<const PackReader> reader_;
  std::shared_ptr<std::atomic<bool>> cancel_, closing_;
  std::atomic<bool> stop_{false};
  Latest<Verified> latest_;
};

}  // namespace

Napi::Value write_pack(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    const Napi::Object options = to_object(info[0], "options");
    PackOptions pack;
    pack.plan_path = to_path(options.Get("planPath"), "planPath");
    pack.pack_path = to_path(options.Get("packPath"), "packPath");
    pack.result_path = to_path(options.Get("resultPath"), "resultPath");
    pack.classes = to_integer(options.Get("classes"), "classes", 1, INT32_MAX);
    pack.threads = static_cast<int>(to_integer(options.Get("threads"), "threads", 0, 1024));
    const Napi::Function on_progress = to_function(info[1], "onProgress");
    auto task = std::make_unique<WritePackTask>(std::move(pack), CancelFlag::from(info[2]));
    return Task::start(info.Env(), std::move(task), "writePack", on_progress);
  });
}

Napi::Value open_pack(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    auto reader = std::make_shared<const PackReader>(to_path(info[0], "path"));
    const Napi::Object object = AddonData::of(info.Env()).pack.New({});
    NativePack::Unwrap(object)->open(std::move(reader));
    return object;
  });
}

Napi::Function NativePack::define(Napi::Env env) {
  return DefineClass(
      env, "NativePack",
      {InstanceAccessor<&NativePack::count>("count", napi_enumerable),
       InstanceAccessor<&NativePack::classes>("classes", napi_enumerable),
       InstanceAccessor<&NativePack::statistics>("statistics", napi_enumerable),
       InstanceMethod<&NativePack::mean_image>("meanImage"), InstanceMethod<&NativePack::label>("label"),
       InstanceMethod<&NativePack::hashes>("hashes"), InstanceMethod<&NativePack::record>("record"),
       InstanceMethod<&NativePack::verify>("verify"), InstanceMethod<&NativePack::close>("close")});
}

NativePack::NativePack(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativePack>(info) {}

void NativePack::open(std::shared_ptr<const PackReader> reader) { reader_ = std::move(reader); }

const PackReader& NativePack::reader() const {
  if (!reader_) refuse_argument("This pack is closed. Open it again.");
  return *reader_;
}

int64_t NativePack::index_of(Napi::Value value) const {
  if (reader().count() == 0) refuse_argument("This pack has no records.");
  return to_integer(value, "index", 0, reader().count() - 1);
}

Napi::Value NativePack::count(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(reader().count()));
  });
}

Napi::Value NativePack::classes(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(reader().classes()));
  });
}

Napi::Value NativePack::statistics(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const PackStatistics& statistics = reader().statistics();
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("meanRgb", from_numbers(info.Env(), statistics.mean_rgb));
    object.Set("covariance", from_numbers(info.Env(), statistics.covariance));
    object.Set("eigenvalues", from_numbers(info.Env(), statistics.eigenvalues));
    object.Set("eigenvectors", from_numbers(info.Env(), statistics.eigenvectors));
    return object;
  });
}

Napi::Value NativePack::mean_image(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return from_values<Napi::Float32Array>(info.Env(), reader().statistics().mean_image);
  });
}

Napi::Value NativePack::label(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), reader().label(index_of(info[0])));
  });
}

Napi::Value NativePack::hashes(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const int64_t first = to_integer(info[0], "first", 0, reader().count());
    const int64_t most = std::min<int64_t>(reader().count() - first, kMaxChunkBytes / 8);
    const int64_t count = to_integer(info[1], "count", 0, most);
    auto hashes = Napi::BigUint64Array::New(info.Env(), static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) hashes.Data()[i] = reader().record_hash(first + i);
    return hashes;
  });
}

Napi::Value NativePack::record(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const uint8_t* pixels = reader().record(index_of(info[0]));
    if (info[1].IsUndefined()) return from_bytes(info.Env(), {pixels, static_cast<size_t>(kRecordBytes)});
    const int quality = static_cast<int>(to_integer(info[1], "jpegQuality", 1, 100));
    RgbImage image{kPackSize, kPackSize, {pixels, pixels + kRecordBytes}};
    if (!info[2].IsUndefined()) image = resize_and_crop(image, to_integer(info[2], "size", 1, kPackSize));
    return from_bytes(info.Env(), encode_jpeg(image, quality));
  });
}

Napi::Value NativePack::verify(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    reader();
    const Napi::Function on_progress = to_function(info[0], "onProgress");
    auto task = std::make_unique<VerifyTask>(reader_, CancelFlag::from(info[1]), closing_);
    return Task::start(info.Env(), std::move(task), "verifyPack", on_progress);
  });
}

void NativePack::close(const Napi::CallbackInfo&) {
  closing_->store(true);
  reader_.reset();
}

}  // namespace alexnet::addon
