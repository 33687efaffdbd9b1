// The part of cuBLASLt (12 and 13) that is used here, declared by hand; see cudnn.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/libraries/dynamic_library.h"

namespace alexnet::cuda {

struct CublasLtContext;
using CublasLtHandle = CublasLtContext*;
using CublasLtMatmulDesc = struct CublasLtMatmulDescOpaque*;
using CublasLtLayout = struct CublasLtLayoutOpaque*;
using CublasLtPreference = struct CublasLtPreferenceOpaque*;
using CublasStatus = int;

struct CublasLtAlgo {
  uint64_t data[8];
};

struct CublasLtHeuristicResult {
  CublasLtAlgo algo;
  size_t workspace_bytes;
  CublasStatus state;
  float waves;
  int reserved[4];
};

#define ALEXNET_CUBLASLT_CONSTANTS(X)                                      \
  X(kCublasSuccess, CUBLAS_STATUS_SUCCESS, 0)                              \
  X(kCublasAllocationFailed, CUBLAS_STATUS_ALLOC_FAILED, 3)                \
  X(kCublasOperationN, CUBLAS_OP_N, 0)                                     \
  X(kCublasOperationT, CUBLAS_OP_T, 1)                                     \
  X(kCublasCompute32F, CUBLAS_COMPUTE_32F, 68)                             \
  X(kCublasCompute32FPedantic, CUBLAS_COMPUTE_32F_PEDANTIC, 69)            \
  X(kCublasCompute32FFastTf32, CUBLAS_COMPUTE_32F_FAST_TF32, 77)           \
  X(kCudaFloat, CUDA_R_32F, 0)                                             \
  X(kCudaBfloat16, CUDA_R_16BF, 14)                                        \
  X(kCublasLtTransA, CUBLASLT_MATMUL_DESC_TRANSA, 3)                       \
  X(kCublasLtTransB, CUBLASLT_MATMUL_DESC_TRANSB, 4)                       \
  X(kCublasLtEpilogue, CUBLASLT_MATMUL_DESC_EPILOGUE, 7)                   \
  X(kCublasLtBiasPointer, CUBLASLT_MATMUL_DESC_BIAS_POINTER, 8)            \
  X(kCublasLtBiasDataType, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, 26)        \
  X(kCublasLtEpilogueDefault, CUBLASLT_EPILOGUE_DEFAULT, 1)                \
  X(kCublasLtEpilogueBias, CUBLASLT_EPILOGUE_BIAS, 4)                      \
  X(kCublasLtEpilogueReluBias, CUBLASLT_EPILOGUE_RELU_BIAS, 6)             \
  X(kCublasLtMaxWorkspace, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, 1)    \
  X(kCublasLtReductionMask, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, 3) \
  X(kCublasLtReduceComputeType, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE, 2) \
  X(kCublasLtAlignmentA, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, 5)    \
  X(kCublasLtAlignmentB, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, 6)

#define X(ours, theirs, value) inline constexpr int ours = value;
ALEXNET_CUBLASLT_CONSTANTS(X)
#undef X

#define ALEXNET_CUBLASLT_FUNCTIONS(X)                                                                       \
  X(get_version, cublasLtGetVersion, size_t())                                                              \
  X(get_status_string, cublasLtGetStatusString, const char*(CublasStatus))                                  \
  X(create, cublasLtCreate, CublasStatus(CublasLtHandle*))                                                  \
  X(destroy, cublasLtDestroy, CublasStatus(CublasLtHandle))                                                 \
  X(create_desc, cublasLtMatmulDescCreate, CublasStatus(CublasLtMatmulDesc*, int, int))                     \
  X(destroy_desc, cublasLtMatmulDescDestroy, CublasStatus(CublasLtMatmulDesc))                              \
  X(set_desc, cublasLtMatmulDescSetAttribute, CublasStatus(CublasLtMatmulDesc, int, const void*, size_t))   \
  X(create_layout, cublasLtMatrixLayoutCreate,                                                              \
    CublasStatus(CublasLtLayout*, int, uint64_t, uint64_t, int64_t))                                        \
  X(destroy_layout, cublasLtMatrixLayoutDestroy, CublasStatus(CublasLtLayout))                              \
  X(create_preference, cublasLtMatmulPreferenceCreate, CublasStatus(CublasLtPreference*))                   \
  X(destroy_preference, cublasLtMatmulPreferenceDestroy, CublasStatus(CublasLtPreference))                  \
  X(set_preference, cublasLtMatmulPreferenceSetAttribute,                                                   \
    CublasStatus(CublasLtPreference, int, const void*, size_t))                                             \
  X(heuristic, cublasLtMatmulAlgoGetHeuristic,                                                              \
    CublasStatus(CublasLtHandle, CublasLtMatmulDesc, CublasLtLayout, CublasLtLayout, CublasLtLayout,        \
                 CublasLtLayout, CublasLtPreference, int, CublasLtHeuristicResult*, int*))                  \
  X(matmul, cublasLtMatmul,                                                                                 \
    CublasStatus(CublasLtHandle, CublasLtMatmulDesc, const void*, const void*, CublasLtLayout, const void*, \
                 CublasLtLayout, const void*, const void*, CublasLtLayout, void*, CublasLtLayout,           \
                 const CublasLtAlgo*, void*, size_t, void*))

struct CublasLt {
#define X(member, theirs, ...) std::type_identity_t<__VA_ARGS__>* member = nullptr;
  ALEXNET_CUBLASLT_FUNCTIONS(X)
#undef X
  LibraryState state;
};

/// As cublasLtGetVersion counts.
inline constexpr size_t kOldestCublasLt = 120000;

/// `cuda`: as CUDART_VERSION counts; the library of that CUDA is taken first, for a driver runs no later one.
CublasLt open_cublaslt(const std::vector<std::string>& folders, int cuda);

}  // namespace alexnet::cuda
