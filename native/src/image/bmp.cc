// BMP: OS/2 and Windows headers; 1, 4, 8, 16, 24 and 32 bits a pixel, bit fields, run lengths, either row
// order.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <cstdlib>

#include "image/codecs.h"

namespace alexnet::image {
namespace {

constexpr const char* kName = "bmp";
constexpr size_t kFileHeaderBytes = 14;
enum Compression : uint32_t { kRgb = 0, kRle8 = 1, kRle4 = 2, kBitFields = 3, kAlphaBitFields = 6 };

struct Header {
  int64_t width = 0, height = 0;
  bool top_down = false;
  uint32_t bits = 0, compression = kRgb;
  size_t pixels = 0;                // where the pixels begin
  std::array<uint32_t, 3> masks{};  // of R, G, B, for 16 and 32 bits
  std::vector<std::array<uint8_t, 3>> palette;
};

Header read_header(Bytes bytes, const ImageLimits& limits) {
  Header h;
  const size_t size = read_le(bytes, kFileHeaderBytes, 4, kName);
  const bool os2 = size == 12;
  h.pixels = read_le(bytes, 10, 4, kName);
  if (os2) {
    h.width = read_le(bytes, 18, 2, kName);
    h.height = read_le(bytes, 20, 2, kName);
    h.bits = read_le(bytes, 24, 2, kName);
  } else {
    h.width = static_cast<int32_t>(read_le(bytes, 18, 4, kName));
    h.height = static_cast<int32_t>(read_le(bytes, 22, 4, kName));
    h.bits = read_le(bytes, 28, 2, kName);
    h.compression = size >= 20 ? read_le(bytes, 30, 4, kName) : uint32_t{kRgb};
    h.top_down = h.height < 0;
    h.height = std::abs(h.height);
  }
  check_size(kName, h.width, h.height, limits);
  const bool known =
      h.compression == kRgb
          ? h.bits == 1 || h.bits == 4 || h.bits == 8 || h.bits == 16 || h.bits == 24 || h.bits == 32
      : h.compression == kRle8                                          ? h.bits == 8
      : h.compression == kRle4                                          ? h.bits == 4
      : h.compression == kBitFields || h.compression == kAlphaBitFields ? h.bits == 16 || h.bits == 32
                                                                        : false;
  if (!known)
    throw_unsupported(kName, "compression " + std::to_string(h.compression) + " with " +
                                 std::to_string(h.bits) + " bits a pixel");
  if (h.bits == 16) h.masks = {0x7C00, 0x03E0, 0x001F};
  if (h.bits == 32) h.masks = {0xFF0000, 0x00FF00, 0x0000FF};
  // Bit fields follow a 40-byte header or stand at the same place inside a longer one.
  if (h.compression == kBitFields || h.compression == kAlphaBitFields)
    for (size_t c = 0; c < 3; ++c) h.masks[c] = read_le(bytes, kFileHeaderBytes + 40 + 4 * c, 4, kName);
  if (h.bits <= 8) {
    uint32_t count = size >= 36 ? read_le(bytes, 46, 4, kName) : 0;
    if (count == 0 || count > 1u << h.bits) count = 1u << h.bits;
    const size_t entry = os2 ? 3 : 4;
    for (uint32_t i = 0; i < count; ++i) {
      const size_t at = kFileHeaderBytes + size + i * entry;
      h.palette.push_back({static_cast<uint8_t>(read_le(bytes, at + 2, 1, kName)),
                           static_cast<uint8_t>(read_le(bytes, at + 1, 1, kName)),
                           static_cast<uint8_t>(read_le(bytes, at, 1, kName))});
    }
  }
  return h;
}

class Decoder {
 public:
  Decoder(Bytes bytes, const Header& header, RgbImage& image) : bytes_(bytes), h_(header), image_(image) {}

  void decode() {
    if (h_.compression == kRle8 || h_.compression == kRle4) return decode_runs();
    const size_t stride = static_cast<size_t>((h_.width * h_.bits + 31) / 32 * 4);
    // The padding of the last row is left out by some writers.
    const size_t last = static_cast<size_t>((h_.width * h_.bits + 7) / 8);
    const size_t need = stride * static_cast<size_t>(h_.height - 1) + last;
    if (h_.pixels > bytes_.size() || bytes_.size() - h_.pixels < need)
      throw_corrupt(kName, "the file ends early");
    for (int64_t y = 0; y < h_.height; ++y)
      decode_row(bytes_.data() + h_.pixels + stride * static_cast<size_t>(y), row(y));
  }

