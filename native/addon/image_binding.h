// Image files as screens show them: the square the net sees, the whole picture, what its header says.
#pragma once

#include <napi.h>

namespace alexnet::addon {

/// loadSquare(path, { size?, jpegQuality? }): Promise<Uint8Array>.
Napi::Value load_square(const Napi::CallbackInfo& info);
/// readImageInfo(bytes): ImageInfo.
Napi::Value image_info(const Napi::CallbackInfo& info);
/// decodeImage(bytes, jpegQuality): Promise<Uint8Array>, upright, in full size.
Napi::Value decode_to_jpeg(const Napi::CallbackInfo& info);
/// encodeJpeg(pixels, width, height, quality): Uint8Array.
Napi::Value encode_pixels(const Napi::CallbackInfo& info);

}  // namespace alexnet::addon
