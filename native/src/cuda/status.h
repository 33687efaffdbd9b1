// What a failure of CUDA means for the job, wherever it is noticed.
#pragma once

#include <cuda_runtime_api.h>

#include "alexnet/error.h"

namespace alexnet::cuda {

/// No memory, a device that is busy, a device that is lost (the job is interrupted and can be resumed), or a
/// fault of this program.
inline ErrorCode meaning_of(cudaError_t status) {
  switch (status) {
    case cudaErrorMemoryAllocation:
      return ErrorCode::kOutOfMemory;
    case cudaErrorDevicesUnavailable:
    case cudaErrorInsufficientDriver:
    case cudaErrorNoDevice:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorSystemNotReady:
      return ErrorCode::kDeviceUnavailable;
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorLaunchTimeout:
    case cudaErrorLaunchFailure:
    case cudaErrorHardwareStackError:
    case cudaErrorExternalDevice:
    case cudaErrorContained:
    case cudaErrorUnknown:
      return ErrorCode::kDeviceLost;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace alexnet::cuda
