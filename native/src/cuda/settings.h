// What the environment says about how columns work on GPUs.
#pragma once

#include <cstdlib>
#include <string>

namespace alexnet::cuda {

/// Whether steps are queued as CUDA graphs: not where ALEXNET_CUDA_GRAPHS is 0.
inline bool graphs_wanted() {
  const char* value = std::getenv("ALEXNET_CUDA_GRAPHS");
  return !value || std::string(value) != "0";
}

/// Whether layers that read both columns begin with a column's own features while the other's are on their
/// way: where ALEXNET_CUDA_OVERLAP is 1. A unit's sum is rounded once more then, so it is not the default.
/// The sums do not depend on where the columns are, either way.
inline bool overlap_wanted() {
  const char* value = std::getenv("ALEXNET_CUDA_OVERLAP");
  return value && std::string(value) == "1";
}

}  // namespace alexnet::cuda
