// PNG, WebP, GIF, BMP and TIFF of every kind, and what is none of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include <tiffio.h>
#include <unistd.h>

#include "image/samples.h"
#include "image/writers.h"

using namespace alexnet;

TEST_CASE("PNG: colour, grey, palette, 1 to 16 bits, alpha, interlaced") {
  const RgbImage scene = samples::scene(37, 29);
  for (const bool interlaced : {false, true}) {
    CAPTURE(interlaced);
    writers::PngOptions o;
    o.interlaced = interlaced;
    CHECK(decode_image(writers::png(scene, o)).pixels == scene.pixels);

    o.colour = PNG_COLOR_TYPE_GRAY;
    o.depth = 16;
    // v / 257 rounded, not cut: 0x8100 is 128.498, 0x8101 is 128.502.
    CHECK(samples::pixel(decode_image(writers::png(1, 1, o, {{0x81, 0x00}})), 0, 0) == 0x808080);
    CHECK(samples::pixel(decode_image(writers::png(1, 1, o, {{0x81, 0x01}})), 0, 0) == 0x818181);
    CHECK(samples::pixel(decode_image(writers::png(1, 1, o, {{0xFF, 0x80}})), 0, 0) == 0xFFFFFF);
    o.depth = 1;
    const RgbImage bits = decode_image(writers::png(8, 1, o, {{0b10110000}}));
    CHECK(samples::pixel(bits, 0, 0) == 0xFFFFFF);
    CHECK(samples::pixel(bits, 1, 0) == 0);
    CHECK(read_image_info(writers::png(8, 1, o, {{0}})).colour == "grey");

    // Over white: out = colour * alpha + 255 * (1 - alpha).
    o.colour = PNG_COLOR_TYPE_RGB_ALPHA;
    o.depth = 8;
    const auto rgba = writers::png(3, 1, o, {{10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 200, 128}});
    CHECK(read_image_info(rgba).colour == "rgba");
    const RgbImage blended = decode_image(rgba);
    CHECK(samples::pixel(blended, 0, 0) == 0x0A141E);
    CHECK(samples::pixel(blended, 1, 0) == 0xFFFFFF);
    CHECK(samples::pixel(blended, 2, 0) == 0x7FB1E3);  // 127, 177, 227
    o.colour = PNG_COLOR_TYPE_GRAY_ALPHA;
    CHECK(samples::pixel(decode_image(writers::png(1, 1, o, {{0, 51}})), 0, 0) == 0xCCCCCC);

    o.colour = PNG_COLOR_TYPE_PALETTE;
    o.depth = 2;
    o.palette = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}};
    CHECK(samples::pixel(decode_image(writers::png(3, 1, o, {{0b00011000}})), 2, 0) == 0x0000FF);
    o.palette_alpha = {255, 0};
    const RgbImage palette = decode_image(writers::png(3, 1, o, {{0b00011000}}));
    CHECK(samples::pixel(palette, 0, 0) == 0xFF0000);
    CHECK(samples::pixel(palette, 1, 0) == 0xFFFFFF);
  }
}

