#include "preprocessing_values.h"

#include <algorithm>
#include <string>
#include <vector>

#include "alexnet/pack.h"
#include "convert.h"

namespace alexnet::addon {

namespace {

std::vector<float> to_mean_values(Napi::Value value, size_t count) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
    refuse_argument("meanValues must be a Float32Array.");
  }
  const auto array = value.As<Napi::Float32Array>();
  if (array.ElementLength() != count) {
    refuse_argument("meanValues must hold " + std::to_string(count) + " values, but holds " +
                    std::to_string(array.ElementLength()) + ".");
  }
  return {array.Data(), array.Data() + count};
}

}  // namespace

Preprocessing to_preprocessing(Napi::Value value) {
  const Napi::Object object = to_object(value, "preprocessing");
  Preprocessing pre;
  pre.crop_size = to_integer(object.Get("cropSize"), "cropSize", 1, kPackSize);
  pre.mean_follows_crop = to_boolean(object.Get("meanFollowsCrop"), "meanFollowsCrop");
  const std::string mean = to_text(object.Get("mean"), "mean");
  if (mean == "image") {
    pre.mean = MeanMode::kImage;
    pre.mean_image = to_mean_values(object.Get("meanValues"), static_cast<size_t>(kRecordBytes));
  } else if (mean == "rgb") {
    pre.mean = MeanMode::kRgb;
    const std::vector<float> rgb = to_mean_values(object.Get("meanValues"), 3);
    std::copy(rgb.begin(), rgb.end(), pre.mean_rgb.begin());
  } else if (mean == "none") {
    pre.mean = MeanMode::kNone;
  } else {
    refuse_argument("There is no mean \"" + mean + "\"; there are image, rgb and none.");
  }
  const Napi::Array gain = to_array(object.Get("gain"), "gain");
  if (gain.Length() != 3) refuse_argument("gain must hold three numbers.");
  for (uint32_t i = 0; i < 3; ++i) pre.gain[i] = static_cast<float>(to_number(gain[i], "gain"));
  return pre;
}

}  // namespace alexnet::addon
