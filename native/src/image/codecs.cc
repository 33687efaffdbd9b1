#include "image/codecs.h"

namespace alexnet::image {

void throw_corrupt(const std::string& format, const std::string& reason) {
  throw Error(ErrorCode::kCorruptImage, "damaged " + format + " image: " + reason);
}

void throw_unsupported(const std::string& format, const std::string& reason) {
  throw Error(ErrorCode::kUnsupportedImage,
              format + " cannot be read" + (reason.empty() ? "" : " (" + reason + ")") +
                  "; convert the file to JPEG or PNG",
              R"({"format":")" + format + R"("})");
}

void check_size(const std::string& format, int64_t width, int64_t height, const ImageLimits& limits) {
  if (width <= 0 || height <= 0)
    throw_corrupt(format, "its size is " + std::to_string(width) + "x" + std::to_string(height));
  if (width > limits.max_pixels / height)
    throw Error(ErrorCode::kImageTooLarge, "the " + format + " image is " + std::to_string(width) + "x" +
                                               std::to_string(height) + " pixels, over the limit of " +
                                               std::to_string(limits.max_pixels) +
                                               " pixels; make it smaller first");
}

RgbImage make_image(int64_t width, int64_t height) {
  RgbImage image{height, width, {}};
  image.pixels.resize(static_cast<size_t>(width * height * 3));
  return image;
}

void blend_over_white(const uint8_t* rgba, int64_t count, uint8_t* rgb) {
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t alpha = rgba[i * 4 + 3];
    for (int c = 0; c < 3; ++c) {
      // x / 255 rounded, for x <= 255 * 255.
      const uint32_t x = rgba[i * 4 + c] * alpha + 255 * (255 - alpha) + 128;
      rgb[i * 3 + c] = static_cast<uint8_t>((x + (x >> 8)) >> 8);
    }
  }
}

namespace {

uint32_t byte_at(Bytes bytes, size_t offset, const char* format) {
  if (offset >= bytes.size()) throw_corrupt(format, "the file ends early");
  return bytes[offset];
}

}  // namespace

uint32_t read_le(Bytes bytes, size_t offset, size_t size, const char* format) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) value |= byte_at(bytes, offset + i, format) << (8 * i);
  return value;
}

uint32_t read_be(Bytes bytes, size_t offset, size_t size, const char* format) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | byte_at(bytes, offset + i, format);
  return value;
}

}  // namespace alexnet::image
