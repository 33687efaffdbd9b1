// The loop that turns packed records into inputs, one version for each instruction set. All give the same
// bits: two additions and a multiplication a value in a fixed order, and no sum.
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
  const float* mean;            // [256, 256, 3], subtracted; or nullptr
  int64_t mean_top, mean_left;  // 0 without a mean
  bool mean_mirrors;  // the mean is turned with the crop; false: it lies still under a mirrored crop
  bool nhwc, bfloat16;
  void* out;
};

}  // namespace data

namespace baseline {
void write_inputs(const data::InputJob* jobs, int64_t count);
}
namespace avx2 {
void write_inputs(const data::InputJob* jobs, int64_t count);
}
namespace avx512 {
void write_inputs(const data::InputJob* jobs, int64_t count);
}

}  // namespace alexnet
