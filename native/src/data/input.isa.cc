// Rows of inputs are computed a few pixels at a time in registers and stored in the wanted order straight
// from there. Several inputs are made row by row together: so the mean image's rows are in the first cache
// for all of them, and more of the records' lines are on their way from memory at once.
#include "data/input_kernel.h"

#include <algorithm>
#include <utility>

#include "data/input_store.h"

namespace alexnet::ALEXNET_ISA {
namespace {

using data::InputJob;

constexpr int64_t kStep = 2 * kPixels;  // pixels at a time: whole lines also in bfloat16
constexpr int64_t kRowsAhead = 2;
constexpr int64_t kTogether = 4;

alignas(kLine) constexpr float kNoMean[kRow] = {};

/// The memory where an input's rows are made that do not consist of whole lines.
struct Lines {
  alignas(kLine) std::byte memory[3 * LineWriter::memory_bytes(256 * sizeof(float))];
  LineWriter writers[3]{writer(0), writer(1), writer(2)};  // of the channels, or the first of the pixels

  LineWriter writer(int64_t c) {
    return LineWriter(memory + c * LineWriter::memory_bytes(256 * sizeof(float)));
  }
};
static_assert(sizeof(Lines::memory) >= LineWriter::memory_bytes(kRow * sizeof(float)));

template <typename Value>
struct Row {
  const uint8_t* pixels;
  const float* mean;  // in the pixels' order
  Value* out[3];      // of the channels, or the first of the pixels
};

/// A row of fewer pixels than the vectors take.
template <typename Value, bool kNhwc>
void write_short_row(const InputJob& job, const Row<Value>& row) {
  for (int64_t x = 0; x < job.size; ++x) {
    const int64_t to_x = job.mirror ? job.size - 1 - x : x;
    for (int64_t c = 0; c < 3; ++c) {
      const float pixel = row.pixels[3 * x + c], offset = job.offset[c] - row.mean[3 * x + c];
      store(kNhwc ? row.out[0] + 3 * to_x + c : row.out[c] + to_x, (pixel + offset) * job.gain[c]);
    }
  }
}

/// kScaled: there are gains other than 1.
template <typename Value, bool kNhwc, bool kMirror, bool kScaled, bool kStream>
void write_row(const InputJob& job, const Row<Value>& row) {
  const int64_t size = job.size;
  if (size < kStep) return write_short_row<Value, kNhwc>(job, row);
  float pattern[2][48];
  for (int i = 0; i < 48; ++i) {
    pattern[0][i] = job.offset[i % 3];
    pattern[1][i] = job.gain[i % 3];
  }
  Block offsets, gains;
  std::memcpy(&offsets, pattern[0], sizeof offsets);
  std::memcpy(&gains, pattern[1], sizeof gains);
  // Copied, so that no store can be taken for one that changes them.
  const uint8_t* const pixels = row.pixels;
  const float* const mean = row.mean;
  Value* const out[3] = {row.out[0], row.out[1], row.out[2]};

  const auto block_at = [&](int64_t x) {
    // A record is read once, from memory: asked for some rows ahead.
    __builtin_prefetch(pixels + kRowsAhead * kRow + 3 * x);
    Block block;
    for (int i = 0; i < 3; ++i) {
      const int64_t at = 3 * x + 16 * i;
      block.v[i] = load(pixels + at) + (offsets.v[i] - load(mean + at));
      if constexpr (kScaled) block.v[i] *= gains.v[i];
    }
    if constexpr (!kNhwc) return split<kMirror>(block);
    if constexpr (kMirror) return turn(block);
    return block;
  };
  for (int64_t begin = 0; begin < size; begin += kStep) {
    // The last step may take up pixels of the one before, which become the same again.
    const int64_t x = std::min(begin, size - kStep), to_x = kMirror ? size - kStep - x : x;
    Block first = block_at(x), second = block_at(x + kPixels);
    if constexpr (kMirror) std::swap(first, second);
    if constexpr (kNhwc) {
      Value* const to = out[0] + 3 * to_x;
      store<kStream>(to, first.v[0], first.v[1]);
      store<kStream>(to + 32, first.v[2], second.v[0]);
      store<kStream>(to + 64, second.v[1], second.v[2]);
    } else {
      for (int c = 0; c < 3; ++c) store<kStream>(out[c] + to_x, first.v[c], second.v[c]);
    }
  }
}

/// A mean's row with its pixels in the opposite order.
void turn_mean(const float* mean, int64_t size, float* out) {
  if (size < kPixels) {
    for (int64_t i = 0; i < 3 * size; ++i) out[i] = mean[3 * (size - 1 - i / 3) + i % 3];
    return;
  }
  for (int64_t begin = 0; begin < size; begin += kPixels) {
    const int64_t x = std::min(begin, size - kPixels);
    Block block;
    for (int i = 0; i < 3; ++i) block.v[i] = load(mean + 3 * x + 16 * i);
    block = turn(block);
    std::memcpy(out + 3 * (size - kPixels - x), &block, sizeof block);
  }
}

template <typename Value, bool kNhwc, bool kMirror, bool kScaled>
void make_row(const InputJob& job, int64_t y, Lines& lines) {
  const int64_t size = job.size, plane = size * size;
  constexpr int64_t kArrays = kNhwc ? 1 : 3;
  const int64_t values = kNhwc ? 3 * size : size, bytes = values * static_cast<int64_t>(sizeof(Value));
  Value* const out = static_cast<Value*>(job.out) + y * values;
  Row<Value> row{job.record + (job.top + y) * kRow + job.left * 3, kNoMean, {out}};
  for (int64_t c = 1; c < kArrays; ++c) row.out[c] = out + c * plane;

  alignas(kLine) float turned[kMirror ? kRow : 1];
  if (job.mean) {
    row.mean = job.mean + (job.mean_top + y) * kRow + job.mean_left * 3;
    if (kMirror && !job.mean_mirrors) {
      turn_mean(row.mean, size, turned);
      row.mean = turned;
    }
  }
  if (!kHasStreams) return write_row<Value, kNhwc, kMirror, kScaled, false>(job, row);
  if (place_in_line(out) == 0 && bytes % kLine == 0)
    return write_row<Value, kNhwc, kMirror, kScaled, true>(job, row);
  Row<Value> made = row;
  for (int64_t c = 0; c < kArrays; ++c)
    made.out[c] = reinterpret_cast<Value*>(lines.writers[c].row(row.out[c]));
  write_row<Value, kNhwc, kMirror, kScaled, false>(job, made);
  for (int64_t c = 0; c < kArrays; ++c) lines.writers[c].write(row.out[c], bytes);
}

using MakeRow = void (*)(const InputJob& job, int64_t y, Lines& lines);

template <typename Value, bool kNhwc>
MakeRow row_maker_of(const InputJob& job) {
  const bool scaled = std::any_of(job.gain, job.gain + 3, [](float gain) { return gain != 1; });
  if (job.mirror) return scaled ? make_row<Value, kNhwc, true, true> : make_row<Value, kNhwc, true, false>;
  return scaled ? make_row<Value, kNhwc, false, true> : make_row<Value, kNhwc, false, false>;
}

MakeRow row_maker(const InputJob& job) {
  if (job.nhwc) return job.bfloat16 ? row_maker_of<uint16_t, true>(job) : row_maker_of<float, true>(job);
  return job.bfloat16 ? row_maker_of<uint16_t, false>(job) : row_maker_of<float, false>(job);
}

void write_together(const InputJob* jobs, int64_t count) {
  Lines lines[kTogether];
  MakeRow makers[kTogether];
  for (int64_t i = 0; i < count; ++i) makers[i] = row_maker(jobs[i]);
  for (int64_t mean_row = 0; mean_row < 256; ++mean_row)
    for (int64_t i = 0; i < count; ++i) {
      const int64_t y = mean_row - jobs[i].mean_top;
      if (y >= 0 && y < jobs[i].size) makers[i](jobs[i], y, lines[i]);
    }
  for (int64_t i = 0; i < count; ++i)
    for (LineWriter& writer : lines[i].writers) writer.end();
}

}  // namespace

void write_inputs(const InputJob* jobs, int64_t count) {
  for (int64_t first = 0; first < count; first += kTogether)
    write_together(jobs + first, std::min(kTogether, count - first));
  finish_streams();
}

}  // namespace alexnet::ALEXNET_ISA
