// The loop that turns a packed record into one input, one version for each instruction set. All give the
// same bits: there is one addition and one multiplication a value, and no sum.
#pragma once

#include <cstdint>

namespace alexnet {
namespace data {

struct InputJob {
  const uint8_t* record;  // [256, 256, 3]
  int64_t size;           // of the crop, 1..256
  int64_t top, left;      // of the crop in the record
  bool mirror;
  float offset[3];  // added to every pixel of a channel
  float gain[3];
  const float* mean;  // [256, 256, 3], subtracted; or nullptr
  int64_t mean_top, mean_left;
  bool mean_mirrors;  // the mean is turned with the crop; false: it lies still under a mirrored crop
  bool nhwc, bfloat16;
  void* out;
};

}  // namespace data

namespace baseline {
void write_input(const data::InputJob& job);
}
namespace avx2 {
void write_input(const data::InputJob& job);
}
namespace avx512 {
void write_input(const data::InputJob& job);
}

}  // namespace alexnet
