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

/// Whether engines are chosen by measurement: cuDNN's for convolutions and cuBLASLt's for products, where
/// ALEXNET_CUDA_ENGINES is "measured". Otherwise ("heuristic") they are the first that the libraries propose,
/// the same ones in every process. What is measured varies: a run that is resumed may get others, and goes on
/// from the same weights, but not bit for bit. Measuring takes seconds, and working memory for the largest of
/// those that are measured.
inline bool engines_measured() {
  const char* value = std::getenv("ALEXNET_CUDA_ENGINES");
  return value && std::string(value) == "measured";
}

}  // namespace alexnet::cuda
