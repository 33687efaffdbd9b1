// The bytes of a feature index, version 1, little-endian:
//
//   0      header, 4096 bytes (IndexHeader, zeros, hash64 of the first 4088 bytes in the last 8)
//   4096   features, half precision, [rows, features]
//   ...    mean, float [features]
//   ...    axes, float [axes, features]: orthonormal, spanning where the features vary most
//   ...    square of each row's distance from the mean, float [rows]
//   ...    scale of each row's code, float [rows]
//   ...    codes, int8 [rows, stride]: the row's coordinates on the axes, divided by its scale
//
// Every part begins at a multiple of 64. While an index is being built only the header and the features are
// there, and `kept` counts the rows that are on the disk.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace alexnet::retrieval {

inline constexpr uint64_t kHeaderBytes = 4096;
inline constexpr int64_t kMostAxes = 256;
inline constexpr int64_t kCodeMultiple = 64;  // of a code's stride, for the vectors

struct IndexHeader {
  char magic[8];
  uint32_t version;
  uint32_t finished;
  uint64_t rows, features, kept;
  uint64_t axes, stride;
  uint64_t mean_at, axes_at, squares_at, scales_at, codes_at, file_bytes;
  uint64_t identity_bytes;
  char identity[1000];
};

/// A header for an index of this size, with every part's place.
IndexHeader make_header(int64_t rows, int64_t features, const std::string& identity);

std::vector<uint8_t> header_bytes(const IndexHeader& header);
/// Throws kCorruptPack unless the bytes are a header of this version whose places are what its size says.
IndexHeader parse_header(std::span<const uint8_t> bytes, const std::string& path);

std::string identity_of(const IndexHeader& header);

}  // namespace alexnet::retrieval
