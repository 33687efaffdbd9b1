// Counter-based randomness (Philox4x32-10, Salmon et al. 2011). A draw depends on its key and counter
// alone, so augmentation and dropout do not depend on threads, devices, columns or a resume.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace alexnet {

/// What a stream of random numbers is for. The values are part of the format: changing one changes
/// every run that is resumed.
enum class RandomPurpose : uint32_t {
  kInit = 1,     // (layer index, parameter kind; element)
  kShuffle = 2,  // (epoch; position)
  kCrop = 3,     // (epoch; image index)
  kMirror = 4,
  kColour = 5,
  kDropout = 6,  // (step, layer index; image in batch * features + feature)
  kSample = 7,   // anything that is shown but not trained on
};

/// Philox4x32 with ten rounds. Returns four independent 32-bit words for (key, counter).
inline std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(p0)};
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return c;
}

/// One keyed stream: (seed, purpose, a, b) select the stream, `index` the draw.
/// The key is the seed; the counter is (index low, index high ^ b high bits, a, purpose ^ b).
struct RandomStream {
  uint64_t seed;
  RandomPurpose purpose;
  uint32_t a = 0;  // epoch or step
  uint32_t b = 0;  // layer index or 0

  std::array<uint32_t, 4> words(uint64_t index) const {
    return philox4x32({static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32) ^ (b << 16), a,
                       static_cast<uint32_t>(purpose)},
                      {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  }
};

/// Uniform in [0, 1): 24 bits, exact in float.
inline float uniform01(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

/// Uniform integer in [0, bound), bound <= 2^32, by multiplication (bias below 2^-32 * bound).
inline uint32_t uniform_below(uint32_t word, uint32_t bound) {
  return static_cast<uint32_t>((uint64_t{word} * bound) >> 32);
}

/// Two independent N(0, 1) draws by Box-Muller from two words.
inline std::array<double, 2> gaussian_pair(uint32_t w0, uint32_t w1) {
  constexpr double kTwoPi = 6.283185307179586476925;
  const double u = (static_cast<double>(w0) + 0.5) * 0x1p-32;  // in (0, 1): the logarithm is finite
  const double r = std::sqrt(-2.0 * std::log(u));
  const double t = kTwoPi * static_cast<double>(w1) * 0x1p-32;
  return {r * std::cos(t), r * std::sin(t)};
}

}  // namespace alexnet
