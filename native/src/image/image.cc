// The public functions: format by content, decoding, orientation, the central square.
#include "alexnet/image.h"

#include <utility>

#include "image/codecs.h"
#include "image/file.h"
#include "image/format.h"
#include "image/heif_library.h"
#include "image/orientation.h"
#include "image/resample.h"

namespace alexnet {
namespace {

using image::Bytes;
using image::StoredImage;

struct Codec {
  const char* name;
  ImageInfo (*info)(Bytes, const ImageLimits&);
  StoredImage (*decode)(Bytes, const ImageLimits&);
};

constexpr Codec kCodecs[] = {
    {"jpeg", image::jpeg_info, image::jpeg_decode}, {"png", image::png_info, image::png_decode},
    {"webp", image::webp_info, image::webp_decode}, {"gif", image::gif_info, image::gif_decode},
    {"bmp", image::bmp_info, image::bmp_decode},    {"tiff", image::tiff_info, image::tiff_decode},
    {"avif", image::heif_info, image::heif_decode}, {"heic", image::heif_info, image::heif_decode},
};

const Codec& codec_for(Bytes bytes, const ImageLimits& limits) {
  if (static_cast<int64_t>(bytes.size()) > limits.max_file_bytes)
    throw Error(ErrorCode::kImageTooLarge, "the file has " + std::to_string(bytes.size()) +
                                               " bytes, over the limit of " +
                                               std::to_string(limits.max_file_bytes));
  const image::Format format = image::detect_format(bytes);
  for (const Codec& codec : kCodecs)
    if (format.name == codec.name) return codec;
  if (format.image) image::throw_unsupported(format.name);
  throw Error(ErrorCode::kUnsupportedImage, "not an image: " + format.name,
              R"({"format":")" + format.name + R"("})");
}

RgbImage scale_square(const RgbImage& image, int64_t size) {
  image::SquareResampler resampler(image.width, image.height,
                                   image::central_square(image.width, image.height), size);
  for (int64_t y = resampler.first_row(); y < resampler.end_row(); ++y)
    resampler.push(&image.pixels[static_cast<size_t>((y * image.width + resampler.first_column()) * 3)]);
  return resampler.take();
}

void check_square_size(int64_t size) {
  if (size < 1 || size > 16384)
    throw Error(ErrorCode::kInvalidArgument,
                "the square's side must be 1 to 16384, not " + std::to_string(size));
}

}  // namespace

ImageInfo read_image_info(std::span<const uint8_t> bytes, const ImageLimits& limits) {
  return codec_for(bytes, limits).info(bytes, limits);
}

RgbImage decode_image(std::span<const uint8_t> bytes, const ImageLimits& limits) {
  StoredImage stored = codec_for(bytes, limits).decode(bytes, limits);
  return image::orient(std::move(stored.image), stored.info.orientation);
}

RgbImage resize_and_crop(const RgbImage& image, int64_t size) {
  check_square_size(size);
  if (image.width < 1 || image.height < 1 ||
      image.pixels.size() != static_cast<size_t>(image.width * image.height * 3))
    throw Error(ErrorCode::kInvalidArgument, "an image needs width x height x 3 bytes");
  return scale_square(image, size);
}

RgbImage load_square(const std::string& path, int64_t size, const ImageLimits& limits) {
  const std::vector<uint8_t> bytes = image::read_file(path, limits.max_file_bytes);
  return load_square(bytes, size, limits);
}

RgbImage load_square(std::span<const uint8_t> bytes, int64_t size, const ImageLimits& limits) {
  check_square_size(size);
  const Codec& codec = codec_for(bytes, limits);
  // The central square of a turned image is the turned central square: turning the small one is cheaper.
  if (codec.decode == image::jpeg_decode) {
    StoredImage stored = image::jpeg_square(bytes, size, limits);
    return image::orient(std::move(stored.image), stored.info.orientation);
  }
  const StoredImage stored = codec.decode(bytes, limits);
  return image::orient(scale_square(stored.image, size), stored.info.orientation);
}

std::vector<std::string> supported_formats() {
  std::vector<std::string> names;
  for (const Codec& codec : kCodecs)
    if (codec.decode != image::heif_decode || image::heif_library()) names.emplace_back(codec.name);
  return names;
}

}  // namespace alexnet
