// The one check that every CUDA, cuDNN, cuBLASLt and NCCL call goes through: it throws with the call, its
// place, the code and the device.
#pragma once

#include <cuda_runtime_api.h>

#include <source_location>
#include <string>

#include "alexnet/error.h"
#include "cuda/libraries/cublaslt.h"
#include "cuda/libraries/cudnn.h"
#include "cuda/libraries/nccl.h"
#include "cuda/status.h"

namespace alexnet::cuda {

using Place = std::source_location;

/// "cuda:1"
std::string device_name(int device);

/// Throws an Error of the failure's meaning (status.h).
[[noreturn]] void fail_cuda(cudaError_t status, const char* call, int device, const Place& place);
[[noreturn]] void fail_cudnn(const Cudnn& cudnn, CudnnStatus status, const char* call, int device,
                             const Place& place);
[[noreturn]] void fail_cublaslt(const CublasLt& cublas, CublasStatus status, const char* call, int device,
                                const Place& place);

/// `device`: on which the call was made.
[[noreturn]] void fail_nccl(const Nccl& nccl, NcclResult status, const char* call, int device,
                            const Place& place);

/// Throws kDeviceLost or kDeviceUnavailable where the current device reports such a failure; for errors whose
/// cause is not known yet, such as a refused launch.
void check_device(int device, const Place& place = Place::current());

}  // namespace alexnet::cuda

/// `device` is evaluated only on failure.
#define ALEXNET_CUDA_CHECK(device, call)                                                            \
  do {                                                                                              \
    const cudaError_t alexnet_status = (call);                                                      \
    if (alexnet_status != cudaSuccess)                                                              \
      ::alexnet::cuda::fail_cuda(alexnet_status, #call, device, ::alexnet::cuda::Place::current()); \
  } while (false)

#define ALEXNET_CUDNN_CHECK(context, call)                                                      \
  do {                                                                                          \
    const ::alexnet::cuda::CudnnStatus alexnet_status = (context).cudnn().call;                 \
    if (alexnet_status != ::alexnet::cuda::kCudnnSuccess)                                       \
      ::alexnet::cuda::fail_cudnn((context).cudnn(), alexnet_status, #call, (context).device(), \
                                  ::alexnet::cuda::Place::current());                           \
  } while (false)

#define ALEXNET_CUBLASLT_CHECK(context, call)                                                       \
  do {                                                                                              \
    const ::alexnet::cuda::CublasStatus alexnet_status = (context).cublas().call;                   \
    if (alexnet_status != ::alexnet::cuda::kCublasSuccess)                                          \
      ::alexnet::cuda::fail_cublaslt((context).cublas(), alexnet_status, #call, (context).device(), \
                                     ::alexnet::cuda::Place::current());                            \
  } while (false)

#define ALEXNET_NCCL_CHECK(nccl, device, call)                                                            \
  do {                                                                                                    \
    const ::alexnet::cuda::NcclResult alexnet_status = (nccl).call;                                       \
    if (alexnet_status != ::alexnet::cuda::kNcclSuccess)                                                  \
      ::alexnet::cuda::fail_nccl(nccl, alexnet_status, #call, device, ::alexnet::cuda::Place::current()); \
  } while (false)
