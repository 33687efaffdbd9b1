#include "cpu/buffer.h"

#include <cstring>
#include <string>

#include "alexnet/error.h"

namespace alexnet::cpu {

void* allocate_zeroed(size_t bytes) {
  constexpr size_t kAlignment = 64;
  const size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  void* p = std::aligned_alloc(kAlignment, rounded);
  if (!p)
    throw Error(ErrorCode::kOutOfMemory, "no " + std::to_string(bytes >> 20) +
                                             " MB of memory could be had; choose a smaller batch or net");
  std::memset(p, 0, rounded);
  return p;
}

}  // namespace alexnet::cpu
