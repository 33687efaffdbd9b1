// The part of NCCL 2 that replicas on several devices need to add up their gradients, declared by hand; see
// cudnn.h. One net, on one device or with a column on each of two, needs none of it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/libraries/dynamic_library.h"

namespace alexnet::cuda {

using NcclComm = struct NcclCommOpaque*;
using NcclResult = int;

#define ALEXNET_NCCL_CONSTANTS(X)              \
  X(kNcclSuccess, ncclSuccess, 0)              \
  X(kNcclCudaError, ncclUnhandledCudaError, 1) \
  X(kNcclSystemError, ncclSystemError, 2)      \
  X(kNcclRemoteError, ncclRemoteError, 6)      \
  X(kNcclUint32, ncclUint32, 3)                \
  X(kNcclFloat, ncclFloat32, 7)                \
  X(kNcclSum, ncclSum, 0)                      \
  X(kNcclMax, ncclMax, 2)

#define X(ours, theirs, value) inline constexpr int ours = value;
ALEXNET_NCCL_CONSTANTS(X)
#undef X

#define ALEXNET_NCCL_FUNCTIONS(X)                                                                 \
  X(get_version, ncclGetVersion, NcclResult(int*))                                                \
  X(get_error_string, ncclGetErrorString, const char*(NcclResult))                                \
  X(get_last_error, ncclGetLastError, const char*(NcclComm))                                      \
  X(init_all, ncclCommInitAll, NcclResult(NcclComm*, int, const int*))                            \
  X(destroy, ncclCommDestroy, NcclResult(NcclComm))                                               \
  X(abort, ncclCommAbort, NcclResult(NcclComm))                                                   \
  X(all_reduce, ncclAllReduce, NcclResult(const void*, void*, size_t, int, int, NcclComm, void*)) \
  X(group_start, ncclGroupStart, NcclResult())                                                    \
  X(group_end, ncclGroupEnd, NcclResult())

struct Nccl {
#define X(member, theirs, ...) std::type_identity_t<__VA_ARGS__>* member = nullptr;
  ALEXNET_NCCL_FUNCTIONS(X)
#undef X
  LibraryState state;
};

/// As ncclGetVersion counts since 2.9.
inline constexpr int kOldestNccl = 21800;

Nccl open_nccl(const std::vector<std::string>& folders);

}  // namespace alexnet::cuda
