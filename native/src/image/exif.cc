#include "image/exif.h"

#include <cstring>

namespace alexnet::image {
namespace {

constexpr uint16_t kOrientationTag = 0x0112;
constexpr uint16_t kShort = 3, kLong = 4;

/// Reads in the byte order that the block itself states; beyond the end everything is zero.
struct TiffReader {
  Bytes block;
  bool little;

  uint32_t get(size_t offset, size_t size) const {
    if (offset > block.size() || block.size() - offset < size) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | block[offset + (little ? size - 1 - i : i)];
    return value;
  }
};

}  // namespace

int exif_orientation(Bytes block) {
  if (block.size() >= 6 && std::memcmp(block.data(), "Exif\0", 6) == 0) block = block.subspan(6);
  if (block.size() < 8) return 1;
  const bool little = block[0] == 'I' && block[1] == 'I';
  if (!little && !(block[0] == 'M' && block[1] == 'M')) return 1;
  const TiffReader reader{block, little};
  if (reader.get(2, 2) != 42) return 1;
  const size_t directory = reader.get(4, 4);
  const uint32_t entries = reader.get(directory, 2);  // at most 65535, so the walk is short
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + size_t{i} * 12;
    if (entry + 12 > block.size()) return 1;
    if (reader.get(entry, 2) != kOrientationTag) continue;
    const uint32_t type = reader.get(entry + 2, 2);
    const uint32_t value = type == kShort  ? reader.get(entry + 8, 2)
                           : type == kLong ? reader.get(entry + 8, 4)
                                           : 0;
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace alexnet::image
