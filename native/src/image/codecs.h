// What the decoders of this folder share: bounds-checked reads, the limits, and one entry pair a format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "alexnet/error.h"
#include "alexnet/image.h"

namespace alexnet::image {

using Bytes = std::span<const uint8_t>;

/// An image as its file stores it: `info.orientation` is still to be applied.
struct StoredImage {
  ImageInfo info;
  RgbImage image;
};

[[noreturn]] void throw_corrupt(const std::string& format, const std::string& reason);
/// `format` is what the message and the details name, e.g. "avif"; `reason` may be empty.
[[noreturn]] void throw_unsupported(const std::string& format, const std::string& reason = {});

/// Throws kCorruptImage for an empty image and kImageTooLarge for one over the limit.
void check_size(const std::string& format, int64_t width, int64_t height, const ImageLimits& limits);

/// An image of this size, all zero. The size must have passed check_size.
RgbImage make_image(int64_t width, int64_t height);

/// Lays `count` RGBA pixels (alpha not multiplied in) over white and writes them as RGB. `rgb` may be
/// `rgba`: the writes stay behind the reads.
void blend_over_white(const uint8_t* rgba, int64_t count, uint8_t* rgb);

// Little- and big-endian reads; a read beyond the end throws kCorruptImage naming `format`.
uint32_t read_le(Bytes bytes, size_t offset, size_t size, const char* format);
uint32_t read_be(Bytes bytes, size_t offset, size_t size, const char* format);

// One pair a format. The info functions read the header alone and check the limits; the decoders do that
// before they allocate anything of the image's size.
ImageInfo jpeg_info(Bytes bytes, const ImageLimits& limits);
StoredImage jpeg_decode(Bytes bytes, const ImageLimits& limits);
ImageInfo png_info(Bytes bytes, const ImageLimits& limits);
StoredImage png_decode(Bytes bytes, const ImageLimits& limits);
ImageInfo webp_info(Bytes bytes, const ImageLimits& limits);
StoredImage webp_decode(Bytes bytes, const ImageLimits& limits);
ImageInfo gif_info(Bytes bytes, const ImageLimits& limits);
StoredImage gif_decode(Bytes bytes, const ImageLimits& limits);
ImageInfo bmp_info(Bytes bytes, const ImageLimits& limits);
StoredImage bmp_decode(Bytes bytes, const ImageLimits& limits);
ImageInfo tiff_info(Bytes bytes, const ImageLimits& limits);
StoredImage tiff_decode(Bytes bytes, const ImageLimits& limits);
ImageInfo heif_info(Bytes bytes, const ImageLimits& limits);  // HEIC and AVIF, where libheif is present
StoredImage heif_decode(Bytes bytes, const ImageLimits& limits);

/// The central square of a JPEG scaled to size x size, as stored (orientation not applied): rows go from
/// the decoder straight into the filter, so memory does not grow with a baseline photo's size.
StoredImage jpeg_square(Bytes bytes, int64_t size, const ImageLimits& limits);

}  // namespace alexnet::image
