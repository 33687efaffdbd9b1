// TIFF: the first page, through libtiff's RGBA interface (1 to 16 bits; grey, RGB, palette, CMYK, YCbCr,
// Lab).
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>

#include <tiffio.h>

#include "image/codecs.h"

namespace alexnet::image {
namespace {

constexpr const char* kName = "tiff";

/// A file in memory and the last thing that libtiff complained about.
struct Source {
  Bytes bytes;
  uint64_t at = 0;
  char message[256] = {};
};

Source* source_of(thandle_t handle) { return static_cast<Source*>(handle); }

tmsize_t read_source(thandle_t handle, void* to, tmsize_t count) {
  Source* source = source_of(handle);
  if (count <= 0 || source->at >= source->bytes.size()) return 0;
  const size_t taken = std::min<size_t>(static_cast<size_t>(count), source->bytes.size() - source->at);
  std::memcpy(to, source->bytes.data() + source->at, taken);
  source->at += taken;
  return static_cast<tmsize_t>(taken);
}
tmsize_t write_source(thandle_t, void*, tmsize_t) { return 0; }
toff_t seek_source(thandle_t handle, toff_t offset, int whence) {
  Source* source = source_of(handle);
  source->at = whence == SEEK_CUR   ? source->at + offset
               : whence == SEEK_END ? source->bytes.size() + offset
                                    : offset;
  return source->at;
}
int close_source(thandle_t) { return 0; }
toff_t size_source(thandle_t handle) { return source_of(handle)->bytes.size(); }
int map_source(thandle_t handle, void** base, toff_t* size) {
  *base = const_cast<uint8_t*>(source_of(handle)->bytes.data());
  *size = source_of(handle)->bytes.size();
  return 1;
}
void unmap_source(thandle_t, void*, toff_t) {}

int on_error(TIFF*, void* user, const char*, const char* format, va_list arguments) {
  auto* source = static_cast<Source*>(user);
  std::vsnprintf(source->message, sizeof source->message, format, arguments);
  return 1;
}
int on_warning(TIFF*, void*, const char*, const char*, va_list) { return 1; }

struct Close {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using Tiff = std::unique_ptr<TIFF, Close>;

Tiff open(Source& source, const ImageLimits& limits) {
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                 &TIFFOpenOptionsFree);
  if (!options) throw Error(ErrorCode::kOutOfMemory, "not enough memory to open a TIFF image");
  // One strip or tile is at most the whole image at 4 samples of 2 bytes: wider samples are not decoded.
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(),
                                      std::min<int64_t>(limits.max_pixels, 1ll << 40) * 8 + (1 << 20));
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_error, &source);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), on_warning, &source);
  Tiff tiff(TIFFClientOpenExt("image", "r", &source, read_source, write_source, seek_source, close_source,
                              size_source, map_source, unmap_source, options.get()));
  if (!tiff) throw_corrupt(kName, source.message);
  return tiff;
}

const char* colour_name(uint16_t photometric) {
  switch (photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
      return "grey";
    case PHOTOMETRIC_PALETTE:
      return "palette";
    case PHOTOMETRIC_SEPARATED:
      return "cmyk";
    case PHOTOMETRIC_CIELAB:
      return "lab";
    default:
      return "rgb";
  }
}

ImageInfo info_of(TIFF* tiff, const ImageLimits& limits) {
  uint32_t width = 0, height = 0;
  uint16_t orientation = 1, photometric = PHOTOMETRIC_RGB;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &orientation);
  TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
  ImageInfo info{kName, width, height, orientation >= 1 && orientation <= 8 ? orientation : 1,
                 colour_name(photometric)};
  check_size(kName, info.width, info.height, limits);
  // libtiff decodes whole tiles and strips: one much larger than the image would get around the limit.
  uint32_t tile_width = 0, tile_height = 0;
  if (TIFFIsTiled(tiff) && TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &tile_width) &&
      TIFFGetField(tiff, TIFFTAG_TILELENGTH, &tile_height))
    check_size("tiff tile", tile_width, tile_height, limits);
  return info;
}

}  // namespace

ImageInfo tiff_info(Bytes bytes, const ImageLimits& limits) {
  Source source{bytes};
  return info_of(open(source, limits).get(), limits);
}

StoredImage tiff_decode(Bytes bytes, const ImageLimits& limits) {
  Source source{bytes};
  const Tiff tiff = open(source, limits);
  StoredImage stored{info_of(tiff.get(), limits), {}};
  char reason[1024] = {};
  if (!TIFFRGBAImageOK(tiff.get(), reason)) throw_unsupported(kName, reason);
  const int64_t count = stored.info.width * stored.info.height;
  std::vector<uint32_t> raster(static_cast<size_t>(count));
  // Asked for in the orientation in which it is stored, libtiff leaves rows and columns alone.
  if (!TIFFReadRGBAImageOriented(tiff.get(), static_cast<uint32_t>(stored.info.width),
                                 static_cast<uint32_t>(stored.info.height), raster.data(),
                                 stored.info.orientation,
                                 /*stopOnError=*/1))
    throw_corrupt(kName, source.message[0] ? source.message : "its data are damaged");
  stored.image = make_image(stored.info.width, stored.info.height);
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t pixel = raster[static_cast<size_t>(i)];
    const uint32_t behind = 255 - TIFFGetA(pixel);  // white; alpha is multiplied in already
    uint8_t* to = &stored.image.pixels[static_cast<size_t>(i * 3)];
    to[0] = static_cast<uint8_t>(std::min<uint32_t>(255, TIFFGetR(pixel) + behind));
    to[1] = static_cast<uint8_t>(std::min<uint32_t>(255, TIFFGetG(pixel) + behind));
    to[2] = static_cast<uint8_t>(std::min<uint32_t>(255, TIFFGetB(pixel) + behind));
  }
  return stored;
}

}  // namespace alexnet::image
