#include "image_binding.h"

#include <atomic>
#include <memory>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include "alexnet/image.h"
#include "convert.h"
#include "errors.h"
#include "task.h"

namespace alexnet::addon {

namespace {

constexpr int64_t kMaxSquare = 2048;

// A decoded photo can be hundreds of megabytes: however many are asked for, few are decoded at once.
std::counting_semaphore<> decoders{4};

class LoadSquareTask : public Task {
 public:
  LoadSquareTask(std::string path, int64_t size, int quality)
      : path_(std::move(path)), size_(size), quality_(quality) {}

 protected:
  void run() override {
    decoders.acquire();
    const auto release = [](auto* semaphore) { semaphore->release(); };
    const std::unique_ptr<std::counting_semaphore<>, decltype(release)> turn(&decoders, release);
    if (stop_) return;
    const RgbImage image = alexnet::load_square(path_, size_);
    bytes_ = quality_ > 0 ? encode_jpeg(image, quality_) : image.pixels;
  }
  Napi::Value result(Napi::Env env) override { return from_bytes(env, bytes_); }
  void request_stop() noexcept override { stop_ = true; }

 private:
  std::string path_;
  int64_t size_;
  int quality_;  // 0: raw RGB
  std::vector<uint8_t> bytes_;
  std::atomic<bool> stop_{false};
};

}  // namespace

Napi::Value load_square(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    const std::string path = to_path(info[0], "path");
    int64_t size = 256;
    int quality = 0;
    if (!info[1].IsUndefined()) {
      const Napi::Object options = to_object(info[1], "options");
      const Napi::Value wanted = options.Get("size"), jpeg = options.Get("jpegQuality");
      if (!wanted.IsUndefined()) size = to_integer(wanted, "size", 1, kMaxSquare);
      if (!jpeg.IsUndefined()) quality = static_cast<int>(to_integer(jpeg, "jpegQuality", 1, 100));
    }
    return Task::start(info.Env(), std::make_unique<LoadSquareTask>(path, size, quality), "loadSquare");
  });
}

}  // namespace alexnet::addon
