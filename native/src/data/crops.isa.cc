// Crops copied several at a time, row by row, around the caches: more of the records' lines are on their way
// from memory at once, and none is read to be overwritten.
#include <algorithm>

#include "data/crops_kernel.h"
#include "data/line_writer.h"

namespace alexnet::ALEXNET_ISA {
namespace {

constexpr int64_t kRow = 256 * 3;
constexpr int64_t kRowsAhead = 2;
constexpr int64_t kTogether = 4;

struct Lines {
  alignas(kLine) std::byte memory[LineWriter::memory_bytes(kRow)];
  LineWriter writer{memory};
};

void copy_together(const uint8_t* const* crops, int64_t count, int64_t size, std::byte* out) {
  const int64_t bytes = 3 * size;
  Lines lines[kTogether];
  for (int64_t y = 0; y < size; ++y)
    for (int64_t i = 0; i < count; ++i) {
      const uint8_t* const from = crops[i] + y * kRow;
      for (int64_t at = 0; at < bytes; at += kLine) __builtin_prefetch(from + kRowsAhead * kRow + at);
      std::byte* const to = out + (i * size + y) * bytes;
      std::memcpy(lines[i].writer.row(to), from, static_cast<size_t>(bytes));
      lines[i].writer.write(to, bytes);
    }
  for (int64_t i = 0; i < count; ++i) lines[i].writer.end();
}

}  // namespace

void copy_crops(const uint8_t* const* crops, int64_t count, int64_t size, std::byte* out) {
  for (int64_t first = 0; first < count; first += kTogether)
    copy_together(crops + first, std::min(kTogether, count - first), size, out + first * 3 * size * size);
  finish_streams();
}

}  // namespace alexnet::ALEXNET_ISA
