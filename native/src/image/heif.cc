// HEIC and AVIF through libheif, which turns the picture upright itself: its orientation here is always 1.
#include <algorithm>
#include <memory>

#include "image/codecs.h"
#include "image/format.h"
#include "image/heif_library.h"

namespace alexnet::image {
namespace {

class HeifImage {
 public:
  HeifImage(Bytes bytes, const ImageLimits& limits) : format_(detect_format(bytes).name) {
    std::string why;
    const HeifLibrary* library = heif_library(&why);
    if (!library) throw_unsupported(format_, why);
    heif_ = library;
    context_ = {heif_->context_alloc(), heif_->context_free};
    if (!context_) throw Error(ErrorCode::kOutOfMemory, "not enough memory to decode an image");
    // Its own limit is on a side; the number of pixels is checked below, before anything is decoded.
    heif_->set_maximum_size(context_.get(),
                            static_cast<int>(std::clamp<int64_t>(limits.max_pixels, 1, 65536)));
    check(heif_->read(context_.get(), bytes.data(), bytes.size(), nullptr));
    void* handle = nullptr;
    check(heif_->primary(context_.get(), &handle));
    handle_ = {handle, heif_->handle_release};
    info_ = {format_, heif_->handle_width(handle), heif_->handle_height(handle), 1,
             heif_->handle_has_alpha(handle) ? "rgba" : "rgb"};
    check_size(format_, info_.width, info_.height, limits);
  }

  const ImageInfo& info() const { return info_; }

  RgbImage decode() const {
    const bool alpha = info_.colour == "rgba";
    void* decoded = nullptr;
    check(heif_->decode(handle_.get(), &decoded, kHeifRgb, alpha ? kHeifInterleavedRgba : kHeifInterleavedRgb,
                        nullptr));
    const std::unique_ptr<void, void (*)(const void*)> image(decoded, heif_->image_release);
    int stride = 0;
    const uint8_t* plane = heif_->image_plane(decoded, kHeifChannelInterleaved, &stride);
    // The coded picture need not be as large as the container says.
    if (!plane || heif_->image_width(decoded, kHeifChannelInterleaved) != info_.width ||
        heif_->image_height(decoded, kHeifChannelInterleaved) != info_.height ||
        stride < info_.width * (alpha ? 4 : 3))
      throw_corrupt(format_, "its size is not what its header says");
    RgbImage result = make_image(info_.width, info_.height);
    for (int64_t y = 0; y < info_.height; ++y) {
      uint8_t* row = &result.pixels[static_cast<size_t>(y * info_.width * 3)];
      if (alpha) {
        blend_over_white(plane + y * stride, info_.width, row);
      } else {
        std::copy_n(plane + y * stride, info_.width * 3, row);
      }
    }
    return result;
  }

 private:
  void check(const HeifError& error) const {
    const std::string reason = error.message ? error.message : "";
    switch (error.code) {
      case 0:
        return;
      case kHeifOutOfMemory:
        throw Error(ErrorCode::kOutOfMemory, "not enough memory to decode a " + format_ + " image");
      case kHeifUnsupportedFileType:
      case kHeifUnsupportedFeature:
      case kHeifPluginLoading:
        throw_unsupported(format_, reason);
      default:
        throw_corrupt(format_, reason);
    }
  }

  std::string format_;
  const HeifLibrary* heif_ = nullptr;
  std::unique_ptr<void, void (*)(void*)> context_{nullptr, nullptr};
  std::unique_ptr<void, void (*)(const void*)> handle_{nullptr, nullptr};
  ImageInfo info_;
};

}  // namespace

ImageInfo heif_info(Bytes bytes, const ImageLimits& limits) { return HeifImage(bytes, limits).info(); }

StoredImage heif_decode(Bytes bytes, const ImageLimits& limits) {
  const HeifImage image(bytes, limits);
  return {image.info(), image.decode()};
}

}  // namespace alexnet::image