TEST_CASE("PNG: cut files are damaged, a missing end is not") {
  const std::vector<uint8_t> good = writers::png(samples::noise(60, 50, 1));
  const auto cut = [&](size_t size) {
    const std::vector<uint8_t> part(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    return samples::error_of([&] { decode_image(part); });
  };
  CHECK(cut(good.size() - 12) == "none");  // IEND
  for (const size_t size : {size_t{20}, size_t{40}, good.size() / 2, good.size() - 40})
    CHECK(cut(size) == "CORRUPT_IMAGE");
  std::vector<uint8_t> bytes = good;
  bytes[good.size() / 2] ^= 1;  // the checksum of the chunk tells
  CHECK(samples::error_of([&] { decode_image(bytes); }) == "CORRUPT_IMAGE");
}

TEST_CASE("PNG: huge sizes are refused from the header") {
  std::vector<uint8_t> bytes = writers::png(samples::scene(4, 4));
  for (const auto& [at, value] : {std::pair<size_t, uint8_t>{16, 0x7F}, {20, 0x7F}}) bytes[at] = value;
  CHECK(samples::error_of([&] { decode_image(bytes); }) == "IMAGE_TOO_LARGE");
  bytes = writers::png(samples::scene(4, 4));
  bytes[19] = 0;
  CHECK(samples::error_of([&] { decode_image(bytes); }) == "CORRUPT_IMAGE");
}

TEST_CASE("WebP: lossless, alpha, damage") {
  const RgbImage scene = samples::scene(45, 61);
  const std::vector<uint8_t> bytes = writers::webp_lossless(scene);
  CHECK(decode_image(bytes).pixels == scene.pixels);
  CHECK(read_image_info(bytes).format == "webp");
  const auto alpha = writers::webp_lossless_rgba({9, 9, 9, 0, 10, 20, 30, 255}, 2, 1);
  CHECK(read_image_info(alpha).colour == "rgba");
  CHECK(samples::pixel(decode_image(alpha), 0, 0) == 0xFFFFFF);
  CHECK(samples::pixel(decode_image(alpha), 1, 0) == 0x0A141E);
  for (const size_t size : {size_t{13}, size_t{25}, bytes.size() / 2, bytes.size() - 8}) {
    const std::vector<uint8_t> part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(samples::error_of([&] { decode_image(part); }) == "CORRUPT_IMAGE");
  }
  ImageLimits limits;
  limits.max_pixels = 45 * 61 - 1;
  CHECK(samples::error_of([&] { decode_image(bytes, limits); }) == "IMAGE_TOO_LARGE");
}

TEST_CASE("GIF: position, transparency, interlacing, damage") {
  std::vector<uint8_t> indices(6 * 9);
  for (size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<uint8_t>(i / 6 % 4);  // by row
  for (const bool interlaced : {false, true}) {
    CAPTURE(interlaced);
    const auto bytes = writers::gif(10, 12, 2, 1, 6, 9, indices, interlaced, /*transparent=*/3);
    const RgbImage image = decode_image(bytes);
    REQUIRE(image.width == 10);
    REQUIRE(image.height == 12);
    const uint32_t colours[] = {0x000000, 0xFF0000, 0x00FF00, 0xFFFFFF};
    for (int y = 0; y < 9; ++y) CHECK(samples::pixel(image, 4, y + 1) == colours[y % 4]);
    CHECK(samples::pixel(image, 0, 0) == 0xFFFFFF);
    CHECK(samples::pixel(image, 9, 5) == 0xFFFFFF);
  }
  // A frame that reaches beyond its canvas is cut there.
  const auto beyond = writers::gif(4, 4, 2, 2, 6, 9, indices, false, -1);
  CHECK(samples::pixel(decode_image(beyond), 3, 3) == 0xFF0000);
  const std::vector<uint8_t> half(beyond.begin(),
                                  beyond.begin() + static_cast<std::ptrdiff_t>(beyond.size()) - 8);
  CHECK(samples::error_of([&] { decode_image(half); }) == "CORRUPT_IMAGE");
}

TEST_CASE("BMP: every depth, both row orders, run lengths, damage") {
  const std::vector<uint8_t> palette = {0,   0, 255, 0, 0, 255, 0, 0,
                                        255, 0, 0,   0, 9, 9,   9, 0};  // red, green, blue, grey
  const auto at = [](const std::vector<uint8_t>& bytes, int64_t x, int64_t y) {
    return samples::pixel(decode_image(bytes), x, y);
  };
  // Two rows of one pixel, padded to four bytes: the lower one is stored first.
  CHECK(at(writers::bmp(1, 2, 24, 0, {}, {1, 2, 3, 0, 4, 5, 6, 0}), 0, 0) == 0x060504);
  CHECK(at(writers::bmp(1, -2, 24, 0, {}, {1, 2, 3, 0, 4, 5, 6, 0}), 0, 0) == 0x030201);
  CHECK(at(writers::bmp(1, 1, 32, 0, {}, {1, 2, 3, 0}), 0, 0) == 0x030201);
  CHECK(at(writers::bmp(1, 1, 16, 0, {}, {0xFF, 0x7F, 0, 0}), 0, 0) == 0xFFFFFF);
  const std::vector<uint8_t> masks = writers::Bytes().put(0xF800, 4).put(0x07E0, 4).put(0x001F, 4);
  CHECK(at(writers::bmp(1, 1, 16, 3, masks, {0x1F, 0xF8, 0, 0}), 0, 0) == 0xFF00FF);
  CHECK(at(writers::bmp(3, 1, 8, 0, palette, {2, 1, 0, 0}, 4), 0, 0) == 0x0000FF);
  CHECK(at(writers::bmp(3, 1, 4, 0, palette, {0x01, 0x20, 0, 0}, 4), 2, 0) == 0x0000FF);
  CHECK(at(writers::bmp(3, 1, 1, 0, palette, {0b01000000, 0, 0, 0}, 2), 1, 0) == 0x00FF00);
  // Run lengths: three times colour 1; end of row; two literals (0, 2) padded; end of image.
  const std::vector<uint8_t> runs = {3, 1, 0, 0, 1, 2, 0, 3, 0, 2, 1, 0, 0, 1};
  const auto rle = writers::bmp(3, 2, 8, 1, palette, runs, 4);
  CHECK(at(rle, 2, 1) == 0x00FF00);
  CHECK(at(rle, 0, 0) == 0x0000FF);
  CHECK(at(rle, 1, 0) == 0xFF0000);
  CHECK(at(writers::bmp(4, 1, 4, 2, palette, {4, 0x12, 0, 1}, 4), 3, 0) == 0x0000FF);
  CHECK(read_image_info(rle).colour == "palette");

  CHECK(samples::error_of([&] {
          decode_image(writers::bmp(9, 9, 24, 0, {}, {1, 2, 3}));
        }) == "CORRUPT_IMAGE");
  CHECK(samples::error_of([&] {
          decode_image(writers::bmp(1, 1, 8, 0, palette, {7, 0, 0, 0}, 4));
        }) == "CORRUPT_IMAGE");
  CHECK(samples::error_of([&] { decode_image(writers::bmp(1, 1, 24, 4, {}, {})); }) == "UNSUPPORTED_IMAGE");
  CHECK(samples::error_of([&] { decode_image(writers::bmp(1 << 30, 1 << 30, 24, 0, {}, {})); }) ==
        "IMAGE_TOO_LARGE");
  CHECK(samples::error_of([&] { decode_image(writers::bmp(-5, 5, 24, 0, {}, {})); }) == "CORRUPT_IMAGE");
  CHECK(samples::error_of([&] { decode_image(writers::bmp(5, INT32_MIN, 24, 0, {}, {})); }) ==
        "IMAGE_TOO_LARGE");
}

TEST_CASE("TIFF: strips, orientation, damage, an unsupported kind") {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("alexnet-test-" + std::to_string(::getpid()) + ".tif"))
          .string();
  const RgbImage scene = samples::scene(40, 30);
  const auto write = [&](uint16_t orientation, uint16_t bits, uint16_t format) {
    TIFF* tiff = TIFFOpen(path.c_str(), "w");
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, 40);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 30);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 3);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, bits);
    TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, format);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_LZW);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 7);
    TIFFSetField(tiff, TIFFTAG_ORIENTATION, orientation);
    std::vector<uint8_t> row(40 * 3 * bits / 8, 0x42);
    for (uint32_t y = 0; y < 30; ++y) {
      if (bits == 8) std::copy_n(&scene.pixels[y * 120], 120, row.begin());
      TIFFWriteScanline(tiff, row.data(), y, 0);
    }
    TIFFClose(tiff);
    const auto bytes = samples::read_bytes(path);
    std::filesystem::remove(path);
    return bytes;
  };
  const auto bytes = write(1, 8, SAMPLEFORMAT_UINT);
  CHECK(decode_image(bytes).pixels == scene.pixels);
  CHECK(read_image_info(bytes).format == "tiff");
  for (uint16_t o = 2; o <= 8; ++o) {
    CAPTURE(o);
    const auto turned = write(o, 8, SAMPLEFORMAT_UINT);
    CHECK(read_image_info(turned).orientation == o);
    const RgbImage upright = decode_image(turned);
    CHECK(upright.width == (o < 5 ? 40 : 30));
    // The first stored pixel goes to the corner that the standard names.
    const bool right = o == 2 || o == 3 || o == 6 || o == 7, bottom = o == 3 || o == 4 || o == 7 || o == 8;
    CHECK(samples::pixel(upright, right ? upright.width - 1 : 0, bottom ? upright.height - 1 : 0) ==
          samples::pixel(scene, 0, 0));
  }
  CHECK(samples::pixel(decode_image(write(1, 16, SAMPLEFORMAT_UINT)), 5, 5) == 0x424242);
  CHECK(samples::error_of([&] { decode_image(write(1, 32, SAMPLEFORMAT_IEEEFP)); }) == "UNSUPPORTED_IMAGE");
  auto damaged = bytes;
  std::fill(damaged.begin() + 8, damaged.begin() + 200, uint8_t{0xFF});  // the first strip
  CHECK(samples::error_of([&] { decode_image(damaged); }) == "CORRUPT_IMAGE");
  ImageLimits limits;
  limits.max_pixels = 1199;
  CHECK(samples::error_of([&] { decode_image(bytes, limits); }) == "IMAGE_TOO_LARGE");
}

