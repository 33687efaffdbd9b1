#include "data/hash.h"

#include <bit>
#include <cstring>

namespace alexnet::data {
namespace {

constexpr uint64_t kPrimes[] = {0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
                                0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5};

// Little-endian, as every machine that this is built for.
static_assert(std::endian::native == std::endian::little);

template <typename Word>
uint64_t load(const unsigned char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

uint64_t mix(uint64_t lane, uint64_t word) { return std::rotl(lane + word * kPrimes[1], 31) * kPrimes[0]; }

}  // namespace

uint64_t hash64(const void* bytes, size_t count) {
  const auto* at = static_cast<const unsigned char*>(bytes);
  const unsigned char* const end = at + count;
  uint64_t hash = kPrimes[4];
  if (count >= 32) {
    uint64_t lanes[4] = {kPrimes[0] + kPrimes[1], kPrimes[1], 0, 0 - kPrimes[0]};
    for (; end - at >= 32; at += 32)
      for (int i = 0; i < 4; ++i) lanes[i] = mix(lanes[i], load<uint64_t>(at + 8 * i));
    hash =
        std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
    for (const uint64_t lane : lanes) hash = (hash ^ mix(0, lane)) * kPrimes[0] + kPrimes[3];
  }
  hash += count;
  for (; end - at >= 8; at += 8)
    hash = std::rotl(hash ^ mix(0, load<uint64_t>(at)), 27) * kPrimes[0] + kPrimes[3];
  if (end - at >= 4) {
    hash = std::rotl(hash ^ load<uint32_t>(at) * kPrimes[0], 23) * kPrimes[1] + kPrimes[2];
    at += 4;
  }
  for (; at < end; ++at) hash = std::rotl(hash ^ *at * kPrimes[4], 11) * kPrimes[0];
  hash = (hash ^ hash >> 33) * kPrimes[1];
  hash = (hash ^ hash >> 29) * kPrimes[2];
  return hash ^ hash >> 32;
}

}  // namespace alexnet::data
