// Memory for one batch and how rows get into it: as finished inputs, or, for devices that make inputs
// themselves, as the bytes of their crops with their draws, a quarter to a half of the traffic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "alexnet/sampling.h"
#include "columns/column.h"

namespace alexnet::columns {
class ColumnTeam;
}

namespace alexnet::train {

/// Gives memory for a batch; null: ordinary memory will do.
using BatchMemory = std::function<std::shared_ptr<std::byte>(int64_t bytes)>;

/// How a team reads its batches.
struct BatchFormat {
  columns::InputFormat inputs;
  bool records = false;  // it makes inputs of records itself
};

/// Of a team, which is told how inputs are made of records.
BatchFormat batch_format(columns::ColumnTeam& team, const Preprocessing& preprocessing);

class BatchBuffer {
 public:
  /// `preprocessing` must outlive it.
  BatchBuffer(const BatchFormat& format, int64_t batch, const Preprocessing& preprocessing,
              const BatchMemory& memory);

  /// Makes the rows from `row` on. Rows may be made by several threads at once.
  void put(int64_t row, std::span<const RecordSample> samples);
  void set_label(int64_t row, int32_t label) { labels_[row] = label; }
  /// Rows from `valid` on only fill the batch.
  void end(int64_t valid);
  /// What the rows hold; `labels`: whether they have any.
  columns::Batch batch(uint64_t id, bool labels = true) const;

  /// The other way to make a batch, where several rows come from one record: whole records, and rows that are
  /// samples of them. Only where the format is of records; whole_records_fit() says for how many rows of so
  /// many records that is possible and takes less memory.
  bool whole_records_fit(int64_t records, int64_t rows) const;
  void put_whole(int64_t piece, const uint8_t* record);
  void draw(int64_t row, int64_t piece, const Sample& sample);

  const std::byte* images() const { return memory_.get(); }
  int32_t label(int64_t row) const { return labels_[row]; }

 private:
  const BatchFormat format_;
  const int64_t batch_;
  const Preprocessing& preprocessing_;
  const int64_t row_bytes_;
  std::shared_ptr<std::byte> memory_;  // aligned: inputs are written around the caches
  int32_t* labels_ = nullptr;
  RecordDraw* draws_ = nullptr;
  int64_t valid_ = 0, pieces_ = 0, side_ = 0;
};

}  // namespace alexnet::train
