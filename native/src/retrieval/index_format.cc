#include "retrieval/index_format.h"

#include <algorithm>
#include <cstring>

#include "alexnet/error.h"
#include "data/hash.h"

namespace alexnet::retrieval {

namespace {

constexpr char kMagic[8] = {'A', 'L', 'X', 'F', 'E', 'A', 'T', 'S'};
constexpr uint32_t kVersion = 1;

uint64_t aligned(uint64_t bytes) { return (bytes + 63) / 64 * 64; }

[[noreturn]] void throw_corrupt(const std::string& path, const std::string& reason) {
  throw Error(ErrorCode::kCorruptPack, path + ": " + reason + "; remove the index and build it again");
}

}  // namespace

IndexHeader make_header(int64_t rows, int64_t features, const std::string& identity) {
  IndexHeader header{};
  if (rows < 1 || features < 1 || rows > INT64_C(1) << 40 || features > 1 << 20 ||
      identity.size() > sizeof header.identity)
    throw Error(ErrorCode::kInvalidArgument,
                "an index has rows, features, and an identity of at most 1000 bytes");
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kVersion;
  header.rows = static_cast<uint64_t>(rows);
  header.features = static_cast<uint64_t>(features);
  header.axes = static_cast<uint64_t>(std::min(features, kMostAxes));
  header.stride = (header.axes + kCodeMultiple - 1) / kCodeMultiple * kCodeMultiple;
  header.mean_at = aligned(kHeaderBytes + header.rows * header.features * 2);
  header.axes_at = aligned(header.mean_at + header.features * 4);
  header.squares_at = aligned(header.axes_at + header.axes * header.features * 4);
  header.scales_at = aligned(header.squares_at + header.rows * 4);
  header.codes_at = aligned(header.scales_at + header.rows * 4);
  header.file_bytes = header.codes_at + header.rows * header.stride;
  header.identity_bytes = identity.size();
  std::memcpy(header.identity, identity.data(), identity.size());
  return header;
}

std::vector<uint8_t> header_bytes(const IndexHeader& header) {
  static_assert(sizeof header < kHeaderBytes - 8);
  std::vector<uint8_t> bytes(kHeaderBytes, 0);
  std::memcpy(bytes.data(), &header, sizeof header);
  const uint64_t hash = data::hash64(bytes.data(), kHeaderBytes - 8);
  std::memcpy(bytes.data() + kHeaderBytes - 8, &hash, 8);
  return bytes;
}

IndexHeader parse_header(std::span<const uint8_t> bytes, const std::string& path) {
  IndexHeader header;
  uint64_t hash = 0;
  if (bytes.size() != kHeaderBytes) throw_corrupt(path, "this is no feature index");
  std::memcpy(&header, bytes.data(), sizeof header);
  std::memcpy(&hash, bytes.data() + kHeaderBytes - 8, 8);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) throw_corrupt(path, "this is no feature index");
  if (header.version != kVersion) throw_corrupt(path, "this index is of another version");
  if (hash != data::hash64(bytes.data(), kHeaderBytes - 8) ||
      header.identity_bytes > sizeof header.identity || header.rows > UINT64_C(1) << 40 ||
      header.kept > header.rows)
    throw_corrupt(path, "the header is damaged");
  IndexHeader expected = make_header(static_cast<int64_t>(header.rows), static_cast<int64_t>(header.features),
                                     identity_of(header));
  expected.finished = header.finished;
  expected.kept = header.kept;
  if (std::memcmp(&expected, &header, sizeof header) != 0)
    throw_corrupt(path, "the header contradicts itself");
  return header;
}

std::string identity_of(const IndexHeader& header) { return {header.identity, header.identity_bytes}; }

}  // namespace alexnet::retrieval
