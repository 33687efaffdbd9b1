// Untrusted image bytes to the 256x256 RGB square every part of the project sees: EXIF orientation,
// RGB, shorter side scaled to 256 with an anti-aliased filter, central 256x256 cut out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace alexnet {

struct ImageLimits {
  int64_t max_pixels = 100'000'000;  // checked against the header, before decoding
  int64_t max_file_bytes = 200'000'000;
};

/// 8-bit RGB, rows top to bottom, no padding: pixels.size() == height * width * 3.
struct RgbImage {
  int64_t height = 0, width = 0;
  std::vector<uint8_t> pixels;
};

struct ImageInfo {
  std::string format;             // "jpeg", "png", "webp", "gif", "bmp", "tiff", "avif", "heic"
  int64_t width = 0, height = 0;  // as stored, before orientation
  int orientation = 1;            // EXIF, 1..8
  std::string colour;             // "rgb", "grey", "cmyk", "palette", "rgba", ...
};

/// Reads the header only. Throws kUnsupportedImage (naming the format), kCorruptImage, kImageTooLarge.
ImageInfo read_image_info(std::span<const uint8_t> bytes, const ImageLimits& limits = {});

/// Decodes with orientation applied. Throws like read_image_info; a damaged body is kCorruptImage: data that
/// end early or contradict themselves (a file that lacks nothing but its end marker is accepted).
/// Transparent parts lie over white. 16 bits are rounded to 8. CMYK is taken as ideal inks; colour profiles
/// are not applied. Of an animation or several pages the first is taken.
RgbImage decode_image(std::span<const uint8_t> bytes, const ImageLimits& limits = {});

/// Scales the shorter side to `size` (anti-aliased) and cuts the central size x size.
RgbImage resize_and_crop(const RgbImage& image, int64_t size = 256);

/// File to size x size square: read_file + decode_image + resize_and_crop, decoding JPEGs at reduced
/// scale where the result stays anti-aliased. Throws kIo, kNotFound and what decode_image throws.
RgbImage load_square(const std::string& path, int64_t size = 256, const ImageLimits& limits = {});
RgbImage load_square(std::span<const uint8_t> bytes, int64_t size = 256, const ImageLimits& limits = {});

/// JPEG bytes of an image (for thumbnails and previews), quality 1..100.
std::vector<uint8_t> encode_jpeg(const RgbImage& image, int quality = 85);

/// The formats this build can decode.
std::vector<std::string> supported_formats();

}  // namespace alexnet
