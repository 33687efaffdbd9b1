// The choice of an engine by measurement, where it is asked for (settings.h).
#pragma once

#include <array>
#include <cstddef>
#include <functional>

#include "cuda/column/context.h"

namespace alexnet::cuda {

/// So many of the engines that a library proposes are measured, the ones that it takes for the fastest. Each
/// costs the time that it takes to make it, and some are compiled.
inline constexpr size_t kEnginesMeasured = 8;

/// What a measurement found: milliseconds of the device for one run.
struct EngineChoice {
  size_t measured = 0;                 // engines; 0: the first was taken as it came
  size_t fastest = 0;                  // which of those that computed
  float first_ms = 0, fastest_ms = 0;  // first: the one that the library's order puts first
};

/// A layer's: of its forward pass, of the gradients of what it reads and of its weights.
using LayerEngines = std::array<EngineChoice, 3>;

/// Measures `count` engines, at least one; `run` queues the work of one of them on the compute stream. All
/// have run before, for the first time takes longer. Of equals the first is taken. What others have the
/// device do meanwhile, such as another column's measuring, disturbs it.
EngineChoice choose_fastest(const DeviceContext& context, size_t count,
                            const std::function<void(size_t engine)>& run);

}  // namespace alexnet::cuda
