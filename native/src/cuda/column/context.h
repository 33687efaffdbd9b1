// A column's place on a device: streams, library handles, and the waiting that a hung device cannot make
// endless.
#pragma once

#include <chrono>

#include "cuda/column/check.h"

namespace alexnet::cuda {

class DeviceContext {
 public:
  /// Opens what the column needs in the calling thread. Throws kDeviceUnavailable.
  explicit DeviceContext(int device);
  ~DeviceContext();
  DeviceContext(const DeviceContext&) = delete;
  DeviceContext& operator=(const DeviceContext&) = delete;

  int device() const { return device_; }
  const Cudnn& cudnn() const { return cudnn_; }
  const CublasLt& cublas() const { return cublas_; }
  CudnnHandle cudnn_handle() const { return cudnn_handle_; }
  CublasLtHandle cublas_handle() const { return cublas_handle_; }

  /// Kernels, in order.
  cudaStream_t compute() const { return compute_; }
  /// Copies from other devices, beside the kernels.
  cudaStream_t exchange() const { return exchange_; }
  /// The next batch's way to the device, beside both.
  cudaStream_t upload() const { return upload_; }

  /// Makes this device the calling thread's.
  void use() const;
  /// Waits for an event. Throws kDeviceLost for a device that failed, or has not come there in time: then it
  /// is taken for hung, and nothing more is asked of it.
  void wait(cudaEvent_t event) const;
  /// Whether the device has been given up: asking it to free anything would wait for ever.
  bool given_up() const { return given_up_; }

 private:
  void open();
  void close();

  const int device_;
  Cudnn cudnn_;
  CublasLt cublas_;
  CudnnHandle cudnn_handle_ = nullptr;
  CublasLtHandle cublas_handle_ = nullptr;
  cudaStream_t compute_ = nullptr, exchange_ = nullptr, upload_ = nullptr;
  std::chrono::seconds limit_;
  mutable bool given_up_ = false;  // whoever waits may find out
};

/// An event; with times where asked for.
class Event {
 public:
  explicit Event(const DeviceContext& context, bool timed = false);
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void record(cudaStream_t stream) const;
  /// Work queued on `stream` from now on waits until this event, as it was last recorded, has come. The
  /// stream may be another device's.
  void hold(cudaStream_t stream) const;
  cudaEvent_t get() const { return event_; }
  /// Milliseconds from `begin` to this; both timed, recorded and over.
  float since(const Event& begin) const;

 private:
  const DeviceContext& context_;
  cudaEvent_t event_ = nullptr;
};

/// Page-locked memory on the host.
template <class T>
class Pinned {
 public:
  Pinned(const DeviceContext& context, int64_t count) : context_(context) {
    void* memory = nullptr;
    ALEXNET_CUDA_CHECK(context.device(),
                       cudaHostAlloc(&memory, static_cast<size_t>(count) * sizeof(T), cudaHostAllocPortable));
    data_ = static_cast<T*>(memory);
  }
  ~Pinned() {
    if (!context_.given_up()) cudaFreeHost(data_);
  }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

  T* data() const { return data_; }

 private:
  const DeviceContext& context_;
  T* data_ = nullptr;
};

}  // namespace alexnet::cuda
