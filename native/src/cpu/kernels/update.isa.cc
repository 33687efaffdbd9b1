// The update rule and the search for values that are not finite. Bound by memory: one pass over weights,
// velocity and gradient.
#include "cpu/kernels/isa_kernels.h"
#include "cpu/kernels/map_loops.h"

namespace alexnet::ALEXNET_ISA {

void sgd_update(float* w, float* v, const float* g, int64_t count, const SgdStep& step, Bf16* w_bf16) {
  const float decay = step.weight_decay * step.learning_rate;
  const auto velocity = [&](const F16& old, const F16& weight, const F16& gradient) ALEXNET_LAMBDA {
    return splat(step.momentum) * old - splat(decay) * weight - splat(step.learning_rate) * gradient;
  };
  for_each_sixteen(
      count,
      [&](int64_t i) ALEXNET_LAMBDA {
        const F16 weight = load(w + i);
        const F16 fresh = velocity(load(v + i), weight, load(g + i));
        store(v + i, fresh);
        store(w + i, weight + fresh);
        if (w_bf16) store(w_bf16 + i, weight + fresh);
      },
      [&](int64_t i, int64_t n) {
        const F16 weight = load_first(w + i, n);
        const F16 fresh = velocity(load_first(v + i, n), weight, load_first(g + i, n));
        store_first(v + i, fresh, n);
        store_first(w + i, weight + fresh, n);
        if (w_bf16) store_first(w_bf16 + i, weight + fresh, n);
      });
}

bool all_finite(const float* x, int64_t count) {
  int finite = 1;
  parallel_elements(count, [&](int64_t begin, int64_t end) {
    // x - x is zero for a finite x and NaN otherwise; NaN survives every sum.
    F16 sum = splat(0.0f);
    int64_t i = begin;
    for (; i + 16 <= end; i += 16) {
      const F16 v = load(x + i);
      sum = sum + (v - v);
    }
    const F16 v = load_first(x + i, end - i);
    sum = sum + (v - v);
    float lanes[16];
    store(lanes, sum);
    for (float lane : lanes) {
      if (!(lane == 0.0f)) __atomic_store_n(&finite, 0, __ATOMIC_RELAXED);
    }
  });
  return finite != 0;
}

}  // namespace alexnet::ALEXNET_ISA
