// Which crops of an image training draws and testing takes, for previews.
#pragma once

#include <napi.h>

namespace alexnet::addon {

/// drawCrops(options): CropDraw[], one an epoch.
Napi::Value draw_crops(const Napi::CallbackInfo& info);
/// testCrops(cropSize): CropDraw[], the ten of the test.
Napi::Value test_crops(const Napi::CallbackInfo& info);

}  // namespace alexnet::addon
