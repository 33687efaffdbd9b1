// Every file of ../shared/data/awkward: what is expected of it, and nothing crashes.
#include <doctest/doctest.h>

#include <map>

#include "image/samples.h"

using namespace alexnet;
namespace fs = std::filesystem;

namespace {

/// Everything not named here gives a picture.
const std::map<std::string, std::string> kRefused = {
    {"SOURCE.md", "UNSUPPORTED_IMAGE"},
    {"manifest.csv", "UNSUPPORTED_IMAGE"},
    {".DS_Store", "UNSUPPORTED_IMAGE"},
    {"._appledouble.jpg", "UNSUPPORTED_IMAGE"},
    {"all_nul_4096.jpg", "UNSUPPORTED_IMAGE"},
    {"text_named_as.jpg", "UNSUPPORTED_IMAGE"},
    {"html_error_page_named_as.jpg", "UNSUPPORTED_IMAGE"},
    {"zero_bytes.jpg", "UNSUPPORTED_IMAGE"},
    {"vector.svg", "UNSUPPORTED_IMAGE"},
    {"icon.ico", "UNSUPPORTED_IMAGE"},
    {"jpeg2000.jp2", "UNSUPPORTED_IMAGE"},
    {"jpeg_12bit.jpg", "UNSUPPORTED_IMAGE"},
    {"float_32bit.tiff", "UNSUPPORTED_IMAGE"},
    {"huge_20000x14000_gray.jpg", "IMAGE_TOO_LARGE"},
    {"huge_65536x65536.png", "IMAGE_TOO_LARGE"},
    {"gif_decompression_bomb.gif", "CORRUPT_IMAGE"},  // 44 bytes: the canvas is small, the frame is not there
    {"gif_zero_width.gif", "CORRUPT_IMAGE"},
    {"bad_exif_gray_500x500.jpg",
     "CORRUPT_IMAGE"},  // its scan is damaged too; decoders that go on show stripes
    {"corrupt_header.jpg", "CORRUPT_IMAGE"},
    {"truncated_10000_bytes.jpg", "CORRUPT_IMAGE"},
    {"truncated_half.jpg", "CORRUPT_IMAGE"},
    {"truncated_header_only_200_bytes.jpg", "CORRUPT_IMAGE"},
    {"png_broken_data_stream.png", "CORRUPT_IMAGE"},
    {"png_truncated.png", "CORRUPT_IMAGE"},
};

bool is_heif(const std::string& name) { return name.ends_with(".avif") || name.ends_with(".heif"); }

}  // namespace

TEST_CASE("every awkward file gives a square or the right error") {
  if (!fs::exists(samples::awkward())) {
    MESSAGE("skipped: ", samples::awkward().string(), " is absent");
    return;
  }
  int files = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(samples::awkward())) {
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    if (entry.is_directory()) {
      CHECK(samples::error_of([&] { load_square(entry.path().string()); }) == "IO");
      continue;
    }
    ++files;
    RgbImage square;
    const std::string error = samples::error_of([&] { square = load_square(entry.path().string()); });
    const auto refused = kRefused.find(name);
    if (is_heif(name)) {
      const auto formats = supported_formats();
      const std::string format = name.ends_with(".avif") ? "avif" : "heic";
      const bool supported = std::find(formats.begin(), formats.end(), format) != formats.end();
      CHECK(error == (supported ? "none" : "UNSUPPORTED_IMAGE"));
    } else {
      CHECK(error == (refused == kRefused.end() ? "none" : refused->second));
    }
    if (error != "none") continue;
    CHECK(square.width == 256);
    CHECK(square.height == 256);
    // The two ways to a square agree, but for photos that are decoded at a reduced scale.
    const std::vector<uint8_t> bytes = samples::read_bytes(entry.path());
    const auto difference = samples::compare(resize_and_crop(decode_image(bytes)), square);
    const ImageInfo info = read_image_info(bytes);
    CHECK(difference.largest <= (std::min(info.width, info.height) < 1024 ? 1 : 16));
    CHECK(difference.mean < 0.5);
  }
  CHECK(files >= 100);
}

