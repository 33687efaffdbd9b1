#include "train/batch_buffer.h"

#include <algorithm>
#include <cstring>

#include "columns/team.h"
#include "cpu/buffer.h"

namespace alexnet::train {

namespace {

constexpr int64_t kBoundary = 64;

int64_t whole_lines(int64_t bytes) { return (bytes + kBoundary - 1) / kBoundary * kBoundary; }

std::shared_ptr<std::byte> allocate(const BatchMemory& memory, int64_t bytes) {
  if (memory)
    if (std::shared_ptr<std::byte> special = memory(bytes)) return special;
  const auto buffer = std::make_shared<cpu::Buffer<std::byte>>(bytes);
  return {buffer, buffer->data()};
}

}  // namespace

BatchFormat batch_format(columns::ColumnTeam& team, const Preprocessing& preprocessing) {
  return {team.input_format(), team.accept_records(preprocessing)};
}

// Images, labels and draws lie in one piece of memory, which a device reads faster than any other.
BatchBuffer::BatchBuffer(const BatchFormat& format, int64_t batch, const Preprocessing& preprocessing,
                         const BatchMemory& memory)
    : format_(format),
      batch_(batch),
      preprocessing_(preprocessing),
      row_bytes_(format.records ? 3 * preprocessing.crop_size * preprocessing.crop_size
                                : format.inputs.image_bytes(preprocessing.crop_size)) {
  const int64_t images = whole_lines(row_bytes_ * batch);
  const int64_t labels = whole_lines(batch * static_cast<int64_t>(sizeof(int32_t)));
  const int64_t draws = format.records ? batch * static_cast<int64_t>(sizeof(RecordDraw)) : 0;
  memory_ = allocate(memory, images + labels + draws);
  labels_ = reinterpret_cast<int32_t*>(memory_.get() + images);
  if (format.records) draws_ = reinterpret_cast<RecordDraw*>(memory_.get() + images + labels);
}

void BatchBuffer::put(int64_t row, std::span<const RecordSample> samples) {
  std::byte* out = memory_.get() + row * row_bytes_;
  if (!format_.records) {
    write_inputs(samples, preprocessing_, format_.inputs.layout, format_.inputs.type, out);
    return;
  }
  copy_crops(samples, preprocessing_.crop_size, out);
  for (const RecordSample& of_record : samples) {
    draws_[row] = record_draw(static_cast<int32_t>(row), of_record.sample);
    ++row;
  }
}

void BatchBuffer::end(int64_t valid) {
  valid_ = valid;
  std::fill(labels_ + valid, labels_ + batch_, -1);
  if (format_.records) {
    pieces_ = valid;
    side_ = preprocessing_.crop_size;
  } else {
    std::memset(memory_.get() + valid * row_bytes_, 0, static_cast<size_t>((batch_ - valid) * row_bytes_));
  }
}

columns::Batch BatchBuffer::batch(uint64_t id, bool labels) const {
  return {.images = memory_.get(),
          .labels = labels ? labels_ : nullptr,
          .valid = valid_,
          .id = id,
          .draws = draws_,
          .pieces = pieces_,
          .side = side_};
}

bool BatchBuffer::whole_records_fit(int64_t records, int64_t rows) const {
  return format_.records && records * kRecordBytes < rows * row_bytes_;
}

void BatchBuffer::put_whole(int64_t piece, const uint8_t* record) {
  std::memcpy(memory_.get() + piece * kRecordBytes, record, static_cast<size_t>(kRecordBytes));
  pieces_ = piece + 1;
  side_ = kPackSize;
}

void BatchBuffer::draw(int64_t row, int64_t piece, const Sample& sample) {
  draws_[row] = record_draw(static_cast<int32_t>(piece), sample);
  valid_ = row + 1;
}

}  // namespace alexnet::train
