// C libraries that must not return after an error jump out with longjmp; this confines the jump.
#pragma once

#include <csetjmp>

namespace alexnet::image {

/// Runs `body`, which calls the library; false when the library jumped to `target` instead of returning.
/// Between here and the library only trivially destructible objects may live.
template <typename Body>
bool runs(jmp_buf& target, Body&& body) {
  if (setjmp(target) != 0) return false;
  body();
  return true;
}

}  // namespace alexnet::image
