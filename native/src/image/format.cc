#include "image/format.h"

#include <algorithm>
#include <string_view>

namespace alexnet::image {
namespace {

using std::string_view_literals::operator""sv;

struct Magic {
  std::string_view prefix;
  const char* name;
  bool image;
};

constexpr Magic kMagics[] = {
    {"\xFF\xD8\xFF"sv, "jpeg", true},
    {"\x89PNG\r\n\x1A\n"sv, "png", true},
    {"GIF87a"sv, "gif", true},
    {"GIF89a"sv, "gif", true},
    {"II*\0"sv, "tiff", true},
    {"MM\0*"sv, "tiff", true},
    {"II+\0"sv, "tiff", true},
    {"MM\0+"sv, "tiff", true},
    {"8BPS"sv, "psd", true},
    {"\0\0\0\x0CjP  \r\n\x87\n"sv, "jpeg2000", true},
    {"\xFF\x4F\xFF\x51"sv, "jpeg2000", true},
    {"\xFF\x0A"sv, "jpegxl", true},
    {"\0\0\0\x0CJXL \r\n\x87\n"sv, "jpegxl", true},
    {"\0\0\1\0"sv, "ico", true},
    {"\x76\x2F\x31\x01"sv, "openexr", true},
    {"#?RADIANCE"sv, "radiance-hdr", true},
    {"DDS "sv, "dds", true},
    {"qoif"sv, "qoi", true},
    {"\x8AMNG"sv, "mng", true},
    {"%PDF"sv, "pdf", false},
    {"%!PS"sv, "postscript", false},
    {"PK\3\4"sv, "zip archive", false},
    {"\x1F\x8B"sv, "gzip archive", false},
    {"\0\5\x16\7"sv, "macOS side file (AppleDouble)", false},
    {"\0\0\0\1Bud1"sv, "macOS .DS_Store", false},
    {"SQLite format 3\0"sv, "SQLite database", false},
    {"\x7F"
     "ELF"sv,
     "program", false},
};

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

/// ISO base media files name their kind in the "ftyp" box: a major brand, then compatible ones.
Format base_media(std::string_view text) {
  const size_t end = std::min<size_t>(text.size(), 64);
  bool heic = false;
  for (size_t at = 8; at + 4 <= end; at += 4) {
    const std::string_view brand = text.substr(at, 4);
    if (brand == "avif" || brand == "avis") return {"avif", true};
    heic =
        heic || brand == "heic" || brand == "heix" || brand == "hevc" || brand == "mif1" || brand == "msf1";
  }
  return heic ? Format{"heic", true} : Format{"video", false};
}

Format text_format(std::string_view text) {
  const std::string_view head = text.substr(0, 4096);
  for (const char c : head) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && u != 0x1B) return {"unknown", false};
  }
  if (head.find("<svg") != head.npos) return {"svg", false};
  std::string lower(head);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return c < 128 ? std::tolower(c) : c; });
  if (lower.find("<html") != lower.npos || lower.find("<!doctype html") != lower.npos)
    return {"HTML page", false};
  if (head.size() > 2 && head[0] == 'P' && head[1] >= '1' && head[1] <= '7' &&
      std::isspace(static_cast<unsigned char>(head[2])))
    return {"netpbm", true};
  return {"text", false};
}

}  // namespace

Format detect_format(Bytes bytes) {
  if (bytes.empty()) return {"empty file", false};
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const Magic& magic : kMagics)
    if (starts_with(text, magic.prefix)) return {magic.name, magic.image};
  if (starts_with(text, "RIFF") && text.size() >= 12)
    return text.substr(8, 4) == "WEBP" ? Format{"webp", true} : Format{"RIFF (sound or video)", false};
  if (text.size() >= 12 && text.substr(4, 4) == "ftyp") return base_media(text);
  // "BM" alone is too weak: the size of the header that follows must be one that exists.
  if (starts_with(text, "BM") && bytes.size() >= 18) {
    const uint32_t header = read_le(bytes, 14, 4, "bmp");
    if (header == 12 || (header >= 16 && header <= 124)) return {"bmp", true};
  }
  if (std::all_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b == 0; }))
    return {"file of zero bytes", false};
  return text_format(text);
}

}  // namespace alexnet::image
