// GIF: the first frame on its canvas, over white where it is transparent or does not reach.
#include <algorithm>
#include <cstring>
#include <memory>

#include <gif_lib.h>

#include "image/codecs.h"

namespace alexnet::image {
namespace {

constexpr const char* kName = "gif";

struct Source {
  Bytes bytes;
  size_t at = 0;
};

int read_source(GifFileType* gif, GifByteType* to, int count) {
  auto* source = static_cast<Source*>(gif->UserData);
  const size_t left = source->bytes.size() - source->at;
  const size_t taken = std::min(left, static_cast<size_t>(std::max(count, 0)));
  std::memcpy(to, source->bytes.data() + source->at, taken);
  source->at += taken;
  return static_cast<int>(taken);
}

[[noreturn]] void fail(int code) {
  if (code == D_GIF_ERR_NOT_ENOUGH_MEM)
    throw Error(ErrorCode::kOutOfMemory, "not enough memory to decode a GIF image");
  const char* reason = GifErrorString(code);
  throw_corrupt(kName, reason ? reason : "it cannot be read");
}

struct Close {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};

void check(GifFileType* gif, int status) {
  if (status == GIF_ERROR) fail(gif->Error);
}

/// Moves on to the first frame; returns its transparent colour index or -1.
int find_first_frame(GifFileType* gif) {
  int transparent = NO_TRANSPARENT_COLOR;
  for (;;) {
    GifRecordType record = UNDEFINED_RECORD_TYPE;
    check(gif, DGifGetRecordType(gif, &record));
    if (record == IMAGE_DESC_RECORD_TYPE) return transparent;
    if (record == TERMINATE_RECORD_TYPE) throw_corrupt(kName, "it has no image");
    if (record != EXTENSION_RECORD_TYPE) continue;
    int code = 0;
    GifByteType* block = nullptr;  // a length byte, then that many bytes
    check(gif, DGifGetExtension(gif, &code, &block));
    while (block) {
      GraphicsControlBlock control;
      if (code == GRAPHICS_EXT_FUNC_CODE && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
        transparent = control.TransparentColor;
      check(gif, DGifGetExtensionNext(gif, &block));
    }
  }
}

}  // namespace

ImageInfo gif_info(Bytes bytes, const ImageLimits& limits) {
  ImageInfo info{kName, read_le(bytes, 6, 2, kName), read_le(bytes, 8, 2, kName), 1, "palette"};
  check_size(kName, info.width, info.height, limits);
  return info;
}

StoredImage gif_decode(Bytes bytes, const ImageLimits& limits) {
  StoredImage stored{gif_info(bytes, limits), {}};
  const int64_t width = stored.info.width, height = stored.info.height;
  Source source{bytes};
  int error = 0;
  const std::unique_ptr<GifFileType, Close> gif(DGifOpen(&source, read_source, &error));
  if (!gif) fail(error);
  const int transparent = find_first_frame(gif.get());
  // The frame's own size (after its position) is judged before giflib acts on it.
  check_size(kName, read_le(bytes, source.at + 4, 2, kName), read_le(bytes, source.at + 6, 2, kName), limits);
  check(gif.get(), DGifGetImageDesc(gif.get()));
  const GifImageDesc& frame = gif->Image;
  const ColorMapObject* colours = frame.ColorMap ? frame.ColorMap : gif->SColorMap;
  if (!colours) throw_corrupt(kName, "it has no colours");

  stored.image = make_image(width, height);
  std::fill(stored.image.pixels.begin(), stored.image.pixels.end(), uint8_t{255});
  std::vector<GifPixelType> row(static_cast<size_t>(frame.Width));
  constexpr int kFirst[] = {0, 4, 2, 1}, kStep[] = {8, 8, 4, 2};  // the four passes of an interlaced frame
  for (int pass = 0; pass < (frame.Interlace ? 4 : 1); ++pass) {
    const int step = frame.Interlace ? kStep[pass] : 1;
    for (int y = frame.Interlace ? kFirst[pass] : 0; y < frame.Height; y += step) {
      check(gif.get(), DGifGetLine(gif.get(), row.data(), frame.Width));
      const int64_t to_y = int64_t{frame.Top} + y;
      if (to_y >= height) continue;
      for (int64_t x = 0; x < std::min<int64_t>(frame.Width, width - frame.Left); ++x) {
        const int index = row[static_cast<size_t>(x)];
        if (index == transparent) continue;
        if (index >= colours->ColorCount) throw_corrupt(kName, "a pixel has a colour that does not exist");
        const GifColorType& colour = colours->Colors[index];
        uint8_t* to = &stored.image.pixels[static_cast<size_t>((to_y * width + frame.Left + x) * 3)];
        to[0] = colour.Red;
        to[1] = colour.Green;
        to[2] = colour.Blue;
      }
    }
  }
  return stored;
}

}  // namespace alexnet::image
