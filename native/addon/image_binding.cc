#include "image_binding.h"

#include <atomic>
#include <memory>
#include <semaphore>
#include <span>
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

class Turn {
 public:
  Turn() { decoders.acquire(); }
  ~Turn() { decoders.release(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
};

class LoadSquareTask : public Task {
 public:
  LoadSquareTask(std::string path, int64_t size, int quality)
      : path_(std::move(path)), size_(size), quality_(quality) {}

 protected:
  void run() override {
    const Turn turn;
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

class DecodeTask : public Task {
 public:
  DecodeTask(std::vector<uint8_t> file, int quality) : file_(std::move(file)), quality_(quality) {}

 protected:
  void run() override {
    const Turn turn;
    if (!stop_) bytes_ = encode_jpeg(decode_image(file_), quality_);
  }
  Napi::Value result(Napi::Env env) override { return from_bytes(env, bytes_); }
  void request_stop() noexcept override { stop_ = true; }

 private:
  std::vector<uint8_t> file_, bytes_;
  int quality_;
  std::atomic<bool> stop_{false};
};

std::span<const uint8_t> to_bytes(Napi::Value value, const std::string& name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    refuse_argument(name + " must be a Uint8Array.");
  const auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

}  // namespace

Napi::Value image_info(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const ImageInfo found = read_image_info(to_bytes(info[0], "bytes"));
    Napi::Object object = Napi::Object::New(env);
    object.Set("format", found.format);
    object.Set("width", Napi::Number::New(env, static_cast<double>(found.width)));
    object.Set("height", Napi::Number::New(env, static_cast<double>(found.height)));
    object.Set("orientation", Napi::Number::New(env, found.orientation));
    object.Set("colour", found.colour);
    return object;
  });
}

Napi::Value decode_to_jpeg(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    const auto bytes = to_bytes(info[0], "bytes");
    const int quality = static_cast<int>(to_integer(info[1], "jpegQuality", 1, 100));
    auto task = std::make_unique<DecodeTask>(std::vector<uint8_t>(bytes.begin(), bytes.end()), quality);
    return Task::start(info.Env(), std::move(task), "decodeImage");
  });
}

Napi::Value encode_pixels(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const auto pixels = to_bytes(info[0], "pixels");
    RgbImage image;
    image.width = to_integer(info[1], "width", 1, kMaxSquare);
    image.height = to_integer(info[2], "height", 1, kMaxSquare);
    if (pixels.size() != static_cast<size_t>(image.width * image.height * 3))
      refuse_argument("pixels must hold width * height * 3 bytes.");
    image.pixels.assign(pixels.begin(), pixels.end());
    const int quality = static_cast<int>(to_integer(info[3], "quality", 1, 100));
    return from_bytes(info.Env(), encode_jpeg(image, quality));
  });
}

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
