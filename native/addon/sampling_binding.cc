#include "sampling_binding.h"

#include <array>
#include <string>

#include "alexnet/sampling.h"
#include "convert.h"
#include "errors.h"

namespace alexnet::addon {

namespace {

constexpr int64_t kMostEpochs = 1000;

Napi::Object from_sample(Napi::Env env, const Sample& sample) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("top", Napi::Number::New(env, sample.top));
  object.Set("left", Napi::Number::New(env, sample.left));
  object.Set("mirror", Napi::Boolean::New(env, sample.mirror));
  object.Set("colour", from_numbers(env, sample.colour));
  return object;
}

template <size_t N>
std::array<double, N> to_numbers(Napi::Value value, const std::string& name) {
  const Napi::Array list = to_array(value, name);
  if (list.Length() != N) refuse_argument(name + " must hold " + std::to_string(N) + " numbers.");
  std::array<double, N> numbers{};
  for (uint32_t i = 0; i < N; ++i) numbers[i] = to_number(list[i], name);
  return numbers;
}

}  // namespace

Napi::Value draw_crops(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const Napi::Object options = to_object(info[0], "options");
    AugmentationSpec spec;
    const std::string crop = to_text(options.Get("crop"), "crop");
    if (crop != "random" && crop != "centre")
      refuse_argument("There is no crop \"" + crop + "\"; there are random and centre.");
    spec.crop = crop == "random" ? CropMode::kRandom : CropMode::kCentre;
    spec.mirror = to_boolean(options.Get("mirror"), "mirror");
    spec.colour_noise = to_number(options.Get("colourNoise"), "colourNoise");
    Preprocessing pre;
    pre.crop_size = to_integer(options.Get("cropSize"), "cropSize", 1, kPackSize);
    pre.colour_deviations = to_numbers<3>(options.Get("colourDeviations"), "colourDeviations");
    pre.colour_axes = to_numbers<9>(options.Get("colourAxes"), "colourAxes");
    const auto seed = static_cast<uint64_t>(to_integer(options.Get("seed"), "seed", 0, INT64_C(1) << 53));
    const auto image = static_cast<uint64_t>(to_integer(options.Get("image"), "image", 0, INT64_C(1) << 53));
    const int64_t epochs = to_integer(options.Get("epochs"), "epochs", 0, kMostEpochs);
    Napi::Array draws = Napi::Array::New(env, static_cast<size_t>(epochs));
    for (uint32_t epoch = 1; epoch <= epochs; ++epoch)
      draws.Set(epoch - 1, from_sample(env, training_sample(spec, pre, seed, epoch, image)));
    return draws;
  });
}

Napi::Value test_crops(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    Preprocessing pre;
    pre.crop_size = to_integer(info[0], "cropSize", 1, kPackSize);
    Napi::Array crops = Napi::Array::New(env, 10);
    uint32_t i = 0;
    for (const Sample& sample : ten_crop_samples(pre)) crops.Set(i++, from_sample(env, sample));
    return crops;
  });
}

}  // namespace alexnet::addon
