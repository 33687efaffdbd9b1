// The declared part of libheif against its real header, and HEIC and AVIF files where the library is present.
#include <doctest/doctest.h>

#include <algorithm>

#include "image/heif_library.h"
#include "image/samples.h"

#if __has_include(<libheif/heif.h>)
#include <libheif/heif.h>

namespace {

using namespace alexnet::image;

static_assert(sizeof(HeifError) == sizeof(heif_error) &&
              offsetof(HeifError, message) == offsetof(heif_error, message));
static_assert(sizeof(heif_error_code) == sizeof(int) && sizeof(heif_colorspace) == sizeof(int) &&
              sizeof(heif_chroma) == sizeof(int) && sizeof(heif_channel) == sizeof(int));
static_assert(kHeifUnsupportedFileType == heif_error_Unsupported_filetype);
static_assert(kHeifUnsupportedFeature == heif_error_Unsupported_feature);
static_assert(kHeifOutOfMemory == heif_error_Memory_allocation_error);
static_assert(kHeifRgb == heif_colorspace_RGB && kHeifChannelInterleaved == heif_channel_interleaved);
static_assert(kHeifInterleavedRgb == heif_chroma_interleaved_24bit);
static_assert(kHeifInterleavedRgba == heif_chroma_interleaved_32bit);
static_assert(
    std::is_same_v<decltype(&heif_context_read_from_memory_without_copy),
                   heif_error (*)(heif_context*, const void*, size_t, const heif_reading_options*)>);
static_assert(std::is_same_v<decltype(&heif_decode_image),
                             heif_error (*)(const heif_image_handle*, heif_image**, heif_colorspace,
                                            heif_chroma, const heif_decoding_options*)>);
static_assert(std::is_same_v<decltype(&heif_image_get_plane_readonly),
                             const uint8_t* (*)(const heif_image*, heif_channel, int*)>);
static_assert(
    std::is_same_v<decltype(&heif_context_set_maximum_image_size_limit), void (*)(heif_context*, int)>);

}  // namespace
#endif

using namespace alexnet;

TEST_CASE("HEIC and AVIF are read where libheif is present, else refused by name") {
  std::string why;
  const bool present = image::heif_library(&why) != nullptr;
  CHECK(why.empty() == present);
  const auto formats = supported_formats();
  for (const char* name : {"avif", "heic"})
    CHECK((std::find(formats.begin(), formats.end(), name) != formats.end()) == present);
  if (!present || !std::filesystem::exists(samples::awkward())) {
    MESSAGE("skipped: ", present ? samples::awkward().string() + " is absent" : why);
    return;
  }
  // One photo of a person in four containers.
  const RgbImage photo = decode_image(samples::read_bytes(samples::awkward() / "photo.bmp"));
  for (const char* name : {"photo.avif", "photo.heif"}) {
    CAPTURE(name);
    const auto bytes = samples::read_bytes(samples::awkward() / name);
    CHECK(samples::compare(decode_image(bytes), photo).mean < 8);  // both are strongly compressed
    ImageLimits limits;
    limits.max_pixels = 128 * 128 - 1;
    CHECK(samples::error_of([&] { decode_image(bytes, limits); }) == "IMAGE_TOO_LARGE");
    const std::vector<uint8_t> half(bytes.begin(),
                                    bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 2));
    CHECK(samples::error_of([&] { decode_image(half); }) != "none");
  }
}
