// Exact integer sums over packed records: the same whatever the order and the number of threads.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "alexnet/pack.h"

namespace alexnet::data {

class PixelSums {
 public:
  PixelSums();
  void add(const uint8_t* record);
  void add(const PixelSums& other);
  int64_t count() const { return count_; }

  /// Mean image, mean, covariance and its axes. At least one record must have been added.
  PackStatistics statistics() const;

 private:
  void flush();

  int64_t count_ = 0;
  int64_t pending_ = 0;           // records in recent_
  std::vector<uint16_t> recent_;  // per value of a record; emptied before it can overflow
  std::vector<uint64_t> values_;
  std::array<uint64_t, 3> rgb_{};
  std::array<uint64_t, 6> products_{};  // RR, GG, BB, RG, GB, RB
};

}  // namespace alexnet::data
