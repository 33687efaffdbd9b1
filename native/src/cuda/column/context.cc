#include "cuda/column/context.h"

#include <cstdlib>
#include <string>
#include <thread>

namespace alexnet::cuda {

namespace {

constexpr int kDefaultLimitSeconds = 120;

/// How long a step may take before the device counts as hung.
std::chrono::seconds step_limit() {
  const char* text = std::getenv("ALEXNET_CUDA_STEP_LIMIT");
  const int seconds = text ? std::atoi(text) : 0;
  return std::chrono::seconds(seconds > 0 ? seconds : kDefaultLimitSeconds);
}

}  // namespace

DeviceContext::DeviceContext(int device) : device_(device), limit_(step_limit()) {
  try {
    open();
  } catch (...) {
    close();
    throw;
  }
}

DeviceContext::~DeviceContext() { close(); }

void DeviceContext::open() {
  use();
  const auto folders = library_folders();
  // cuBLASLt first: cuDNN uses the one that is open.
  cublas_ = open_cublaslt(folders, CUDART_VERSION);
  if (!cublas_.state.usable())
    throw Error(ErrorCode::kDeviceUnavailable, device_name(device_) + ": " + cublas_.state.reason);
  cudnn_ = open_cudnn(folders, CUDART_VERSION);
  if (!cudnn_.state.usable())
    throw Error(ErrorCode::kDeviceUnavailable, device_name(device_) + ": " + cudnn_.state.reason);
  ALEXNET_CUDA_CHECK(device_, cudaStreamCreateWithFlags(&compute_, cudaStreamNonBlocking));
  ALEXNET_CUDA_CHECK(device_, cudaStreamCreateWithFlags(&exchange_, cudaStreamNonBlocking));
  ALEXNET_CUDA_CHECK(device_, cudaStreamCreateWithFlags(&upload_, cudaStreamNonBlocking));
  ALEXNET_CUBLASLT_CHECK(*this, create(&cublas_handle_));
  ALEXNET_CUDNN_CHECK(*this, create(&cudnn_handle_));
  ALEXNET_CUDNN_CHECK(*this, set_stream(cudnn_handle_, compute_));
}

void DeviceContext::close() {
  if (given_up_) return;
  cudaSetDevice(device_);
  if (cudnn_handle_) cudnn_.destroy(cudnn_handle_);
  if (cublas_handle_) cublas_.destroy(cublas_handle_);
  if (upload_) cudaStreamDestroy(upload_);
  if (exchange_) cudaStreamDestroy(exchange_);
  if (compute_) cudaStreamDestroy(compute_);
}

void DeviceContext::use() const { ALEXNET_CUDA_CHECK(device_, cudaSetDevice(device_)); }

void DeviceContext::wait(cudaEvent_t event) const {
  using Clock = std::chrono::steady_clock;
  // A step takes milliseconds: the thread only steps aside. A long wait is no longer worth a core.
  constexpr auto kPatient = std::chrono::milliseconds(100);
  const auto start = Clock::now();
  while (true) {
    if (given_up_) throw Error(ErrorCode::kDeviceLost, device_name(device_) + ": the device hangs");
    const cudaError_t status = cudaEventQuery(event);
    if (status == cudaSuccess) return;
    if (status != cudaErrorNotReady) fail_cuda(status, "the step's work", device_, Place::current());
    cudaGetLastError();  // it is noted like an error, and the next launch would be blamed for it
    const auto waited = Clock::now() - start;
    if (waited > limit_) {
      given_up_ = true;
      throw Error(
          ErrorCode::kDeviceLost,
          device_name(device_) + ": a step did not end within " + std::to_string(limit_.count()) +
              " s; the device is taken for hung. The last checkpoint can be resumed; if this machine is "
              "only slow, set ALEXNET_CUDA_STEP_LIMIT to more seconds");
    }
    if (waited > kPatient)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    else
      std::this_thread::yield();
  }
}

Event::Event(const DeviceContext& context, bool timed) : context_(context) {
  ALEXNET_CUDA_CHECK(context.device(),
                     cudaEventCreateWithFlags(&event_, timed ? cudaEventDefault : cudaEventDisableTiming));
}

Event::~Event() {
  if (event_ && !context_.given_up()) cudaEventDestroy(event_);
}

void Event::record(cudaStream_t stream) const {
  ALEXNET_CUDA_CHECK(context_.device(), cudaEventRecord(event_, stream));
}

void Event::hold(cudaStream_t stream) const {
  ALEXNET_CUDA_CHECK(context_.device(), cudaStreamWaitEvent(stream, event_, 0));
}

float Event::since(const Event& begin) const {
  float milliseconds = 0;
  ALEXNET_CUDA_CHECK(context_.device(), cudaEventElapsedTime(&milliseconds, begin.event_, event_));
  return milliseconds;
}

}  // namespace alexnet::cuda
