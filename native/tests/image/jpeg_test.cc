// JPEG: the reduced and cropped decoding of load_square against the whole, colour spaces, damage.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>

#include <jpeglib.h>

#include "image/samples.h"

namespace {

using namespace alexnet;

struct JpegOptions {
  J_COLOR_SPACE space = JCS_RGB;  // of the pixels given
  int components = 3;
  bool progressive = false, arithmetic = false, adobe = true;
  int restart = 0;
  int quality = 95;
};

/// A JPEG of `pixels` (components bytes each).
std::vector<uint8_t> write_jpeg(const std::vector<uint8_t>& pixels, int width, int height,
                                const JpegOptions& o) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &buffer, &size);
  jpeg.image_width = static_cast<JDIMENSION>(width);
  jpeg.image_height = static_cast<JDIMENSION>(height);
  jpeg.input_components = o.components;
  jpeg.in_color_space = o.space;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, o.quality, TRUE);
  if (o.progressive) jpeg_simple_progression(&jpeg);
  jpeg.arith_code = o.arithmetic ? TRUE : FALSE;
  jpeg.restart_interval = static_cast<unsigned>(o.restart);
  if (!o.adobe) jpeg.write_Adobe_marker = FALSE;
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    auto* row = const_cast<JSAMPROW>(&pixels[size_t{jpeg.next_scanline} * width * o.components]);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  std::vector<uint8_t> bytes(buffer, buffer + size);
  jpeg_destroy_compress(&jpeg);
  std::free(buffer);
  return bytes;
}

}  // namespace

TEST_CASE("encode and decode give the picture back") {
  const RgbImage scene = samples::scene(201, 99);
  const std::vector<uint8_t> bytes = encode_jpeg(scene, 95);
  const ImageInfo info = read_image_info(bytes);
  CHECK(info.format == "jpeg");
  CHECK(info.width == 201);
  CHECK(info.height == 99);
  CHECK(info.colour == "rgb");
  CHECK(samples::compare(decode_image(bytes), scene).mean < 2);  // quality 95, colour at half resolution
  CHECK(samples::error_of([&] { encode_jpeg(scene, 0); }) == "INVALID_ARGUMENT");
  CHECK(samples::error_of([&] { encode_jpeg(RgbImage{}, 50); }) == "INVALID_ARGUMENT");
}

TEST_CASE("decoding only the needed part gives the same square") {
  const int64_t sizes[][2] = {{500, 375},  {375, 500}, {500, 333}, {2000, 300},
                              {300, 1500}, {17, 511},  {700, 20}};
  for (const auto& [width, height] : sizes) {
    for (const bool progressive : {false, true}) {
      CAPTURE(width);
      CAPTURE(height);
      CAPTURE(progressive);
      const RgbImage source = samples::noise(width, height, 5);
      JpegOptions options;
      options.progressive = progressive;
      const auto bytes =
          write_jpeg(source.pixels, static_cast<int>(width), static_cast<int>(height), options);
      const RgbImage whole = resize_and_crop(decode_image(bytes));
      // Not a bit of the colour interpolation beyond the cut may be missing, even for noise.
      CHECK(samples::compare(load_square(bytes), whole).largest <= 1);
    }
  }
}

TEST_CASE("decoding at a reduced scale stays close to the whole") {
  const RgbImage source = samples::scene(2400, 1801);
  const std::vector<uint8_t> bytes = encode_jpeg(source, 90);
  const auto difference = samples::compare(load_square(bytes), resize_and_crop(decode_image(bytes)));
  // At an edge the transform's own low-pass and the filter differ by some levels; on the whole they agree.
  CHECK(difference.mean < 0.5);
  CHECK(difference.largest <= 24);
}

