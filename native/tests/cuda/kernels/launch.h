// Where the tests run: the same cases call the index functions on the host or, compiled with
// ALEXNET_ON_DEVICE, the launchers on a GPU.
#pragma once

#include <vector>

#include "cuda/kernels/kernels.h"
#if defined(ALEXNET_ON_DEVICE)
#include "cuda/device/on_gpu.h"
#else
#include "on_host.h"
#endif

namespace alexnet::cuda::testing {

#if defined(ALEXNET_ON_DEVICE)
inline constexpr bool kOnDevice = true;
/// Memory that kernels see.
template <class T>
using Vector = std::vector<T, Managed<T>>;
#define ALEXNET_START(launcher)      \
  cuda::launcher(nullptr, given...); \
  finish()
#else
inline constexpr bool kOnDevice = false;
template <class T>
using Vector = std::vector<T>;
#define ALEXNET_START(launcher) run_##launcher(OnHost{}, given...)
#endif

/// launch::x(...) is the launcher x of kernels.h without a stream; it is done when it returns.
namespace launch {
#define ALEXNET_LAUNCH(launcher)             \
  template <class... Arguments>              \
  void launcher(const Arguments&... given) { \
    ALEXNET_START(launcher);                 \
  }
ALEXNET_LAUNCH(write_input)
ALEXNET_LAUNCH(arrange_input)
ALEXNET_LAUNCH(bias_activation)
ALEXNET_LAUNCH(activation_backward)
ALEXNET_LAUNCH(lrn_forward)
ALEXNET_LAUNCH(lrn_backward)
ALEXNET_LAUNCH(lrn_pool_forward)
ALEXNET_LAUNCH(lrn_pool_backward)
ALEXNET_LAUNCH(pool_forward)
ALEXNET_LAUNCH(pool_backward)
ALEXNET_LAUNCH(spatial_norm_forward)
ALEXNET_LAUNCH(spatial_norm_backward)
ALEXNET_LAUNCH(dropout_forward)
ALEXNET_LAUNCH(dropout_backward)
ALEXNET_LAUNCH(softmax_cross_entropy)
ALEXNET_LAUNCH(sum_rows)
ALEXNET_LAUNCH(copy_map)
ALEXNET_LAUNCH(add_maps)
ALEXNET_LAUNCH(convert)
ALEXNET_LAUNCH(weights_to_channels_last)
ALEXNET_LAUNCH(weights_from_channels_last)
ALEXNET_LAUNCH(weights_to_blocks)
ALEXNET_LAUNCH(weights_from_blocks)
ALEXNET_LAUNCH(sgd_update)
ALEXNET_LAUNCH(find_not_finite)
#undef ALEXNET_LAUNCH
}  // namespace launch
#undef ALEXNET_START

}  // namespace alexnet::cuda::testing