 private:
  /// The y-th stored row.
  uint8_t* row(int64_t y) {
    const int64_t to = h_.top_down ? y : h_.height - 1 - y;
    return &image_.pixels[static_cast<size_t>(to * h_.width * 3)];
  }

  void put(uint8_t* to, uint32_t index) {
    if (index >= h_.palette.size()) throw_corrupt(kName, "a pixel has a colour that does not exist");
    std::copy_n(h_.palette[index].begin(), 3, to);
  }

  void decode_row(const uint8_t* from, uint8_t* to) {
    for (int64_t x = 0; x < h_.width; ++x, to += 3) {
      if (h_.bits <= 8) {
        const int64_t bit = x * h_.bits;
        const uint32_t shift = 8 - h_.bits - static_cast<uint32_t>(bit % 8);
        put(to, from[bit / 8] >> shift & ((1u << h_.bits) - 1));
      } else if (h_.bits == 24) {
        for (int c = 0; c < 3; ++c) to[c] = from[x * 3 + 2 - c];
      } else {
        const int64_t size = h_.bits / 8;
        uint32_t value = 0;
        for (int64_t i = 0; i < size; ++i) value |= static_cast<uint32_t>(from[x * size + i]) << (8 * i);
        for (size_t c = 0; c < 3; ++c) to[c] = field(value, h_.masks[c]);
      }
    }
  }

  /// The bits of one colour, spread to 0..255.
  static uint8_t field(uint32_t value, uint32_t mask) {
    if (mask == 0) return 0;
    const int shift = std::countr_zero(mask);
    const uint64_t top = mask >> shift;
    return static_cast<uint8_t>(((value & mask) >> shift) * uint64_t{255} / top);
  }

  /// Run lengths: pairs (count, colour); count 0 introduces end of row, end of image, a move, or literals.
  /// Pixels that are passed over keep colour 0.
  void decode_runs() {
    size_t at = h_.pixels;
    const auto next = [&] { return read_le(bytes_, at++, 1, kName); };
    for (int64_t y = 0; y < h_.height; ++y)
      for (int64_t x = 0; x < h_.width; ++x) put(row(y) + x * 3, 0);
    int64_t x = 0, y = 0;
    const auto emit = [&](uint32_t index) {
      if (x < h_.width && y < h_.height) put(row(y) + x * 3, index);
      ++x;
    };
    while (y < h_.height) {
      const uint32_t count = next(), value = next();
      if (count > 0) {
        for (uint32_t i = 0; i < count; ++i) emit(h_.bits == 8 ? value : i % 2 ? value & 15 : value >> 4);
      } else if (value == 0) {
        x = 0;
        ++y;
      } else if (value == 1) {
        return;
      } else if (value == 2) {
        x += next();
        y += next();
      } else {
        const size_t begin = at;
        uint32_t byte = 0;
        for (uint32_t i = 0; i < value; ++i) {
          if (h_.bits == 8 || i % 2 == 0) byte = next();
          emit(h_.bits == 8 ? byte : i % 2 ? byte & 15 : byte >> 4);
        }
        at += (at - begin) % 2;  // literals are padded to 16 bits
      }
    }
  }

  Bytes bytes_;
  const Header& h_;
  RgbImage& image_;
};

}  // namespace

ImageInfo bmp_info(Bytes bytes, const ImageLimits& limits) {
  const Header header = read_header(bytes, limits);
  return {kName, header.width, header.height, 1, header.bits <= 8 ? "palette" : "rgb"};
}

StoredImage bmp_decode(Bytes bytes, const ImageLimits& limits) {
  const Header header = read_header(bytes, limits);
  StoredImage stored{bmp_info(bytes, limits), make_image(header.width, header.height)};
  Decoder(bytes, header, stored.image).decode();
  return stored;
}

}  // namespace alexnet::image
