// Which instruction set the own kernels use on this machine. Files named x.isa.cc are compiled once for
// each of these, in the namespace alexnet::baseline, alexnet::avx2 or alexnet::avx512.
#pragma once

#include <cstdlib>
#include <cstring>

namespace alexnet {

enum class Isa { kBaseline, kAvx2, kAvx512 };

/// The best set this machine has; ALEXNET_ISA=baseline|avx2|avx512 in the environment lowers it (tests).
inline Isa current_isa() {
  static const Isa isa = [] {
    Isa best = Isa::kBaseline;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
      best = Isa::kAvx2;
    if (best == Isa::kAvx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512cd"))
      best = Isa::kAvx512;
#endif
    const char* wish = std::getenv("ALEXNET_ISA");
    if (wish && !std::strcmp(wish, "baseline")) return Isa::kBaseline;
    if (wish && !std::strcmp(wish, "avx2") && best == Isa::kAvx512) return Isa::kAvx2;
    return best;
  }();
  return isa;
}

}  // namespace alexnet
