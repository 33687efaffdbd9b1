// WebP: lossy, lossless, over white where it is transparent; of an animation the first frame on its canvas.
#include <cstring>
#include <memory>

#include <webp/decode.h>
#include <webp/demux.h>

#include "image/codecs.h"
#include "image/exif.h"

namespace alexnet::image {
namespace {

constexpr const char* kName = "webp";

/// The container's parts; they point into the file's bytes.
class Container {
 public:
  explicit Container(Bytes bytes) {
    const WebPData data{bytes.data(), bytes.size()};
    demuxer_.reset(WebPDemux(&data));
    if (!demuxer_) throw_corrupt(kName, "its chunks are incomplete or inconsistent");
  }
  ~Container() {
    if (has_frame_) WebPDemuxReleaseIterator(&frame_);
  }
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  int64_t width() const { return WebPDemuxGetI(demuxer_.get(), WEBP_FF_CANVAS_WIDTH); }
  int64_t height() const { return WebPDemuxGetI(demuxer_.get(), WEBP_FF_CANVAS_HEIGHT); }

  int orientation() const {
    WebPChunkIterator chunk{};
    if (!WebPDemuxGetChunk(demuxer_.get(), "EXIF", 1, &chunk)) return 1;
    const int orientation = exif_orientation({chunk.chunk.bytes, chunk.chunk.size});
    WebPDemuxReleaseChunkIterator(&chunk);
    return orientation;
  }

  const WebPIterator& first_frame() {
    has_frame_ = has_frame_ || WebPDemuxGetFrame(demuxer_.get(), 1, &frame_);
    if (!has_frame_) throw_corrupt(kName, "it has no image");
    return frame_;
  }

 private:
  std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)> demuxer_{nullptr, &WebPDemuxDelete};
  WebPIterator frame_{};
  bool has_frame_ = false;
};

ImageInfo container_info(Bytes bytes, Container& container, const ImageLimits& limits) {
  WebPBitstreamFeatures features{};
  if (WebPGetFeatures(bytes.data(), bytes.size(), &features) != VP8_STATUS_OK)
    throw_corrupt(kName, "its header is damaged");
  ImageInfo info{kName, container.width(), container.height(), container.orientation(),
                 features.has_alpha ? "rgba" : "rgb"};
  check_size(kName, info.width, info.height, limits);
  return info;
}

/// Decodes one bitstream of a known size into `out` (3 or 4 bytes a pixel).
void decode_bitstream(const WebPData& data, int64_t width, int64_t height, bool alpha,
                      std::vector<uint8_t>& out) {
  const int64_t stride = width * (alpha ? 4 : 3);
  out.resize(static_cast<size_t>(stride * height));
  const uint8_t* done =
      alpha ? WebPDecodeRGBAInto(data.bytes, data.size, out.data(), out.size(), static_cast<int>(stride))
            : WebPDecodeRGBInto(data.bytes, data.size, out.data(), out.size(), static_cast<int>(stride));
  if (!done) throw_corrupt(kName, "its data are damaged or end early");
}

}  // namespace

ImageInfo webp_info(Bytes bytes, const ImageLimits& limits) {
  Container container(bytes);
  return container_info(bytes, container, limits);
}

StoredImage webp_decode(Bytes bytes, const ImageLimits& limits) {
  Container container(bytes);
  StoredImage stored{container_info(bytes, container, limits), {}};
  const int64_t width = stored.info.width, height = stored.info.height;
  const WebPIterator& frame = container.first_frame();
  const bool whole =
      frame.x_offset == 0 && frame.y_offset == 0 && frame.width == width && frame.height == height;
  stored.image.width = width;
  stored.image.height = height;
  if (whole) {
    decode_bitstream(frame.fragment, width, height, frame.has_alpha, stored.image.pixels);
    if (frame.has_alpha) {
      blend_over_white(stored.image.pixels.data(), width * height, stored.image.pixels.data());
      stored.image.pixels.resize(static_cast<size_t>(width * height * 3));
    }
    return stored;
  }
  if (frame.x_offset < 0 || frame.y_offset < 0 || frame.x_offset + frame.width > width ||
      frame.y_offset + frame.height > height)
    throw_corrupt(kName, "its first frame lies outside the canvas");
  stored.image.pixels.assign(static_cast<size_t>(width * height * 3), 255);
  std::vector<uint8_t> pixels;
  decode_bitstream(frame.fragment, frame.width, frame.height, /*alpha=*/true, pixels);
  for (int64_t y = 0; y < frame.height; ++y)
    blend_over_white(
        &pixels[static_cast<size_t>(y * frame.width * 4)], frame.width,
        &stored.image.pixels[static_cast<size_t>(((frame.y_offset + y) * width + frame.x_offset) * 3)]);
  return stored;
}

}  // namespace alexnet::image
