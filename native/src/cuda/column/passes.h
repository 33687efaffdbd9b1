// How many passes a column may have started without their being finished. What a pass leaves for the host, or
// takes from it, is there once for each: the host writes the next pass's while a device reads the last one's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace alexnet::cuda {

inline constexpr size_t kPassesAtOnce = 2;

/// Which of them a pass uses, by its number.
inline size_t slot_of(uint64_t pass) { return pass % kPassesAtOnce; }

}  // namespace alexnet::cuda
