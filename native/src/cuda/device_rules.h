// Which GPUs can be used, and why the others cannot.
#pragma once

#include <string>
#include <vector>

#include "cuda/interface.h"

namespace alexnet::cuda {

/// As CUDA numbers them (cudaComputeMode).
enum class ComputeMode { kDefault = 0, kProhibited = 2, kExclusiveProcess = 3 };

/// Why a device that the driver shows cannot be used, and what to do; empty where it can. `processes`: the
/// numbers of others' that compute on it.
std::string refusal(const PluginDevice& device, ComputeMode mode, const std::vector<unsigned int>& processes);

/// "1.50 GB", "12 MB"
std::string gigabytes(int64_t bytes);

}  // namespace alexnet::cuda
