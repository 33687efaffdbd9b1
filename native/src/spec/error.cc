// The names of the error codes as JavaScript sees them.
#include "alexnet/error.h"

namespace alexnet {

const char* error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidSpec:
      return "INVALID_SPEC";
    case ErrorCode::kInvalidConfig:
      return "INVALID_CONFIG";
    case ErrorCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case ErrorCode::kNotFound:
      return "NOT_FOUND";
    case ErrorCode::kIo:
      return "IO";
    case ErrorCode::kDiskFull:
      return "DISK_FULL";
    case ErrorCode::kUnsupportedImage:
      return "UNSUPPORTED_IMAGE";
    case ErrorCode::kCorruptImage:
      return "CORRUPT_IMAGE";
    case ErrorCode::kImageTooLarge:
      return "IMAGE_TOO_LARGE";
    case ErrorCode::kCorruptPack:
      return "CORRUPT_PACK";
    case ErrorCode::kOutOfMemory:
      return "OUT_OF_MEMORY";
    case ErrorCode::kDeviceUnavailable:
      return "DEVICE_UNAVAILABLE";
    case ErrorCode::kDeviceLost:
      return "DEVICE_LOST";
    case ErrorCode::kDiverged:
      return "DIVERGED";
    case ErrorCode::kCancelled:
      return "CANCELLED";
    case ErrorCode::kInternal:
      return "INTERNAL";
  }
  return "INTERNAL";
}

}  // namespace alexnet
