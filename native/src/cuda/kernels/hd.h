// Marks a function that runs on the device and, by the very same source, on the host: nvcc compiles it for
// both, any other compiler for the host alone, where the tests run it.
#pragma once

#if defined(__CUDACC__)
#define ALEXNET_HD __host__ __device__ __forceinline__
#else
#define ALEXNET_HD inline
#endif

#if defined(__CUDA_ARCH__)
#define ALEXNET_UNROLL _Pragma("unroll")
#else
#define ALEXNET_UNROLL
#endif
