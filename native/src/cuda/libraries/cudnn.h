// The part of cuDNN 9's graph interface that is used here, declared by hand: this is built where cuDNN's
// headers are not. tests/cuda/host compares every value and signature with the real headers where those
// exist.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/libraries/dynamic_library.h"

namespace alexnet::cuda {

struct CudnnContext;
using CudnnHandle = CudnnContext*;
using CudnnDescriptor = void*;
using CudnnStatus = int;
using StreamPointer = void*;  // cudaStream_t

/// (name here, name in cuDNN, value)
#define ALEXNET_CUDNN_CONSTANTS(X)                                                               \
  X(kCudnnSuccess, CUDNN_STATUS_SUCCESS, 0)                                                      \
  X(kCudnnHostMemory, CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED, 4003)                  \
  X(kCudnnDeviceMemory, CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED, 4004)              \
  X(kCudnnDataFloat, CUDNN_DATA_FLOAT, 0)                                                        \
  X(kCudnnDataBfloat16, CUDNN_DATA_BFLOAT16, 9)                                                  \
  X(kCudnnCrossCorrelation, CUDNN_CROSS_CORRELATION, 1)                                          \
  X(kCudnnPointwiseAdd, CUDNN_POINTWISE_ADD, 0)                                                  \
  X(kCudnnPointwiseRelu, CUDNN_POINTWISE_RELU_FWD, 100)                                          \
  X(kCudnnHeuristicsFallback, CUDNN_HEUR_MODE_FALLBACK, 2)                                       \
  X(kCudnnHeuristicsA, CUDNN_HEUR_MODE_A, 3)                                                     \
  X(kCudnnNoteTensorCore, CUDNN_NUMERICAL_NOTE_TENSOR_CORE, 0)                                   \
  X(kCudnnNoteDownConvert, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS, 1)                          \
  X(kCudnnNoteReducedReduction, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION, 2)             \
  X(kCudnnNoteFft, CUDNN_NUMERICAL_NOTE_FFT, 3)                                                  \
  X(kCudnnNoteNondeterministic, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC, 4)                        \
  X(kCudnnNoteWinograd, CUDNN_NUMERICAL_NOTE_WINOGRAD, 5)                                        \
  X(kCudnnNoteWinograd4, CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4, 6)                              \
  X(kCudnnNoteWinograd6, CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6, 7)                              \
  X(kCudnnNoteWinograd13, CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13, 8)                           \
  X(kCudnnTypeHandle, CUDNN_TYPE_HANDLE, 0)                                                      \
  X(kCudnnTypeDataType, CUDNN_TYPE_DATA_TYPE, 1)                                                 \
  X(kCudnnTypeBoolean, CUDNN_TYPE_BOOLEAN, 2)                                                    \
  X(kCudnnTypeInt64, CUDNN_TYPE_INT64, 3)                                                        \
  X(kCudnnTypeFloat, CUDNN_TYPE_FLOAT, 4)                                                        \
  X(kCudnnTypeVoidPointer, CUDNN_TYPE_VOID_PTR, 6)                                               \
  X(kCudnnTypeConvolutionMode, CUDNN_TYPE_CONVOLUTION_MODE, 7)                                   \
  X(kCudnnTypeHeuristicsMode, CUDNN_TYPE_HEUR_MODE, 8)                                           \
  X(kCudnnTypeNumericalNote, CUDNN_TYPE_NUMERICAL_NOTE, 11)                                      \
  X(kCudnnTypePointwiseMode, CUDNN_TYPE_POINTWISE_MODE, 14)                                      \
  X(kCudnnTypeDescriptor, CUDNN_TYPE_BACKEND_DESCRIPTOR, 15)                                     \
  X(kCudnnPointwise, CUDNN_BACKEND_POINTWISE_DESCRIPTOR, 0)                                      \
  X(kCudnnConvolution, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, 1)                                  \
  X(kCudnnEngine, CUDNN_BACKEND_ENGINE_DESCRIPTOR, 2)                                            \
  X(kCudnnEngineConfig, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, 3)                                   \
  X(kCudnnHeuristics, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, 4)                                    \
  X(kCudnnExecutionPlan, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, 5)                             \
  X(kCudnnForward, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR, 10)                   \
  X(kCudnnBackwardFilter, CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR, 11)    \
  X(kCudnnBackwardData, CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR, 12)        \
  X(kCudnnOperationPointwise, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, 13)                  \
  X(kCudnnOperationGraph, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, 15)                           \
  X(kCudnnVariantPack, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, 16)                                \
  X(kCudnnTensor, CUDNN_BACKEND_TENSOR_DESCRIPTOR, 17)                                           \
  X(kCudnnPointwiseMode, CUDNN_ATTR_POINTWISE_MODE, 0)                                           \
  X(kCudnnPointwiseMathType, CUDNN_ATTR_POINTWISE_MATH_PREC, 1)                                  \
  X(kCudnnConvolutionComputeType, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, 100)                         \
  X(kCudnnConvolutionConvMode, CUDNN_ATTR_CONVOLUTION_CONV_MODE, 101)                            \
  X(kCudnnConvolutionDilations, CUDNN_ATTR_CONVOLUTION_DILATIONS, 102)                           \
  X(kCudnnConvolutionStrides, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, 103)                        \
  X(kCudnnConvolutionPostPaddings, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, 104)                    \
  X(kCudnnConvolutionPrePaddings, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, 105)                      \
  X(kCudnnConvolutionSpatialDims, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 106)                      \
  X(kCudnnHeuristicsMode, CUDNN_ATTR_ENGINEHEUR_MODE, 200)                                       \
  X(kCudnnHeuristicsGraph, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, 201)                           \
  X(kCudnnHeuristicsResults, CUDNN_ATTR_ENGINEHEUR_RESULTS, 202)                                 \
  X(kCudnnConfigEngine, CUDNN_ATTR_ENGINECFG_ENGINE, 300)                                        \
  X(kCudnnPlanHandle, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, 400)                                     \
  X(kCudnnPlanConfig, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, 401)                              \
  X(kCudnnPlanWorkspace, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, 402)                          \
  X(kCudnnForwardAlpha, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, 700)                     \
  X(kCudnnForwardBeta, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, 701)                       \
  X(kCudnnForwardConvolution, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, 702)           \
  X(kCudnnForwardW, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, 703)                             \
  X(kCudnnForwardX, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, 704)                             \
  X(kCudnnForwardY, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, 705)                             \
  X(kCudnnBackwardDataAlpha, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, 706)               \
  X(kCudnnBackwardDataBeta, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA, 707)                 \
  X(kCudnnBackwardDataConvolution, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, 708)     \
  X(kCudnnBackwardDataW, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, 709)                       \
  X(kCudnnBackwardDataDx, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, 710)                     \
  X(kCudnnBackwardDataDy, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, 711)                     \
  X(kCudnnBackwardFilterAlpha, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, 712)           \
  X(kCudnnBackwardFilterBeta, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA, 713)             \
  X(kCudnnBackwardFilterConvolution, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC, 714) \
  X(kCudnnBackwardFilterDw, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, 715)                 \
  X(kCudnnBackwardFilterX, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, 716)                   \
  X(kCudnnBackwardFilterDy, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY, 717)                 \
  X(kCudnnOperationPointwiseDescriptor, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, 750)       \
  X(kCudnnOperationPointwiseX, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, 751)                        \
  X(kCudnnOperationPointwiseB, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, 752)                        \
  X(kCudnnOperationPointwiseY, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, 753)                        \
  X(kCudnnGraphHandle, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, 800)                                    \
  X(kCudnnGraphOperations, CUDNN_ATTR_OPERATIONGRAPH_OPS, 801)                                   \
  X(kCudnnTensorAlignment, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, 900)                                \
  X(kCudnnTensorDataType, CUDNN_ATTR_TENSOR_DATA_TYPE, 901)                                      \
  X(kCudnnTensorDimensions, CUDNN_ATTR_TENSOR_DIMENSIONS, 902)                                   \
  X(kCudnnTensorStrides, CUDNN_ATTR_TENSOR_STRIDES, 903)                                         \
  X(kCudnnTensorUid, CUDNN_ATTR_TENSOR_UNIQUE_ID, 906)                                           \
  X(kCudnnTensorVirtual, CUDNN_ATTR_TENSOR_IS_VIRTUAL, 907)                                      \
  X(kCudnnPackUids, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, 1000)                                    \
  X(kCudnnPackPointers, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, 1001)                             \
  X(kCudnnPackWorkspace, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, 1003)                                \
  X(kCudnnEngineNumericalNote, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, 1303)

#define X(ours, theirs, value) inline constexpr int ours = value;
ALEXNET_CUDNN_CONSTANTS(X)
#undef X

/// (member here, function in cuDNN, its type; enumerations are passed as int)
#define ALEXNET_CUDNN_FUNCTIONS(X)                                                                         \
  X(get_version, cudnnGetVersion, size_t())                                                                \
  X(get_error_string, cudnnGetErrorString, const char*(CudnnStatus))                                       \
  X(get_last_error_string, cudnnGetLastErrorString, void(char*, size_t))                                   \
  X(create, cudnnCreate, CudnnStatus(CudnnHandle*))                                                        \
  X(destroy, cudnnDestroy, CudnnStatus(CudnnHandle))                                                       \
  X(set_stream, cudnnSetStream, CudnnStatus(CudnnHandle, StreamPointer))                                   \
  X(create_descriptor, cudnnBackendCreateDescriptor, CudnnStatus(int, CudnnDescriptor*))                   \
  X(destroy_descriptor, cudnnBackendDestroyDescriptor, CudnnStatus(CudnnDescriptor))                       \
  X(set_attribute, cudnnBackendSetAttribute, CudnnStatus(CudnnDescriptor, int, int, int64_t, const void*)) \
  X(get_attribute, cudnnBackendGetAttribute,                                                               \
    CudnnStatus(CudnnDescriptor, int, int, int64_t, int64_t*, void*))                                      \
  X(finalize, cudnnBackendFinalize, CudnnStatus(CudnnDescriptor))                                          \
  X(execute, cudnnBackendExecute, CudnnStatus(CudnnHandle, CudnnDescriptor, CudnnDescriptor))

struct Cudnn {
#define X(member, theirs, ...) std::type_identity_t<__VA_ARGS__>* member = nullptr;
  ALEXNET_CUDNN_FUNCTIONS(X)
#undef X
  LibraryState state;
};

/// The oldest cuDNN that has all of the above, as cudnnGetVersion counts.
inline constexpr size_t kOldestCudnn = 90000;

/// `cuda`: as CUDART_VERSION counts; the compiler of that CUDA is taken first.
Cudnn open_cudnn(const std::vector<std::string>& folders, int cuda);

}  // namespace alexnet::cuda
