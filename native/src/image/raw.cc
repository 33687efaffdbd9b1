#include "image/raw.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

namespace alexnet::image {
namespace {

using std::string_view_literals::operator""sv;

struct Magic {
  std::string_view prefix;
  const char* name;
};

constexpr Magic kMagics[] = {
    {"II*\0\x10\0\0\0CR\2"sv, "Canon raw (CR2)"},
    {"II\x1A\0\0\0HEAPCCDR"sv, "Canon raw (CRW)"},
    {"FUJIFILMCCD-RAW"sv, "Fujifilm raw (RAF)"},
    {"IIU\0"sv, "Panasonic raw (RW2)"},
    {"IIRO"sv, "Olympus raw (ORF)"},
    {"IIRS"sv, "Olympus raw (ORF)"},
    {"MMOR"sv, "Olympus raw (ORF)"},
    {"FOVb"sv, "Sigma raw (X3F)"},
    {"\0MRM"sv, "Minolta raw (MRW)"},
};

constexpr Magic kMakers[] = {
    {"NIKON"sv, "Nikon raw (NEF)"},         {"SONY"sv, "Sony raw (ARW)"},
    {"PENTAX"sv, "Pentax raw (PEF)"},       {"RICOH"sv, "Pentax raw (PEF)"},
    {"SAMSUNG"sv, "Samsung raw (SRW)"},     {"Hasselblad"sv, "Hasselblad raw (3FR)"},
    {"Phase One"sv, "Phase One raw (IIQ)"}, {"EASTMAN KODAK"sv, "Kodak raw (DCR)"},
};

constexpr uint32_t kPhotometric = 0x106, kMake = 0x10F, kSubDirectories = 0x14A, kDngVersion = 0xC612;
constexpr uint32_t kColourFilterArray = 32803, kLinearRaw = 34892;

// A TIFF with more of either is none that a camera has written.
constexpr size_t kMaxDirectories = 16;
constexpr uint32_t kMaxEntries = 512;

/// Reads that end quietly at the end of the file: what is no TIFF after all is the TIFF decoder's business.
class Tiff {
 public:
  explicit Tiff(Bytes bytes) : bytes_(bytes), big_(bytes[0] == 'M') {}

  std::optional<uint32_t> read(uint64_t at, size_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) return {};
    return big_ ? read_be(bytes_, at, size, "tiff") : read_le(bytes_, at, size, "tiff");
  }

  std::string_view text(uint64_t at, uint64_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) return {};
    return {reinterpret_cast<const char*>(bytes_.data()) + at, static_cast<size_t>(size)};
  }

 private:
  Bytes bytes_;
  bool big_;
};

struct Facts {
  bool dng = false, raw = false;
  std::string_view make;
};

/// Takes what one directory says; others that it names go to `directories`.
void read_directory(const Tiff& tiff, uint64_t at, Facts& facts, std::vector<uint64_t>& directories) {
  const auto found = tiff.read(at, 2);
  if (!found) return;
  const uint32_t entries = std::min(*found, kMaxEntries);
  for (uint32_t i = 0; i < entries; ++i) {
    const uint64_t entry = at + 2 + 12 * i;
    const auto tag = tiff.read(entry, 2), type = tiff.read(entry + 2, 2), count = tiff.read(entry + 4, 4),
               value = tiff.read(entry + 8, 4);
    if (!tag || !type || !count || !value) return;
    if (*tag == kDngVersion) facts.dng = true;
    if (*tag == kMake && facts.make.empty() && *count > 4) facts.make = tiff.text(*value, *count);
    if (*tag == kPhotometric) {
      const auto kind = *type == 3 ? tiff.read(entry + 8, 2) : value;
      facts.raw = facts.raw || kind == kColourFilterArray || kind == kLinearRaw;
    }
    if (*tag == kSubDirectories) {
      for (uint32_t k = 0; k < std::min<uint32_t>(*count, kMaxDirectories); ++k) {
        const auto other = *count == 1 ? value : tiff.read(uint64_t{*value} + 4 * k, 4);
        if (other) directories.push_back(*other);
      }
    }
  }
  if (const auto next = tiff.read(at + 2 + 12 * uint64_t{*found}, 4); next && *next)
    directories.push_back(*next);
}

}  // namespace

std::string raw_format(Bytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const Magic& magic : kMagics)
    if (text.starts_with(magic.prefix)) return magic.name;
  if (!text.starts_with("II*\0"sv) && !text.starts_with("MM\0*"sv)) return {};
  const Tiff tiff(bytes);
  Facts facts;
  std::vector<uint64_t> directories;
  if (const auto first = tiff.read(4, 4)) directories.push_back(*first);
  for (size_t i = 0; i < directories.size() && i < kMaxDirectories; ++i)
    read_directory(tiff, directories[i], facts, directories);
  if (facts.dng) return "digital negative (DNG)";
  if (!facts.raw) return {};
  for (const Magic& maker : kMakers)
    if (facts.make.starts_with(maker.prefix)) return maker.name;
  return "camera raw";
}

}  // namespace alexnet::image
