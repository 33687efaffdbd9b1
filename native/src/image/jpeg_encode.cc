// JPEG bytes of an image, for thumbnails and previews.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <jpeglib.h>

#include "alexnet/error.h"
#include "alexnet/image.h"
#include "image/jump.h"

namespace alexnet {
namespace {

struct EncodeErrors {
  jpeg_error_mgr base;
  jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

void on_error(j_common_ptr jpeg) {
  auto* errors = reinterpret_cast<EncodeErrors*>(jpeg->err);
  errors->base.format_message(jpeg, errors->message);
  std::longjmp(errors->jump, 1);
}

struct Encoder {
  jpeg_compress_struct jpeg{};
  EncodeErrors errors{};
  unsigned char* buffer = nullptr;
  unsigned long size = 0;

  ~Encoder() {
    jpeg_destroy_compress(&jpeg);
    std::free(buffer);
  }
};

}  // namespace

std::vector<uint8_t> encode_jpeg(const RgbImage& image, int quality) {
  if (quality < 1 || quality > 100)
    throw Error(ErrorCode::kInvalidArgument, "JPEG quality must be 1 to 100, not " + std::to_string(quality));
  if (image.height < 1 || image.width < 1 || image.height > 65500 || image.width > 65500 ||
      image.pixels.size() != static_cast<size_t>(image.height * image.width * 3))
    throw Error(ErrorCode::kInvalidArgument,
                "an image of 1 to 65500 pixels a side is needed for a JPEG file");
  Encoder encoder;
  encoder.jpeg.err = jpeg_std_error(&encoder.errors.base);
  encoder.errors.base.error_exit = on_error;
  const bool done = image::runs(encoder.errors.jump, [&] {
    jpeg_create_compress(&encoder.jpeg);
    jpeg_mem_dest(&encoder.jpeg, &encoder.buffer, &encoder.size);
    encoder.jpeg.image_width = static_cast<JDIMENSION>(image.width);
    encoder.jpeg.image_height = static_cast<JDIMENSION>(image.height);
    encoder.jpeg.input_components = 3;
    encoder.jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&encoder.jpeg);
    jpeg_set_quality(&encoder.jpeg, quality, TRUE);
    jpeg_start_compress(&encoder.jpeg, TRUE);
    while (encoder.jpeg.next_scanline < encoder.jpeg.image_height) {
      auto* row = const_cast<JSAMPROW>(&image.pixels[size_t{encoder.jpeg.next_scanline} * image.width * 3]);
      jpeg_write_scanlines(&encoder.jpeg, &row, 1);
    }
    jpeg_finish_compress(&encoder.jpeg);
  });
  if (!done)
    throw Error(ErrorCode::kInternal, std::string("JPEG encoding failed: ") + encoder.errors.message);
  return {encoder.buffer, encoder.buffer + encoder.size};
}

}  // namespace alexnet
