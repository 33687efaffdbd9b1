#include "cuda/column/check.h"

#include <filesystem>

namespace alexnet::cuda {

namespace {

constexpr char kFull[] =
    "its memory is full; choose a smaller batch, bf16, or free memory that other programs hold";

/// The name of a call without its arguments.
std::string called(const char* call) {
  const std::string text = call;
  return text.substr(0, text.find('('));
}

[[noreturn]] void fail(ErrorCode code, const std::string& what, const char* call, int status, int device,
                       const Place& place) {
  const std::string where =
      std::filesystem::path(place.file_name()).filename().string() + ":" + std::to_string(place.line());
  throw Error(code, device_name(device) + ": " + what + " [" + called(call) + ", " + where + "]",
              R"({"call":")" + called(call) + R"(","code":)" + std::to_string(status) + R"(,"device":)" +
                  std::to_string(device) + "}");
}

std::string advice(cudaError_t status) {
  switch (status) {
    case cudaErrorECCUncorrectable:
      return "its memory has an error that cannot be corrected; the last checkpoint can be resumed on "
             "another "
             "device, nvidia-smi -q -d ECC shows more";
    case cudaErrorLaunchTimeout:
      return "a kernel ran into the system's time limit, as on a GPU that also drives a screen; resume with "
             "a "
             "smaller batch or on another GPU";
    case cudaErrorDevicesUnavailable:
      return "it is busy: another process has it for itself, or its compute mode forbids this; nvidia-smi "
             "shows "
             "who";
    case cudaErrorMemoryAllocation:
      return kFull;
    case cudaErrorInsufficientDriver:
      return "the NVIDIA driver is too old for this build; install a newer driver";
    default:
      return meaning_of(status) == ErrorCode::kDeviceLost
                 ? "the device stopped working; the last checkpoint can be resumed, on another device if "
                   "this one "
                   "stays broken (the system's log names the cause as an Xid)"
                 : "this is a fault of the program";
  }
}

}  // namespace

std::string device_name(int device) { return "cuda:" + std::to_string(device); }

void fail_cuda(cudaError_t status, const char* call, int device, const Place& place) {
  fail(meaning_of(status),
       std::string(cudaGetErrorName(status)) + " (" + cudaGetErrorString(status) + "): " + advice(status),
       call, static_cast<int>(status), device, place);
}

void fail_cudnn(const Cudnn& cudnn, CudnnStatus status, const char* call, int device, const Place& place) {
  // A failed device shows itself in whichever call comes next.
  check_device(device, place);
  if (status == kCudnnHostMemory || status == kCudnnDeviceMemory)
    fail(ErrorCode::kOutOfMemory, kFull, call, status, device, place);
  char details[512] = "";
  cudnn.get_last_error_string(details, sizeof details);
  fail(ErrorCode::kInternal,
       "cuDNN " + cudnn.state.version + ": " + cudnn.get_error_string(status) +
           (details[0] ? ": " + std::string(details) : ""),
       call, status, device, place);
}

void fail_cublaslt(const CublasLt& cublas, CublasStatus status, const char* call, int device,
                   const Place& place) {
  check_device(device, place);
  if (status == kCublasAllocationFailed) fail(ErrorCode::kOutOfMemory, kFull, call, status, device, place);
  fail(ErrorCode::kInternal, "cuBLASLt " + cublas.state.version + ": " + cublas.get_status_string(status),
       call, status, device, place);
}

void fail_nccl(const Nccl& nccl, NcclResult status, const char* call, int device, const Place& place) {
  check_device(device, place);
  ErrorCode code = ErrorCode::kInternal;
  if (status == kNcclCudaError || status == kNcclRemoteError) code = ErrorCode::kDeviceLost;
  if (status == kNcclSystemError) code = ErrorCode::kDeviceUnavailable;
  const char* details = nccl.get_last_error(nullptr);
  fail(code,
       "NCCL " + nccl.state.version + ": " + nccl.get_error_string(status) +
           (details && details[0] ? ": " + std::string(details) : "") +
           "; the environment's NCCL_DEBUG=INFO makes it tell more",
       call, status, device, place);
}

void check_device(int device, const Place& place) {
  // cuDNN and cuBLASLt have a CUDA runtime of their own: what failed in their calls this one hears of when it
  // asks the device.
  size_t free = 0, total = 0;
  cudaError_t status = cudaPeekAtLastError();
  if (status == cudaSuccess) status = cudaMemGetInfo(&free, &total);
  const ErrorCode meaning = meaning_of(status);
  if (status != cudaSuccess && meaning != ErrorCode::kInternal)
    fail_cuda(status, "earlier work", device, place);
  // What is not of the device shall not be taken for the next launch's.
  if (status != cudaSuccess) cudaGetLastError();
}

}  // namespace alexnet::cuda
