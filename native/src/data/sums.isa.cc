// Products of neighbours in the byte stream: at a distance of 0 they are RR GG BB, of 1 RG GB (BR), of 2 RB
// (GR BG). Lanes of 48 keep the three phases apart, so that plain contiguous loops do.
#include <cstring>

#include "data/sums_kernel.h"

namespace alexnet::ALEXNET_ISA {
namespace {

constexpr int kLanes = 48;
constexpr int kBlocks = 256 * 256 * 3 / kLanes;

struct Lanes {
  // A lane's sum over a record is at most 4096 * 255 * 255, below 2^32.
  uint32_t single[kLanes], square[kLanes], next[kLanes], second[kLanes];
};

/// `at` is readable for two bytes beyond the block.
inline void add_block(const uint8_t* at, Lanes& lanes) {
  for (int i = 0; i < kLanes; ++i) {
    const uint16_t a = at[i], b = at[i + 1], c = at[i + 2];
    lanes.single[i] += a;
    lanes.square[i] += static_cast<uint16_t>(a * a);
    lanes.next[i] += static_cast<uint16_t>(a * b);
    lanes.second[i] += static_cast<uint16_t>(a * c);
  }
}

}  // namespace

void add_record(const uint8_t* record, uint16_t* values, uint64_t* rgb, uint64_t* products) {
  for (int i = 0; i < kBlocks * kLanes; ++i) values[i] = static_cast<uint16_t>(values[i] + record[i]);
  Lanes lanes{};
  for (int block = 0; block + 1 < kBlocks; ++block) add_block(record + block * kLanes, lanes);
  uint8_t last[kLanes + 2] = {};
  std::memcpy(last, record + (kBlocks - 1) * kLanes, kLanes);
  add_block(last, lanes);
  for (int i = 0; i < kLanes; ++i) {
    const int channel = i % 3;
    rgb[channel] += lanes.single[i];
    products[channel] += lanes.square[i];
    if (channel < 2) products[3 + channel] += lanes.next[i];
    if (channel == 0) products[5] += lanes.second[i];
  }
}

}  // namespace alexnet::ALEXNET_ISA
