#include "image/format.h"

#include <algorithm>
#include <string_view>

#include "image/raw.h"

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
    {"icns"sv, "icns", true},
    {"II\xBC"sv, "jpegxr", true},
    {"gimp xcf"sv, "xcf", true},
    {"AT&TFORM"sv, "djvu", true},
    {"SIMPLE  ="sv, "fits", true},
    {"farbfeld"sv, "farbfeld", true},
    {"FLIF"sv, "flif", true},
    {"BPG\xFB"sv, "bpg", true},
    {"\x01\xDA"sv, "sgi", true},
    {"\xC5\xD0\xD3\xC6"sv, "eps", false},
    {"\xD7\xCD\xC6\x9A"sv, "wmf", false},
    {"\x76\x2F\x31\x01"sv, "openexr", true},
    {"#?RADIANCE"sv, "radiance-hdr", true},
    {"DDS "sv, "dds", true},
    {"qoif"sv, "qoi", true},
    {"\x8AMNG"sv, "mng", true},
    {"%PDF"sv, "pdf", false},
    {"%!PS"sv, "postscript", false},
    {"PK\3\4"sv, "zip archive", false},
    {"\x1F\x8B"sv, "gzip archive", false},
    {"\xFD"
     "7zXZ\0"sv,
     "xz archive", false},
    {"7z\xBC\xAF\x27\x1C"sv, "7z archive", false},
    {"Rar!\x1A\x07"sv, "rar archive", false},
    {"BZh"sv, "bzip2 archive", false},
    {"\x28\xB5\x2F\xFD"sv, "zstd archive", false},
    {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, "Office document", false},
    {"\x1A\x45\xDF\xA3"sv, "video (Matroska or WebM)", false},
    {"\0\0\1\xBA"sv, "video (MPEG)", false},
    {"\0\0\1\xB3"sv, "video (MPEG)", false},
    {"FLV\1"sv, "video (FLV)", false},
    {"OggS"sv, "sound or video (Ogg)", false},
    {"\x30\x26\xB2\x75\x8E\x66\xCF\x11"sv, "video (WMV)", false},
    {"ID3"sv, "sound (MP3)", false},
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
  const std::string_view major = text.substr(8, 4);
  bool heic = false;
  for (size_t at = 8; at + 4 <= end; at += 4) {
    const std::string_view brand = text.substr(at, 4);
    if (brand == "crx ") return {"Canon raw (CR3)", true};
    if (brand == "avif" || brand == "avis") return {"avif", true};
    heic =
        heic || brand == "heic" || brand == "heix" || brand == "hevc" || brand == "mif1" || brand == "msf1";
  }
  if (heic) return {"heic", true};
  return {major == "qt  " ? "video (QuickTime)" : "video (MP4)", false};
}

/// Files of QuickTime's first years begin with their contents.
bool old_quicktime(std::string_view text) {
  const std::string_view box = text.substr(4, 4);
  return box == "moov" || box == "mdat" || box == "wide" || box == "pnot";
}

/// TGA has a signature at its end, if any; without one only a header that makes sense throughout counts.
bool is_targa(Bytes bytes, std::string_view text) {
  if (text.size() >= 44 && text.substr(text.size() - 18) == "TRUEVISION-XFILE.\0"sv) return true;
  if (bytes.size() < 18 + 8) return false;
  const uint8_t mapped = bytes[1], kind = bytes[2] & ~8, depth = bytes[16];
  const bool no_map = read_le(bytes, 3, 4, "tga") == 0 && bytes[7] == 0;
  const bool pixels = mapped == 0 && no_map &&
                      ((kind == 2 && (depth == 16 || depth == 24 || depth == 32)) ||
                       (kind == 3 && (depth == 8 || depth == 16)));
  const bool palette = mapped == 1 && kind == 1 && depth == 8 && (bytes[7] == 24 || bytes[7] == 32);
  return (pixels || palette) && read_le(bytes, 12, 2, "tga") > 0 && read_le(bytes, 14, 2, "tga") > 0 &&
         (bytes[17] & 0xC0) == 0;
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
  if (starts_with(text, "%!PS-Adobe-") && text.substr(0, 64).find("EPSF") != text.npos) return {"eps", false};
  if (const std::string raw = raw_format(bytes); !raw.empty()) return {raw, true};
  for (const Magic& magic : kMagics)
    if (starts_with(text, magic.prefix)) return {magic.name, magic.image};
  if (starts_with(text, "RIFF") && text.size() >= 12)
    return text.substr(8, 4) == "WEBP"   ? Format{"webp", true}
           : text.substr(8, 4) == "AVI " ? Format{"video (AVI)", false}
                                         : Format{"RIFF (sound or video)", false};
  if (text.size() >= 12 && text.substr(4, 4) == "ftyp") return base_media(text);
  if (text.size() >= 12 && old_quicktime(text)) return {"video (QuickTime)", false};
  // An uncompressed TGA begins alike, but counts no pictures.
  if (starts_with(text, "\0\0\2\0"sv) && bytes.size() >= 6 && read_le(bytes, 4, 2, "cur") > 0)
    return {"cur", true};
  // "BM" alone is too weak: the size of the header that follows must be one that exists.
  if (starts_with(text, "BM") && bytes.size() >= 18) {
    const uint32_t header = read_le(bytes, 14, 4, "bmp");
    if (header == 12 || (header >= 16 && header <= 124)) return {"bmp", true};
  }
  if (std::all_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b == 0; }))
    return {"file of zero bytes", false};
  if (text.size() >= 132 && text.substr(128, 4) == "DICM") return {"dicom", true};
  if (text.size() >= 262 && text.substr(257, 5) == "ustar") return {"tar archive", false};
  const Format format = text_format(text);
  return format.name == "unknown" && is_targa(bytes, text) ? Format{"tga", true} : format;
}

}  // namespace alexnet::image
