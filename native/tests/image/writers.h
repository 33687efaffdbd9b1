// Image files of other formats than JPEG, made in memory for the tests.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <gif_lib.h>
#include <png.h>
#include <webp/encode.h>

#include "alexnet/image.h"

namespace writers {

struct PngOptions {
  int colour = PNG_COLOR_TYPE_RGB;
  int depth = 8;
  bool interlaced = false;
  std::vector<png_color> palette;
  std::vector<uint8_t> palette_alpha;
  std::vector<uint8_t> exif;
};

/// `rows` hold the packed samples of each row as PNG stores them.
inline std::vector<uint8_t> png(int width, int height, const PngOptions& o,
                                std::vector<std::vector<uint8_t>> rows) {
  std::vector<uint8_t> out;
  png_structp writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(writer);
  png_set_write_fn(
      writer, &out,
      [](png_structp png, png_bytep bytes, size_t count) {
        auto* to = static_cast<std::vector<uint8_t>*>(png_get_io_ptr(png));
        to->insert(to->end(), bytes, bytes + count);
      },
      nullptr);
  png_set_IHDR(writer, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), o.depth,
               o.colour, o.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!o.palette.empty()) png_set_PLTE(writer, info, o.palette.data(), static_cast<int>(o.palette.size()));
  if (!o.palette_alpha.empty())
    png_set_tRNS(writer, info, o.palette_alpha.data(), static_cast<int>(o.palette_alpha.size()), nullptr);
  if (!o.exif.empty())
    png_set_eXIf_1(writer, info, static_cast<png_uint_32>(o.exif.size()),
                   const_cast<png_bytep>(o.exif.data()));
  png_write_info(writer, info);
  std::vector<png_bytep> pointers;
  for (auto& row : rows) pointers.push_back(row.data());
  png_write_image(writer, pointers.data());
  png_write_end(writer, info);
  png_destroy_write_struct(&writer, &info);
  return out;
}

/// An RGB image as 8-bit PNG.
inline std::vector<uint8_t> png(const alexnet::RgbImage& image, const PngOptions& options = {}) {
  std::vector<std::vector<uint8_t>> rows;
  for (int64_t y = 0; y < image.height; ++y)
    rows.emplace_back(image.pixels.begin() + y * image.width * 3,
                      image.pixels.begin() + (y + 1) * image.width * 3);
  return png(static_cast<int>(image.width), static_cast<int>(image.height), options, std::move(rows));
}

inline std::vector<uint8_t> webp_lossless(const alexnet::RgbImage& image) {
  uint8_t* bytes = nullptr;
  const size_t size =
      WebPEncodeLosslessRGB(image.pixels.data(), static_cast<int>(image.width),
                            static_cast<int>(image.height), static_cast<int>(image.width) * 3, &bytes);
  std::vector<uint8_t> out(bytes, bytes + size);
  WebPFree(bytes);
  return out;
}

inline std::vector<uint8_t> webp_lossless_rgba(const std::vector<uint8_t>& rgba, int width, int height) {
  uint8_t* bytes = nullptr;
  const size_t size = WebPEncodeLosslessRGBA(rgba.data(), width, height, width * 4, &bytes);
  std::vector<uint8_t> out(bytes, bytes + size);
  WebPFree(bytes);
  return out;
}

