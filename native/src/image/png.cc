// PNG: any depth and colour type, interlaced or not, over white where it is transparent; of an animation the
// default image. Compressed text and profiles are never unpacked, so they cannot exhaust memory.
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include <png.h>

#include "image/codecs.h"
#include "image/exif.h"
#include "image/jump.h"

namespace alexnet::image {
namespace {

constexpr size_t kSignatureBytes = 8, kHeaderEnd = 33;

/// The orientation of an eXIf chunk, which may stand before or after the pixels.
int find_orientation(Bytes bytes) {
  size_t at = kSignatureBytes;
  while (bytes.size() - at >= 12) {
    const size_t length = read_be(bytes, at, 4, "png");
    if (length > bytes.size() - at - 12) return 1;
    if (std::memcmp(bytes.data() + at + 4, "eXIf", 4) == 0)
      return exif_orientation(bytes.subspan(at + 8, length));
    at += 12 + length;
  }
  return 1;
}

class PngReader {
 public:
  explicit PngReader(Bytes bytes) : bytes_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
    info_ = png_ ? png_create_info_struct(png_) : nullptr;
    if (!info_) {
      png_destroy_read_struct(&png_, &info_, nullptr);
      throw Error(ErrorCode::kOutOfMemory, "not enough memory to decode a PNG image");
    }
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  /// Reads up to the pixels and sets up 8-bit RGB or RGBA; returns the number of channels.
  int start() {
    int channels = 0;
    call([&] {
      png_set_read_fn(png_, this, on_read);
      png_set_user_limits(png_, 0x7FFFFFFF, 0x7FFFFFFF);  // the limits were checked from the header
      static const png_byte kIgnored[] = "iCCP\0zTXt\0iTXt\0tEXt\0sPLT\0hIST\0pCAL\0sCAL\0eXIf\0tIME\0";
      png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, kIgnored, (sizeof kIgnored - 1) / 5);
      png_read_info(png_, info_);
      png_set_expand(png_);    // palettes, fewer than 8 bits, transparent colours
      png_set_scale_16(png_);  // rounds, rather than cuts, 16 bits to 8
      png_set_gray_to_rgb(png_);
      png_set_interlace_handling(png_);
      png_read_update_info(png_, info_);
      channels = png_get_channels(png_, info_);
    });
    return channels;
  }

  void read_row(uint8_t* row) {
    call([&] { png_read_row(png_, row, nullptr); });
  }
  void read_all(uint8_t** rows) {
    call([&] { png_read_image(png_, rows); });
  }
  bool interlaced() { return png_get_interlace_type(png_, info_) != PNG_INTERLACE_NONE; }

 private:
  template <typename Body>
  void call(Body&& body) {
    if (!runs(jump_, body)) throw_corrupt("png", message_);
  }
  [[noreturn]] static void on_error(png_structp png, png_const_charp message) {
    auto* self = static_cast<PngReader*>(png_get_error_ptr(png));
    std::snprintf(self->message_, sizeof self->message_, "%s", message);
    std::longjmp(self->jump_, 1);
  }
  static void on_warning(png_structp, png_const_charp) {}
  static void on_read(png_structp png, png_bytep to, size_t count) {
    auto* self = static_cast<PngReader*>(png_get_io_ptr(png));
    if (count > self->bytes_.size() - self->at_) png_error(png, "the file ends early");
    std::memcpy(to, self->bytes_.data() + self->at_, count);
    self->at_ += count;
  }

  Bytes bytes_;
  size_t at_ = 0;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  jmp_buf jump_;
  char message_[256] = {};
};

}  // namespace

ImageInfo png_info(Bytes bytes, const ImageLimits& limits) {
  if (bytes.size() < kHeaderEnd || std::memcmp(bytes.data() + 12, "IHDR", 4) != 0)
    throw_corrupt("png", "it does not begin with a header");
  ImageInfo info{"png", read_be(bytes, 16, 4, "png"), read_be(bytes, 20, 4, "png"), 1, {}};
  switch (bytes[25]) {
    case PNG_COLOR_TYPE_GRAY:
      info.colour = "grey";
      break;
    case PNG_COLOR_TYPE_RGB:
      info.colour = "rgb";
      break;
    case PNG_COLOR_TYPE_PALETTE:
      info.colour = "palette";
      break;
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      info.colour = "grey-alpha";
      break;
    case PNG_COLOR_TYPE_RGB_ALPHA:
      info.colour = "rgba";
      break;
    default:
      throw_corrupt("png", "it has colour type " + std::to_string(bytes[25]));
  }
  check_size("png", info.width, info.height, limits);
  info.orientation = find_orientation(bytes);
  return info;
}

StoredImage png_decode(Bytes bytes, const ImageLimits& limits) {
  StoredImage stored{png_info(bytes, limits), {}};
  const int64_t width = stored.info.width, height = stored.info.height;
  PngReader reader(bytes);
  const int64_t channels = reader.start();
  if (channels != 3 && channels != 4) throw_corrupt("png", std::to_string(channels) + " channels");
  std::vector<uint8_t>& pixels = stored.image.pixels;
  if (reader.interlaced()) {
    stored.image.height = height;
    stored.image.width = width;
    pixels.resize(static_cast<size_t>(width * height * channels));
    std::vector<uint8_t*> rows(static_cast<size_t>(height));
    for (int64_t y = 0; y < height; ++y) rows[static_cast<size_t>(y)] = pixels.data() + y * width * channels;
    reader.read_all(rows.data());
    if (channels == 4) blend_over_white(pixels.data(), width * height, pixels.data());
    pixels.resize(static_cast<size_t>(width * height * 3));
    return stored;
  }
  stored.image = make_image(width, height);
  std::vector<uint8_t> rgba(channels == 4 ? static_cast<size_t>(width) * 4 : 0);
  for (int64_t y = 0; y < height; ++y) {
    uint8_t* row = pixels.data() + y * width * 3;
    reader.read_row(channels == 4 ? rgba.data() : row);
    if (channels == 4) blend_over_white(rgba.data(), width, row);
  }
  return stored;
}

}  // namespace alexnet::image
