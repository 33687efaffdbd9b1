// The one exception type of the engine. Everything that can go wrong below the addon is thrown as an
// Error whose code comes from this closed list; the addon turns it into a JavaScript Error.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace alexnet {

enum class ErrorCode {
  kInvalidSpec,       // a net description that cannot be built; details: {"layer","field"}
  kInvalidConfig,     // a run configuration that cannot be used; details: {"field"}
  kInvalidArgument,   // a call that no caller should make: a bug above the engine
  kNotFound,          // a file, tensor or device that is not there
  kIo,                // the system refused to read or write; details: {"path","errno"}
  kDiskFull,          // ENOSPC or EDQUOT while writing; details: {"path"}
  kUnsupportedImage,  // a format that is not read here; details: {"format"}
  kCorruptImage,      // an image whose bytes are damaged
  kImageTooLarge,     // over the limit on pixels or bytes, found before decoding
  kCorruptPack,       // a pack whose header, size or checksum is wrong
  kOutOfMemory,
  kDeviceUnavailable,  // a device that cannot compute here; the message says why
  kDeviceLost,         // a device that stopped in the middle of a job; the last checkpoint can be resumed
  kDiverged,           // the loss is no longer finite
  kCancelled,
  kInternal,
};

/// The code's name as JavaScript sees it, e.g. "INVALID_SPEC".
const char* error_code_name(ErrorCode code);

class Error : public std::runtime_error {
 public:
  /// `message` says what happened and what to do. `details` is a JSON object or empty.
  Error(ErrorCode code, const std::string& message, std::string details = {})
      : std::runtime_error(message), code_(code), details_(std::move(details)) {}

  ErrorCode code() const { return code_; }
  const std::string& details() const { return details_; }

 private:
  ErrorCode code_;
  std::string details_;
};

}  // namespace alexnet