/// One frame of colour indices at (left, top) of a canvas; the palette is black, red, green, blue.
inline std::vector<uint8_t> gif(int canvas_width, int canvas_height, int left, int top, int width, int height,
                                std::vector<uint8_t> indices, bool interlaced, int transparent) {
  std::vector<uint8_t> out;
  int error = 0;
  GifFileType* file = EGifOpen(
      &out,
      [](GifFileType* gif, const GifByteType* bytes, int count) {
        auto* to = static_cast<std::vector<uint8_t>*>(gif->UserData);
        to->insert(to->end(), bytes, bytes + count);
        return count;
      },
      &error);
  const GifColorType colours[4] = {{0, 0, 0}, {255, 0, 0}, {0, 255, 0}, {0, 0, 255}};
  ColorMapObject* map = GifMakeMapObject(4, colours);
  EGifSetGifVersion(file, true);
  EGifPutScreenDesc(file, canvas_width, canvas_height, 8, 0, map);
  GraphicsControlBlock control{0, false, 0, transparent};
  GifByteType block[4];
  EGifGCBToExtension(&control, block);
  EGifPutExtension(file, GRAPHICS_EXT_FUNC_CODE, sizeof block, block);
  EGifPutImageDesc(file, left, top, width, height, interlaced, nullptr);
  const int first[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
  for (int pass = 0; pass < (interlaced ? 4 : 1); ++pass)
    for (int y = interlaced ? first[pass] : 0; y < height; y += interlaced ? step[pass] : 1)
      EGifPutLine(file, &indices[static_cast<size_t>(y * width)], width);
  EGifCloseFile(file, &error);
  GifFreeMapObject(map);
  return out;
}

/// Little-endian numbers one after the other.
class Bytes {
 public:
  Bytes& put(uint64_t value, int size) {
    for (int i = 0; i < size; ++i) bytes_.push_back(static_cast<uint8_t>(value >> (8 * i)));
    return *this;
  }
  Bytes& put(const std::vector<uint8_t>& bytes) {
    for (const uint8_t byte : bytes) bytes_.push_back(byte);
    return *this;
  }
  operator std::vector<uint8_t>() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
};

/// A BMP with a 40-byte header: palette or masks in `extra`, then the pixels.
inline std::vector<uint8_t> bmp(int32_t width, int32_t height, uint32_t bits, uint32_t compression,
                                const std::vector<uint8_t>& extra, const std::vector<uint8_t>& pixels,
                                uint32_t colours = 0) {
  return Bytes()
      .put('B' | 'M' << 8, 2)
      .put(0, 8)
      .put(static_cast<uint32_t>(54 + extra.size()), 4)
      .put(40, 4)
      .put(static_cast<uint32_t>(width), 4)
      .put(static_cast<uint32_t>(height), 4)
      .put(1, 2)
      .put(bits, 2)
      .put(compression, 4)
      .put(0, 8)
      .put(0, 4)
      .put(colours, 4)
      .put(0, 4)
      .put(extra)
      .put(pixels);
}

/// An EXIF block with an orientation among other entries.
inline std::vector<uint8_t> exif(int orientation, bool little = true, int type = 3) {
  const auto number = [&](uint32_t value, int size) {
    std::vector<uint8_t> out;
    for (int i = 0; i < size; ++i)
      out.push_back(static_cast<uint8_t>(value >> (8 * (little ? i : size - 1 - i))));
    return out;
  };
  Bytes out;
  const uint32_t mark = little ? 'I' : 'M';
  out.put(mark, 1).put(mark, 1).put(number(42, 2)).put(number(8, 4));
  out.put(number(2, 2));
  out.put(number(0x010F, 2)).put(number(2, 2)).put(number(4, 4)).put(number(0x41424300, 4));
  out.put(number(0x0112, 2)).put(number(static_cast<uint32_t>(type), 2)).put(number(1, 4));
  out.put(number(static_cast<uint32_t>(orientation), type == 4 ? 4 : 2));
  if (type != 4) out.put(0, 2);
  return out.put(0, 4);
}

/// A JPEG with the block as its APP1 segment.
inline std::vector<uint8_t> with_exif(const std::vector<uint8_t>& jpeg, const std::vector<uint8_t>& block) {
  const auto size = static_cast<uint32_t>(block.size() + 8);
  return Bytes()
      .put(0xE1FFD8FF, 4)  // start of image, APP1
      .put(size >> 8, 1)
      .put(size & 0xFF, 1)
      .put(0x66697845, 4)  // "Exif"
      .put(0, 2)
      .put(block)
      .put({jpeg.begin() + 2, jpeg.end()});
}

}  // namespace writers