TEST_CASE("the eight orientations of one scene come out upright and alike") {
  if (!fs::exists(samples::awkward())) {
    MESSAGE("skipped: ", samples::awkward().string(), " is absent");
    return;
  }
  for (const std::string shape : {"landscape", "portrait"}) {
    const RgbImage upright =
        load_square((samples::awkward() / ("exif_orientation_1_" + shape + ".jpg")).string());
    for (int o = 2; o <= 8; ++o) {
      const fs::path path =
          samples::awkward() / ("exif_orientation_" + std::to_string(o) + "_" + shape + ".jpg");
      if (!fs::exists(path)) continue;
      CAPTURE(path.filename().string());
      const std::vector<uint8_t> bytes = samples::read_bytes(path);
      CHECK(read_image_info(bytes).orientation == o);
      const RgbImage full = decode_image(bytes);
      CHECK((full.width > full.height) == (shape == "landscape"));
      // Each file was encoded anew, and its own digit is printed in it: the scene agrees on average.
      CHECK(samples::compare(load_square(bytes), upright).mean < 6);
    }
  }
  const RgbImage first = decode_image(samples::read_bytes(samples::awkward() / "exif_orientation_2.webp"));
  for (int o = 3; o <= 8; ++o) {
    const auto bytes =
        samples::read_bytes(samples::awkward() / ("exif_orientation_" + std::to_string(o) + ".webp"));
    CHECK(read_image_info(bytes).orientation == o);
    CHECK(samples::compare(decode_image(bytes), first).mean < 6);
  }
}

TEST_CASE("difficult colours come out right") {
  if (!fs::exists(samples::awkward())) {
    MESSAGE("skipped: ", samples::awkward().string(), " is absent");
    return;
  }
  const auto decode = [](const char* name) {
    return decode_image(samples::read_bytes(samples::awkward() / name));
  };
  // A photo and its 16-bit grey copy: not clipped to white. Its grey is the photo's luminance.
  const RgbImage photo = decode("UPPERCASE_EXT.JPG"), grey16 = decode("gray16_photo.png");
  double difference = 0;
  for (size_t i = 0; i < photo.pixels.size(); i += 3)
    difference += std::abs(0.299 * photo.pixels[i] + 0.587 * photo.pixels[i + 1] +
                           0.114 * photo.pixels[i + 2] - grey16.pixels[i]);
  CHECK(difference / static_cast<double>(photo.pixels.size() / 3) < 2);
  // The same photo in other clothes.
  CHECK(samples::compare(decode("png_named_as.JPEG"), photo).mean < 1);
  CHECK(samples::compare(decode("palette_photo.png"), photo).mean < 12);
  CHECK(samples::compare(decode("webp_named_as.jpg"), photo).mean < 6);
  CHECK(samples::compare(decode("progressive.jpg"), photo).mean < 2);
  // Letters of pure red on black, in CMYK by way of three containers.
  for (const char* name : {"cmyk_adobe_inverted.jpg", "truncated_app14.jpg", "cmyk.tif"}) {
    CAPTURE(name);
    CHECK(samples::pixel(decode(name), 5, 95) <= 0x0A0A0A);  // black below
    const uint32_t red = samples::pixel(decode(name), 5, 2);
    CHECK((red >> 16) > 200);
    CHECK((red & 255) < 60);
  }
  // Transparent pixels are white, whatever colour hides below.
  CHECK(samples::pixel(decode("png_fully_transparent.png"), 150, 150) == 0xFFFFFF);
  CHECK(samples::pixel(decode("transparent.gif"), 0, 0) == 0xFFFFFF);
  CHECK(samples::pixel(decode("transparent.webp"), 0, 0) == 0xFFFFFF);
  CHECK(samples::pixel(decode("png_rgba_transparent.png"), 0, 0) == 0xFFFFFF);
}
