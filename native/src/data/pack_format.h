// The bytes of a pack file, version 1, little-endian:
//
//   0      header, 4096 bytes (PackHeader as below, zeros, hash64 of the first 4088 bytes in the last 8)
//   4096   records, 256 * 256 * 3 bytes each: RGB, rows top to bottom
//   ...    labels, int32 a record, padded with zeros to a multiple of 8
//   ...    hash64 of every record, uint64 each
//   ...    statistics: mean RGB [3], covariance [9], eigenvalues [3], eigenvectors [9] as doubles, then the
//          mean image as 256 * 256 * 3 floats
//
// There is one layout for a given count, so every offset in a header can be checked.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "alexnet/pack.h"

namespace alexnet::data {

inline constexpr uint64_t kHeaderBytes = 4096;

struct PackHeader {
  char magic[8];
  uint32_t version;
  uint32_t side;
  uint64_t count;
  uint64_t classes;
  uint64_t found;  // lines of the plan: those not packed were skipped
  uint64_t plan_hash;
  uint64_t labels_at, hashes_at, statistics_at, file_bytes;
  uint64_t tables_hash;  // of labels and record hashes, with the padding between
  uint64_t statistics_hash;
};
static_assert(sizeof(PackHeader) == 96);

/// The header of a pack with these counts: everything but plan_hash and the two table hashes.
PackHeader make_header(uint64_t count, uint64_t classes, uint64_t found);

/// A header as its 4096 bytes, and back. The latter throws kCorruptPack unless every field is what it must
/// be for a file of `file_bytes`; `path` is for the message.
std::vector<uint8_t> header_bytes(const PackHeader& header);
PackHeader parse_header(std::span<const uint8_t> bytes, uint64_t file_bytes, const std::string& path);

std::vector<uint8_t> statistics_bytes(const PackStatistics& statistics);
/// Throws kCorruptPack when a number is not finite.
PackStatistics parse_statistics(std::span<const uint8_t> bytes, const std::string& path);

[[noreturn]] void throw_corrupt_pack(const std::string& path, const std::string& reason);

}  // namespace alexnet::data
