// Random damage to small images of every format: a picture or an Error, never anything else. The sanitizer
// builds run the same.
#include <doctest/doctest.h>

#include <chrono>
#include <new>

#include "image/samples.h"
#include "image/writers.h"

using namespace alexnet;

namespace {

struct Seed {
  std::string name;
  std::vector<uint8_t> bytes;
};

std::vector<Seed> seeds() {
  const RgbImage scene = samples::scene(40, 33);
  writers::PngOptions interlaced;
  interlaced.interlaced = true;
  std::vector<Seed> seeds = {
      {"jpeg", writers::with_exif(encode_jpeg(scene, 80), writers::exif(6))},
      {"png", writers::png(scene)},
      {"interlaced png", writers::png(scene, interlaced)},
      {"webp", writers::webp_lossless(scene)},
      {"gif", writers::gif(9, 9, 1, 1, 6, 6, std::vector<uint8_t>(36, 2), true, 1)},
      {"bmp", writers::bmp(3, 1, 8, 1, {0, 0, 255, 0, 0, 255, 0, 0}, {3, 1, 0, 1}, 2)},
  };
  // Small real files of other kinds.
  for (const char* name :
       {"progressive.jpg", "arithmetic_coded.jpg", "animated_97_frames_13x169.webp",
        "exif_orientation_5.webp", "apng_animated.png", "png_16bit_gray_alpha.png", "png_palette_trns.png",
        "transparent.gif", "photo.bmp", "gray_16bit.tif", "multipage_1bit.tiff", "cmyk.tif", "rgb_16bit.tiff",
        "qtables_16bit.jpg", "photo.avif", "photo.heif"}) {
    const auto path = samples::awkward() / name;
    if (std::filesystem::exists(path)) seeds.push_back({name, samples::read_bytes(path)});
  }
  return seeds;
}

}  // namespace

TEST_CASE("damaged images of every format end in a picture or an Error") {
  // Small limits: the point is the paths through the code, not the size of buffers.
  ImageLimits limits;
  limits.max_pixels = 1'000'000;
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::seconds(20);  // a slow sanitizer build stops here
  int pictures = 0, errors = 0, others = 0;
  const std::vector<Seed> all = seeds();
  const RandomStream stream{2024, RandomPurpose::kSample};
  uint64_t draw = 0;
  for (int round = 0; round < 60 && std::chrono::steady_clock::now() < end; ++round) {
    for (const Seed& seed : all) {
      std::vector<uint8_t> bytes = seed.bytes;
      const auto words = stream.words(draw++);
      // Damage near the beginning, where the structure is, as often as anywhere.
      const size_t reach = words[0] % 2 ? bytes.size() : std::min<size_t>(bytes.size(), 128);
      for (uint32_t i = 0; i < 1 + words[1] % 6; ++i) {
        const auto w = stream.words(draw++);
        bytes[w[0] % reach] = w[1] % 3 == 0 ? 0xFF : w[1] % 3 == 1 ? 0 : static_cast<uint8_t>(w[2]);
      }
      if (words[2] % 4 == 0) bytes.resize(words[3] % bytes.size());
      try {
        const RgbImage square = load_square(bytes, 32, limits);
        pictures += square.pixels.size() == 32 * 32 * 3;
        const ImageInfo info = read_image_info(bytes, limits);
        const RgbImage full = decode_image(bytes, limits);
        const bool fits = full.width * full.height == info.width * info.height &&
                          full.pixels.size() == static_cast<size_t>(full.width * full.height * 3);
        others += !fits;
      } catch (const Error&) {
        ++errors;
      } catch (const std::exception& other) {
        ++others;
        MESSAGE(seed.name, ": ", other.what());
      }
    }
  }
  CHECK(others == 0);
  CHECK(pictures > 50);
  CHECK(errors > 50);
}