TEST_CASE("raw files are told from the TIFF files that they are, too") {
  // One directory with a make, and one below it whose pixels are a sensor's.
  const auto raw = [](const std::string& make, uint16_t photometric, bool dng) {
    std::vector<uint8_t> bytes = {'I', 'I', '*', 0, 8, 0, 0, 0};
    const auto put = [&](uint32_t value, int size) {
      for (int i = 0; i < size; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
    };
    const auto entry = [&](uint32_t tag, uint32_t type, uint32_t count, uint32_t value) {
      put(tag, 2), put(type, 2), put(count, 4), put(value, 4);
    };
    const uint32_t entries = dng ? 3 : 2, below = 8 + 2 + 12 * entries + 4, text = below + 2 + 12 + 4;
    put(entries, 2);
    entry(0x10F, 2, static_cast<uint32_t>(make.size()), text);
    entry(0x14A, 4, 1, below);
    if (dng) entry(0xC612, 1, 4, 0x0401);
    put(0, 4);
    put(1, 2);
    entry(0x106, 3, 1, photometric);
    put(0, 4);
    bytes.insert(bytes.end(), make.begin(), make.end());
    return bytes;
  };
  const auto error = [](const std::vector<uint8_t>& bytes) -> std::string {
    try {
      decode_image(bytes);
    } catch (const Error& e) {
      return e.what();
    }
    return "decoded";
  };
  CHECK(error(raw("NIKON CORPORATION", 32803, false)).starts_with("Nikon raw (NEF) cannot be read"));
  CHECK(error(raw("SONY ILCE", 32803, false)).starts_with("Sony raw (ARW) cannot be read"));
  CHECK(error(raw("Canon Inc.", 34892, true)).starts_with("digital negative (DNG) cannot be read"));
  CHECK(error(raw("Somebody", 32803, false)).starts_with("camera raw cannot be read"));
  // The same with ordinary pixels is a TIFF, a damaged one.
  CHECK(error(raw("NIKON CORPORATION", 2, false)).find("raw") == std::string::npos);
  // Directories that name each other end.
  std::vector<uint8_t> loop = raw("NIKON CORPORATION", 2, false);
  loop[8 + 2 + 12 * 2] = 8;
  CHECK(error(loop) != "decoded");
  for (size_t size = 0; size < loop.size(); ++size) {
    const std::vector<uint8_t> part(loop.begin(), loop.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(error(part) != "decoded");
  }
}

TEST_CASE("what is not read is named") {
  const auto format_of = [](std::vector<uint8_t> bytes) -> std::string {
    try {
      decode_image(bytes);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kUnsupportedImage) return error.details();
      return error_code_name(error.code());
    }
    return "decoded";
  };
  const auto text = [](const char* t) { return std::vector<uint8_t>(t, t + std::strlen(t)); };
  CHECK(format_of({}) == R"({"format":"empty file"})");
  CHECK(format_of(text("hello")) == R"({"format":"text"})");
  CHECK(format_of(text("%PDF-1.7")) == R"({"format":"pdf"})");
  CHECK(format_of(text("<!DOCTYPE html><html>")) == R"({"format":"HTML page"})");
  CHECK(format_of(text("<?xml version=\"1.0\"?><svg>")) == R"({"format":"svg"})");
  CHECK(format_of(text("8BPS")) == R"({"format":"psd"})");
  CHECK(format_of(text("P6 3 3 255 ")) == R"({"format":"netpbm"})");
  CHECK(format_of(text("BM is how this text begins")) == R"({"format":"text"})");
  const auto named = [&](const std::string& bytes, const std::string& format) {
    CAPTURE(format);
    CHECK(format_of({bytes.begin(), bytes.end()}) == R"({"format":")" + format + R"("})");
  };
  const std::string zeros(300, '\0');
  named(std::string("\0\0\0\x18"
                    "ftypqt  \0\0\2\0",
                    16),
        "video (QuickTime)");
  named(std::string("\0\0\0\x18"
                    "ftypisom\0\0\2\0mp42",
                    20),
        "video (MP4)");
  named(std::string("\0\0\0\x18"
                    "ftypcrx \0\0\0\1crx isom",
                    24),
        "Canon raw (CR3)");
  named(std::string("\0\0\0\x08wide\0\0\0\0mdat", 16), "video (QuickTime)");
  named("\x1A\x45\xDF\xA3 webm", "video (Matroska or WebM)");
  named(std::string("RIFF\4\0\0\0AVI LIST", 16), "video (AVI)");
  named("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9", "eps");
  named("%!PS-Adobe-3.0\n%%Pages: 2", "postscript");
  named("FUJIFILMCCD-RAW 0201", "Fujifilm raw (RAF)");
  named(std::string("II*\0\x10\0\0\0CR\2\0", 12) + zeros, "Canon raw (CR2)");
  named(zeros.substr(0, 128) + "DICM" + zeros, "dicom");
  named("a.txt" + zeros.substr(0, 252) + "ustar" + zeros, "tar archive");
  named(zeros.substr(0, 2) + std::string("\2\0\0\0\0\0\0\0\0\0\4\0\4\0\x18\0", 16) + std::string(48, '\x90'),
        "tga");
  named("noise" + std::string("\1\2\3", 3) + zeros + std::string("TRUEVISION-XFILE.\0", 18), "tga");
  named("Rar!\x1A\x07", "rar archive");
  named(std::string("\0\0\0\x0CJXL \r\n\x87\n", 12), "jpegxl");
  CHECK(format_of({0, 0, 0, 0, 0}) == R"({"format":"file of zero bytes"})");
  CHECK(format_of({1, 2, 3, 4, 5}) == R"({"format":"unknown"})");
  CHECK(format_of({0xFF, 0xD8, 0xFF}) == "CORRUPT_IMAGE");
  CHECK(format_of(text("GIF89a")) == "CORRUPT_IMAGE");
  CHECK(samples::error_of([] { load_square("/nonexistent/x.jpg"); }) == "NOT_FOUND");
  CHECK(samples::error_of([] { load_square("/dev/zero"); }) == "IO");
  CHECK(samples::error_of([] { load_square(std::filesystem::temp_directory_path().string()); }) == "IO");
  const auto formats = supported_formats();
  for (const char* name : {"jpeg", "png", "webp", "gif", "bmp", "tiff"})
    CHECK(std::find(formats.begin(), formats.end(), name) != formats.end());
}
