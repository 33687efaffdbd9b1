// Stores around the caches: a batch of inputs is larger than those and read much later, so that the lines to
// be overwritten need not be read first (half of the time in fp32). They pay for whole lines only. Compiled
// for every instruction set.
#pragma once

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace alexnet::ALEXNET_ISA {

constexpr int64_t kLine = 64;

#if defined(__AVX2__)
constexpr bool kHasStreams = true;
#else
constexpr bool kHasStreams = false;
#endif

inline int64_t place_in_line(const void* p) { return reinterpret_cast<intptr_t>(p) & (kLine - 1); }

/// One line, both places on a line's boundary.
inline void stream_line(void* to, const void* from) {
#if defined(__AVX512F__)
  _mm512_stream_si512(static_cast<__m512i*>(to), _mm512_load_si512(from));
#elif defined(__AVX2__)
  auto* parts = static_cast<__m256i*>(to);
  const auto* values = static_cast<const __m256i*>(from);
  _mm256_stream_si256(parts, _mm256_load_si256(values));
  _mm256_stream_si256(parts + 1, _mm256_load_si256(values + 1));
#else
  std::memcpy(to, from, kLine);
#endif
}

/// What was streamed is visible to whoever is told of it afterwards.
inline void finish_streams() {
#if defined(__AVX2__)
  _mm_sfence();
#endif
}

/// Rows that follow each other in memory and need not begin or end with a line: each is made in a small piece
/// of memory, from which whole lines are streamed; the rest waits for the next row.
class LineWriter {
 public:
  /// What `memory` must hold for rows of at most `row_bytes`.
  static constexpr int64_t memory_bytes(int64_t row_bytes) { return row_bytes + 2 * kLine; }

  /// `memory` begins a line.
  explicit LineWriter(std::byte* memory) : memory_(memory) {}

  /// Where the row that goes to `to` is to be made.
  std::byte* row(const void* to) { return memory_ + place_in_line(to); }

  /// The row that was made there.
  void write(void* to, int64_t bytes) {
    const int64_t before = place_in_line(to), end = before + bytes;
    std::byte* const line = static_cast<std::byte*>(to) - before;
    if (!line_) from_ = before;  // what lies before the first row is not ours
    int64_t at = 0;
    if (from_ > 0 && end >= kLine) {
      std::memcpy(line + from_, memory_ + from_, static_cast<size_t>(kLine - from_));
      from_ = 0;
      at = kLine;
    }
    for (; at + kLine <= end; at += kLine) stream_line(line + at, memory_ + at);
    if (at > 0) std::memcpy(memory_, memory_ + at, kLine);
    line_ = line + at;
    end_ = end - at;
  }

  /// After the last row.
  void end() {
    if (line_) std::memcpy(line_ + from_, memory_ + from_, static_cast<size_t>(end_ - from_));
  }

 private:
  std::byte* const memory_;
  std::byte* line_ = nullptr;  // the line that is not complete; its bytes [from_, end_) wait
  int64_t from_ = 0, end_ = 0;
};

}  // namespace alexnet::ALEXNET_ISA
