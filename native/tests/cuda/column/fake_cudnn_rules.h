// What cuDNN's documentation demands of attributes and descriptors.
#pragma once

#include <cstddef>
#include <vector>

#include "cuda/libraries/cudnn.h"

namespace alexnet::fake {

using namespace alexnet::cuda;

inline size_t size_of(int type) {
  if (type == kCudnnTypeBoolean) return 1;
  if (type == kCudnnTypeHandle || type == kCudnnTypeInt64 || type == kCudnnTypeVoidPointer ||
      type == kCudnnTypeDescriptor)
    return 8;
  return 4;
}

/// The type that an attribute must have.
inline int type_of(int attribute) {
  switch (attribute) {
    case kCudnnPointwiseMode:
      return kCudnnTypePointwiseMode;
    case kCudnnPointwiseMathType:
    case kCudnnConvolutionComputeType:
    case kCudnnTensorDataType:
      return kCudnnTypeDataType;
    case kCudnnConvolutionConvMode:
      return kCudnnTypeConvolutionMode;
    case kCudnnHeuristicsMode:
      return kCudnnTypeHeuristicsMode;
    case kCudnnPlanHandle:
    case kCudnnGraphHandle:
      return kCudnnTypeHandle;
    case kCudnnForwardAlpha:
    case kCudnnForwardBeta:
    case kCudnnBackwardDataAlpha:
    case kCudnnBackwardDataBeta:
    case kCudnnBackwardFilterAlpha:
    case kCudnnBackwardFilterBeta:
      return kCudnnTypeFloat;
    case kCudnnTensorVirtual:
      return kCudnnTypeBoolean;
    case kCudnnPackPointers:
    case kCudnnPackWorkspace:
      return kCudnnTypeVoidPointer;
    case kCudnnConvolutionDilations:
    case kCudnnConvolutionStrides:
    case kCudnnConvolutionPostPaddings:
    case kCudnnConvolutionPrePaddings:
    case kCudnnConvolutionSpatialDims:
    case kCudnnTensorAlignment:
    case kCudnnTensorDimensions:
    case kCudnnTensorStrides:
    case kCudnnTensorUid:
    case kCudnnPackUids:
      return kCudnnTypeInt64;
    default:
      return kCudnnTypeDescriptor;
  }
}

/// What each kind must have before it can be finalized.
inline std::vector<int> needed_by(int kind) {
  switch (kind) {
    case kCudnnTensor:
      return {kCudnnTensorDataType, kCudnnTensorDimensions, kCudnnTensorStrides, kCudnnTensorUid,
              kCudnnTensorAlignment};
    case kCudnnConvolution:
      return {kCudnnConvolutionComputeType, kCudnnConvolutionConvMode,     kCudnnConvolutionSpatialDims,
              kCudnnConvolutionPrePaddings, kCudnnConvolutionPostPaddings, kCudnnConvolutionStrides,
              kCudnnConvolutionDilations};
    case kCudnnForward:
      return {kCudnnForwardConvolution, kCudnnForwardX,     kCudnnForwardW,
              kCudnnForwardY,           kCudnnForwardAlpha, kCudnnForwardBeta};
    case kCudnnBackwardData:
      return {kCudnnBackwardDataConvolution, kCudnnBackwardDataDx,    kCudnnBackwardDataW,
              kCudnnBackwardDataDy,          kCudnnBackwardDataAlpha, kCudnnBackwardDataBeta};
    case kCudnnBackwardFilter:
      return {kCudnnBackwardFilterConvolution, kCudnnBackwardFilterX,     kCudnnBackwardFilterDw,
              kCudnnBackwardFilterDy,          kCudnnBackwardFilterAlpha, kCudnnBackwardFilterBeta};
    case kCudnnPointwise:
      return {kCudnnPointwiseMode, kCudnnPointwiseMathType};
    case kCudnnOperationPointwise:
      return {kCudnnOperationPointwiseDescriptor, kCudnnOperationPointwiseX, kCudnnOperationPointwiseY};
    case kCudnnOperationGraph:
      return {kCudnnGraphHandle, kCudnnGraphOperations};
    case kCudnnHeuristics:
      return {kCudnnHeuristicsGraph, kCudnnHeuristicsMode};
    case kCudnnExecutionPlan:
      return {kCudnnPlanHandle, kCudnnPlanConfig};
    case kCudnnVariantPack:
      return {kCudnnPackPointers, kCudnnPackUids, kCudnnPackWorkspace};
    default:
      return {};
  }
}

}  // namespace alexnet::fake
