// What an earlier, killed call has left of a pack: checked, and the sums over it made again.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "data/file_io.h"
#include "data/journal.h"
#include "data/pack_format.h"
#include "data/pixel_sums.h"

namespace alexnet::data {

/// Where a record stands in a pack.
inline uint64_t record_offset(uint64_t index) {
  return kHeaderBytes + index * static_cast<uint64_t>(kRecordBytes);
}

struct Restored {
  int64_t done = 0;                   // plan lines
  std::vector<int64_t> packed_lines;  // those that gave a record, in order
  std::vector<uint64_t> hashes;       // of the records
  PixelSums sums;
};

/// Reads the journal and every record that it names, on `threads` threads; cuts off both files after the last
/// sound entry. Throws kIo, kCancelled.
Restored restore(Journal& journal, File& pack, int64_t lines, int threads, const std::atomic<bool>& cancel);

}  // namespace alexnet::data
