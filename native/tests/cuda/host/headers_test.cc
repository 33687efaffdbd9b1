// The hand-declared tables of src/cuda/libraries against NVIDIA's headers, each where it exists: every
// constant, every function's signature as the processor sees it, every struct's layout.
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>

#include "cuda/device_rules.h"
#include "cuda/libraries/cublaslt.h"
#include "cuda/libraries/cudnn.h"
#include "cuda/libraries/driver.h"
#include "cuda/libraries/nccl.h"
#include "cuda/libraries/nvml.h"

// The guards are also what include-path mistakes would run into: <nccl.h> must not be our own nccl.h.
#if __has_include(<cuda.h>)
#include <cuda.h>
#include <driver_types.h>
#define HAVE_CUDA 1
#if __has_include(<cudnn.h>)
#include <cudnn.h>
#define HAVE_CUDNN 1
#endif
#if __has_include(<cublasLt.h>)
#include <cublasLt.h>
#define HAVE_CUBLASLT 1
#endif
#if __has_include(<nccl.h>)
#include <nccl.h>
#define HAVE_NCCL 1
#endif
#endif
#if __has_include(<nvml.h>)
#include <nvml.h>
#define HAVE_NVML 1
#endif

using namespace alexnet::cuda;

namespace {

/// How a value is passed: pointers are alike, an enumeration is passed as the integer of its size.
template <class T>
constexpr int passing() {
  if constexpr (std::is_void_v<T>)
    return 0;
  else if constexpr (std::is_pointer_v<T>)
    return 1;
  else if constexpr (std::is_floating_point_v<T>)
    return 100 + static_cast<int>(sizeof(T));
  else
    return 10 + static_cast<int>(sizeof(T));
}

template <class Result, class... Arguments>
constexpr auto signature_of(Result (*)(Arguments...)) {
  return std::array<int, 1 + sizeof...(Arguments)>{passing<Result>(), passing<Arguments>()...};
}

template <class Ours, class Theirs>
constexpr bool same_signature(Ours ours, Theirs theirs) {
  if constexpr (std::is_same_v<decltype(signature_of(ours)), decltype(signature_of(theirs))>)
    return signature_of(ours) == signature_of(theirs);
  else
    return false;
}

}  // namespace

#define CHECK_CONSTANT(ours, theirs, value) CHECK_MESSAGE(ours == static_cast<int>(theirs), #theirs);
#define CHECK_FUNCTION(member, theirs, ...)                                              \
  CHECK_MESSAGE(same_signature(static_cast<std::type_identity_t<__VA_ARGS__>*>(nullptr), \
                               static_cast<decltype(&theirs)>(nullptr)),                 \
                #theirs);

TEST_CASE("the comparison of signatures sees a difference") {
  const auto ours = static_cast<int (*)(void*, int)>(nullptr);
  enum Enumeration : unsigned { kOne };
  CHECK(same_signature(ours, static_cast<Enumeration (*)(const char*, Enumeration)>(nullptr)));
  CHECK_FALSE(same_signature(ours, static_cast<int (*)(void*, int64_t)>(nullptr)));
  CHECK_FALSE(same_signature(ours, static_cast<int (*)(void*)>(nullptr)));
  CHECK_FALSE(same_signature(ours, static_cast<int (*)(int, void*)>(nullptr)));
  CHECK_FALSE(same_signature(ours, static_cast<float (*)(void*, int)>(nullptr)));
}

TEST_CASE("the driver is declared as in its header") {
#if HAVE_CUDA
  ALEXNET_DRIVER_CONSTANTS(CHECK_CONSTANT)
  ALEXNET_DRIVER_FUNCTIONS(CHECK_FUNCTION)
  CHECK(static_cast<int>(ComputeMode::kDefault) == cudaComputeModeDefault);
  CHECK(static_cast<int>(ComputeMode::kProhibited) == cudaComputeModeProhibited);
  CHECK(static_cast<int>(ComputeMode::kExclusiveProcess) == cudaComputeModeExclusiveProcess);
#else
  MESSAGE("skipped: no cuda.h here");
#endif
}

TEST_CASE("cuDNN is declared as in its headers") {
#if HAVE_CUDNN
  ALEXNET_CUDNN_CONSTANTS(CHECK_CONSTANT)
  ALEXNET_CUDNN_FUNCTIONS(CHECK_FUNCTION)
#else
  MESSAGE("skipped: no cudnn.h here");
#endif
}

TEST_CASE("cuBLASLt is declared as in its header") {
#if HAVE_CUBLASLT
  ALEXNET_CUBLASLT_CONSTANTS(CHECK_CONSTANT)
  ALEXNET_CUBLASLT_FUNCTIONS(CHECK_FUNCTION)
  CHECK(sizeof(CublasLtAlgo) == sizeof(cublasLtMatmulAlgo_t));
  CHECK(sizeof(CublasLtHeuristicResult) == sizeof(cublasLtMatmulHeuristicResult_t));
  CHECK(offsetof(CublasLtHeuristicResult, workspace_bytes) ==
        offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize));
  CHECK(offsetof(CublasLtHeuristicResult, state) == offsetof(cublasLtMatmulHeuristicResult_t, state));
#else
  MESSAGE("skipped: no cublasLt.h here");
#endif
}

TEST_CASE("NCCL is declared as in its header") {
#if HAVE_NCCL
  ALEXNET_NCCL_CONSTANTS(CHECK_CONSTANT)
  ALEXNET_NCCL_FUNCTIONS(CHECK_FUNCTION)
#else
  MESSAGE("skipped: no nccl.h here");
#endif
}

TEST_CASE("NVML is declared as in its header") {
#if HAVE_NVML
  ALEXNET_NVML_CONSTANTS(CHECK_CONSTANT)
  ALEXNET_NVML_FUNCTIONS(CHECK_FUNCTION)
  CHECK(sizeof(NvmlMemory) == sizeof(nvmlMemory_t));
  CHECK(offsetof(NvmlMemory, free) == offsetof(nvmlMemory_t, free));
  CHECK(sizeof(NvmlUtilization) == sizeof(nvmlUtilization_t));
  CHECK(offsetof(NvmlUtilization, gpu) == offsetof(nvmlUtilization_t, gpu));
  CHECK(sizeof(NvmlProcess) == sizeof(nvmlProcessInfo_t));
  CHECK(offsetof(NvmlProcess, used_memory) == offsetof(nvmlProcessInfo_t, usedGpuMemory));
#else
  MESSAGE("skipped: no nvml.h here");
#endif
}