TEST_CASE("grey, CMYK with and without Adobe's inversion, arithmetic coding, restarts") {
  std::vector<uint8_t> grey(64 * 64, 90);
  JpegOptions options{JCS_GRAYSCALE, 1};
  auto bytes = write_jpeg(grey, 64, 64, options);
  CHECK(read_image_info(bytes).colour == "grey");
  CHECK(samples::pixel(decode_image(bytes), 30, 30) == 0x5A5A5A);

  // Inks 0..255 with 255 the full ink: cyan 255 and a little black give (0, 204, 204).
  std::vector<uint8_t> ink(64 * 64 * 4), inverted(64 * 64 * 4);
  for (size_t i = 0; i < ink.size(); ++i) {
    const uint8_t colour[] = {255, 0, 0, 51};
    ink[i] = colour[i % 4];
    inverted[i] = static_cast<uint8_t>(255 - ink[i]);
  }
  options = {JCS_CMYK, 4};
  options.quality = 100;
  for (const bool adobe : {true, false}) {
    CAPTURE(adobe);
    options.adobe = adobe;
    bytes = write_jpeg(adobe ? inverted : ink, 64, 64, options);
    CHECK(read_image_info(bytes).colour == "cmyk");
    const uint32_t p = samples::pixel(decode_image(bytes), 20, 20);
    CHECK((p >> 16) <= 1);
    CHECK(std::abs(static_cast<int>(p >> 8 & 255) - 204) <= 1);
    CHECK(std::abs(static_cast<int>(p & 255) - 204) <= 1);
  }

  const RgbImage scene = samples::scene(120, 80);
  options = {};
  options.arithmetic = true;
  CHECK(samples::compare(decode_image(write_jpeg(scene.pixels, 120, 80, options)), scene).mean < 2);
  options = {};
  options.restart = 2;
  CHECK(samples::compare(decode_image(write_jpeg(scene.pixels, 120, 80, options)), scene).mean < 2);
}

TEST_CASE("a file that ends early is damaged, one without its end marker is not") {
  const RgbImage source = samples::noise(90, 70, 6);
  for (const bool progressive : {false, true}) {
    CAPTURE(progressive);
    JpegOptions options;
    options.progressive = progressive;
    std::vector<uint8_t> bytes = write_jpeg(source.pixels, 90, 70, options);
    const RgbImage whole = decode_image(bytes);
    bytes.resize(bytes.size() - 2);
    CHECK(decode_image(bytes).pixels == whole.pixels);
    CHECK(load_square(bytes, 64).pixels == resize_and_crop(whole, 64).pixels);
    for (const size_t cut : {bytes.size() - 8, bytes.size() * 9 / 10, bytes.size() / 2, bytes.size() / 4}) {
      CAPTURE(cut);
      const std::vector<uint8_t> part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(cut));
      CHECK(samples::error_of([&] { decode_image(part); }) == "CORRUPT_IMAGE");
      CHECK(samples::error_of([&] { load_square(part, 64); }) == "CORRUPT_IMAGE");
    }
  }
  // The damage is below the part that is cut out: it is found all the same.
  JpegOptions options;
  std::vector<uint8_t> tall = write_jpeg(samples::noise(100, 900, 7).pixels, 100, 900, options);
  tall.resize(tall.size() * 95 / 100);
  CHECK(samples::error_of([&] { load_square(tall, 64); }) == "CORRUPT_IMAGE");
}

TEST_CASE("the limits hold before anything is decoded") {
  const std::vector<uint8_t> bytes = encode_jpeg(samples::scene(100, 60), 80);
  ImageLimits limits;
  limits.max_pixels = 5999;
  CHECK(samples::error_of([&] { read_image_info(bytes, limits); }) == "IMAGE_TOO_LARGE");
  CHECK(samples::error_of([&] { load_square(bytes, 64, limits); }) == "IMAGE_TOO_LARGE");
  limits.max_pixels = 6000;
  CHECK(read_image_info(bytes, limits).width == 100);
  limits.max_file_bytes = static_cast<int64_t>(bytes.size()) - 1;
  CHECK(samples::error_of([&] { decode_image(bytes, limits); }) == "IMAGE_TOO_LARGE");
}

TEST_CASE("a file of endless scans is refused in bounded time") {
  JpegOptions options{JCS_GRAYSCALE, 1};
  options.progressive = true;
  std::vector<uint8_t> bytes = write_jpeg(std::vector<uint8_t>(64 * 64, 77), 64, 64, options);
  // The last scan (a refinement) is repeated until there are far too many.
  size_t last = bytes.size() - 2;
  while (!(bytes[last] == 0xFF && bytes[last + 1] == 0xDA)) --last;
  const std::vector<uint8_t> scan(bytes.begin() + static_cast<std::ptrdiff_t>(last), bytes.end() - 2);
  bytes.resize(bytes.size() - 2);
  for (int i = 0; i < 2000; ++i) bytes.insert(bytes.end(), scan.begin(), scan.end());
  bytes.insert(bytes.end(), {0xFF, 0xD9});
  CHECK(samples::error_of([&] { decode_image(bytes); }) == "CORRUPT_IMAGE");
}
