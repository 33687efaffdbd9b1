// The loop that copies crops out of packed records, one version for each instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

namespace alexnet {

// Each of `crops` is the first byte of size x size pixels in a record of [256, 256, 3]; they are written as
// [count, size, size, 3].
namespace baseline {
void copy_crops(const uint8_t* const* crops, int64_t count, int64_t size, std::byte* out);
}
namespace avx2 {
void copy_crops(const uint8_t* const* crops, int64_t count, int64_t size, std::byte* out);
}
namespace avx512 {
void copy_crops(const uint8_t* const* crops, int64_t count, int64_t size, std::byte* out);
}

}  // namespace alexnet
