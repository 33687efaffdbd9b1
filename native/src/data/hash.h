// XXH64 (the published 64-bit hash, seed 0): finds damage, not malice.
#pragma once

#include <cstddef>
#include <cstdint>

namespace alexnet::data {

uint64_t hash64(const void* bytes, size_t count);

}  // namespace alexnet::data
