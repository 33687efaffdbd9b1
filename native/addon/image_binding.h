// One image file to the square the net sees: for thumbnails and previews.
#pragma once

#include <napi.h>

namespace alexnet::addon {

/// loadSquare(path, { size?, jpegQuality? }): Promise<Uint8Array>.
Napi::Value load_square(const Napi::CallbackInfo& info);

}  // namespace alexnet::addon
