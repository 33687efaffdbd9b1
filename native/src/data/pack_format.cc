#include "data/pack_format.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "alexnet/error.h"
#include "data/hash.h"

namespace alexnet::data {
namespace {

constexpr char kMagic[8] = {'A', 'L', 'X', 'N', 'P', 'A', 'C', 'K'};
constexpr uint32_t kVersion = 1;
constexpr uint64_t kNumbers = 3 + 9 + 3 + 9;
constexpr uint64_t kStatisticsBytes =
    kNumbers * sizeof(double) + static_cast<uint64_t>(kRecordBytes) * sizeof(float);
// More could not be on any disk; below it no sum of sizes overflows.
constexpr uint64_t kMaxCount = uint64_t{1} << 40;

static_assert(std::endian::native == std::endian::little);

}  // namespace

void throw_corrupt_pack(const std::string& path, const std::string& reason) {
  throw Error(ErrorCode::kCorruptPack, "the packed data set " + path + " is damaged: " + reason +
                                           "; remove the data set and add it again");
}

PackHeader make_header(uint64_t count, uint64_t classes, uint64_t found) {
  PackHeader header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kVersion;
  header.side = static_cast<uint32_t>(kPackSize);
  header.count = count;
  header.classes = classes;
  header.found = found;
  header.labels_at = kHeaderBytes + count * static_cast<uint64_t>(kRecordBytes);
  header.hashes_at = header.labels_at + (count * sizeof(int32_t) + 7) / 8 * 8;
  header.statistics_at = header.hashes_at + count * sizeof(uint64_t);
  header.file_bytes = header.statistics_at + kStatisticsBytes;
  return header;
}

std::vector<uint8_t> header_bytes(const PackHeader& header) {
  std::vector<uint8_t> bytes(kHeaderBytes);
  std::memcpy(bytes.data(), &header, sizeof header);
  const uint64_t hash = hash64(bytes.data(), kHeaderBytes - sizeof hash);
  std::memcpy(bytes.data() + kHeaderBytes - sizeof hash, &hash, sizeof hash);
  return bytes;
}

PackHeader parse_header(std::span<const uint8_t> bytes, uint64_t file_bytes, const std::string& path) {
  if (bytes.size() < kHeaderBytes || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0)
    throw_corrupt_pack(path, "it does not begin like a pack");
  PackHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.version != kVersion)
    throw Error(ErrorCode::kCorruptPack,
                "the packed data set " + path + " has format version " + std::to_string(header.version) +
                    ", this program reads version " + std::to_string(kVersion) + "; add the data set again");
  uint64_t hash;
  std::memcpy(&hash, bytes.data() + kHeaderBytes - sizeof hash, sizeof hash);
  if (hash != hash64(bytes.data(), kHeaderBytes - sizeof hash))
    throw_corrupt_pack(path, "the checksum of its header is wrong");
  if (header.count < 1 || header.count > kMaxCount || header.found < header.count || header.classes < 1 ||
      header.classes > INT32_MAX || header.side != kPackSize)
    throw_corrupt_pack(path, "the counts in its header make no sense");
  const PackHeader expected = make_header(header.count, header.classes, header.found);
  if (header.labels_at != expected.labels_at || header.hashes_at != expected.hashes_at ||
      header.statistics_at != expected.statistics_at || header.file_bytes != expected.file_bytes)
    throw_corrupt_pack(path, "the offsets in its header make no sense");
  if (file_bytes != header.file_bytes)
    throw_corrupt_pack(path, "it has " + std::to_string(file_bytes) + " bytes instead of " +
                                 std::to_string(header.file_bytes));
  return header;
}

std::vector<uint8_t> statistics_bytes(const PackStatistics& statistics) {
  std::vector<uint8_t> bytes(kStatisticsBytes);
  uint8_t* at = bytes.data();
  const auto put = [&](const void* from, size_t count) {
    std::memcpy(at, from, count);
    at += count;
  };
  put(statistics.mean_rgb.data(), sizeof statistics.mean_rgb);
  put(statistics.covariance.data(), sizeof statistics.covariance);
  put(statistics.eigenvalues.data(), sizeof statistics.eigenvalues);
  put(statistics.eigenvectors.data(), sizeof statistics.eigenvectors);
  put(statistics.mean_image.data(), statistics.mean_image.size() * sizeof(float));
  return bytes;
}

PackStatistics parse_statistics(std::span<const uint8_t> bytes, const std::string& path) {
  if (bytes.size() != kStatisticsBytes) throw_corrupt_pack(path, "its statistics have the wrong size");
  PackStatistics statistics;
  statistics.mean_image.resize(static_cast<size_t>(kRecordBytes));
  const uint8_t* at = bytes.data();
  bool finite = true;
  const auto get = [&]<typename Number>(Number* to, size_t count) {
    std::memcpy(to, at, count * sizeof(Number));
    at += count * sizeof(Number);
    for (size_t i = 0; i < count; ++i) finite = finite && std::isfinite(to[i]);
  };
  get(statistics.mean_rgb.data(), 3);
  get(statistics.covariance.data(), 9);
  get(statistics.eigenvalues.data(), 3);
  get(statistics.eigenvectors.data(), 9);
  get(statistics.mean_image.data(), statistics.mean_image.size());
  if (!finite) throw_corrupt_pack(path, "its statistics are not finite");
  return statistics;
}

}  // namespace alexnet::data
