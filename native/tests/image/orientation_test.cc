// EXIF orientation: read from JPEG, PNG and WebP, applied, and never a reason to fail.
#include <doctest/doctest.h>

#include "image/exif.h"
#include "image/orientation.h"
#include "image/samples.h"
#include "image/writers.h"

using namespace alexnet;

namespace {

/// How a camera held in that way stores the upright scene: the inverse of what orient does.
RgbImage stored_as(const RgbImage& upright, int orientation) {
  // 6 and 8 are each other's inverse, the others their own.
  return image::orient(upright, orientation == 6 ? 8 : orientation == 8 ? 6 : orientation);
}

}  // namespace

TEST_CASE("the eight orientations move the corners as the standard says") {
  // Corners of the stored image: A B in the first row, C D in the last. (TIFF 6.0, tag 274)
  RgbImage stored{2, 3, std::vector<uint8_t>(18, 0)};
  const auto set = [&](int x, int y, uint8_t value) {
    for (int c = 0; c < 3; ++c) stored.pixels[(y * 3 + x) * 3 + c] = value;
  };
  set(0, 0, 'A');
  set(2, 0, 'B');
  set(0, 1, 'C');
  set(2, 1, 'D');
  const char* expected[] = {"", "ABCD", "BADC", "DCBA", "CDAB", "ACBD", "CADB", "DBCA", "BDAC"};
  for (int o = 1; o <= 8; ++o) {
    CAPTURE(o);
    const RgbImage upright = image::orient(stored, o);
    CHECK(upright.width == (o < 5 ? 3 : 2));
    CHECK(upright.height == (o < 5 ? 2 : 3));
    const int64_t right = upright.width - 1, bottom = upright.height - 1;
    std::string corners;
    for (const auto& [x, y] :
         {std::pair{int64_t{0}, int64_t{0}}, {right, int64_t{0}}, {int64_t{0}, bottom}, {right, bottom}})
      corners += static_cast<char>(samples::pixel(upright, x, y) & 255);
    CHECK(corners == expected[o]);
  }
}

TEST_CASE("all orientations of one scene give one picture, in JPEG and PNG") {
  const RgbImage scene = samples::scene(133, 70);
  const RgbImage upright = decode_image(encode_jpeg(scene, 100));
  for (int o = 1; o <= 8; ++o) {
    for (const bool little : {true, false}) {
      CAPTURE(o);
      CAPTURE(little);
      const RgbImage stored = stored_as(scene, o);
      const auto jpeg = writers::with_exif(encode_jpeg(stored, 100), writers::exif(o, little));
      CHECK(read_image_info(jpeg).orientation == o);
      CHECK(read_image_info(jpeg).width == stored.width);
      CHECK(samples::compare(decode_image(jpeg), upright).mean < 1.5);  // encoded in another direction
      CHECK(samples::compare(load_square(jpeg, 64), resize_and_crop(decode_image(jpeg), 64)).largest <= 1);

      writers::PngOptions options;
      options.exif = writers::exif(o, little);
      const auto png = writers::png(stored, options);
      CHECK(read_image_info(png).orientation == o);
      CHECK(decode_image(png).pixels == scene.pixels);
    }
  }
}

TEST_CASE("odd, damaged and missing EXIF means upright") {
  CHECK(image::exif_orientation({}) == 1);
  const std::vector<uint8_t> good = writers::exif(6);
  CHECK(image::exif_orientation(good) == 6);
  CHECK(image::exif_orientation(writers::exif(6, false, 4)) == 6);  // stored as a long
  CHECK(image::exif_orientation(writers::exif(0)) == 1);
  CHECK(image::exif_orientation(writers::exif(9)) == 1);
  CHECK(image::exif_orientation(writers::exif(6, true, 2)) == 1);  // text is no number
  for (size_t size = 0; size < good.size(); ++size) {
    const int o = image::exif_orientation(std::span(good).first(size));
    CHECK((o == 1 || o == 6));
  }
  // Every single byte changed to every extreme: any result in 1..8, no fault (the sanitizers watch).
  int wrong = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    for (const uint8_t value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      std::vector<uint8_t> bytes = good;
      bytes[at] = value;
      const int o = image::exif_orientation(bytes);
      wrong += o < 1 || o > 8;
    }
  }
  CHECK(wrong == 0);
}
