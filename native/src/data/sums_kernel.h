// The inner loop of PixelSums, one version for each instruction set.
#pragma once

#include <cstdint>

namespace alexnet {
namespace data {

/// Adds a record's 256 x 256 x 3 bytes to `values`, its channel sums to `rgb` and its sums of products
/// (RR, GG, BB, RG, GB, RB) to `products`.
using AddRecord = void(const uint8_t* record, uint16_t* values, uint64_t* rgb, uint64_t* products);

}  // namespace data

namespace baseline {
data::AddRecord add_record;
}
namespace avx2 {
data::AddRecord add_record;
}
namespace avx512 {
data::AddRecord add_record;
}

}  // namespace alexnet
