// What this processor can do, as oneDNN will use it.
#pragma once

#include <string>

#include "alexnet/device.h"

namespace alexnet::cpu {

/// Cores this process may use.
int available_cores();

/// Whether bf16 products are native here (AVX512-BF16 or AMX); emulating them would be slower than fp32.
bool has_bf16();

/// The report for the device "cpu".
DeviceReport report();

}  // namespace alexnet::cpu
