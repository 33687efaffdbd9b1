#include "fake_device.h"

#include <cuda_runtime_api.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <utility>
#include <thread>

namespace alexnet::fake {

namespace {

struct Recorded {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;

  void finish() {
    const std::lock_guard lock(mutex);
    done = true;
    changed.notify_all();
  }
  bool is_done() {
    const std::lock_guard lock(mutex);
    return done;
  }
};

std::atomic<bool> g_hung{false};
std::atomic<int> g_status{0}, g_peer_copies{0};
Machine g_machine;
std::mutex g_memory_mutex;
std::map<void*, std::pair<int, int64_t>> g_memory;  // device and bytes
thread_local int t_device = 0;
thread_local cudaError_t t_last = cudaSuccess;

cudaError_t result(cudaError_t status) {
  if (status != cudaSuccess && status != cudaErrorNotReady) t_last = status;
  return status;
}

class Stream {
 public:
  Stream() : thread_([this] { work(); }) {}
  ~Stream() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

  void push(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return (queue_.empty() && !busy_) || g_hung; });
  }

 private:
  void work() {
    std::mt19937 random(static_cast<unsigned>(reinterpret_cast<uintptr_t>(this) >> 6));
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return ending_ || !queue_.empty(); });
      if (queue_.empty() || g_hung) return;
      const auto task = std::move(queue_.front());
      queue_.pop_front();
      busy_ = true;
      lock.unlock();
      if (g_machine.jitter > 0)
        std::this_thread::sleep_for(
            std::chrono::microseconds(random() % static_cast<unsigned>(g_machine.jitter)));
      task();
      lock.lock();
      busy_ = false;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool ending_ = false, busy_ = false;
  std::thread thread_;
};

struct EventHolder {
  std::shared_ptr<Recorded> recorded;
};

/// What a hung device held is never given back by its users: start() does.
std::mutex g_left_mutex;
std::set<Stream*> g_streams;
std::set<EventHolder*> g_events;
std::set<void*> g_pinned;

template <class Set, class Item>
Item* keep(Set& set, Item* item) {
  const std::lock_guard lock(g_left_mutex);
  set.insert(item);
  return item;
}
template <class Set, class Item>
Item* forget(Set& set, Item* item) {
  const std::lock_guard lock(g_left_mutex);
  set.erase(item);
  return item;
}

Stream* stream_of(void* stream) { return static_cast<Stream*>(stream); }
EventHolder* event_of(cudaEvent_t event) { return reinterpret_cast<EventHolder*>(event); }

cudaError_t copy(void* to, const void* from, size_t bytes, void* stream) {
  enqueue(stream, [=] { std::memcpy(to, from, bytes); });
  return result(static_cast<cudaError_t>(g_status.load()));
}

}  // namespace

void start(const Machine& machine) {
  for (Stream* stream : std::exchange(g_streams, {})) delete stream;
  for (EventHolder* event : std::exchange(g_events, {})) delete event;
  for (void* memory : std::exchange(g_pinned, {})) std::free(memory);
  for (const auto& [memory, owner] : std::exchange(g_memory, {})) std::free(memory);
  g_machine = machine;
  g_hung = false;
  g_status = 0;
  g_peer_copies = 0;
}

int64_t allocated() {
  const std::lock_guard lock(g_memory_mutex);
  int64_t sum = 0;
  for (const auto& [memory, owner] : g_memory) sum += owner.second;
  return sum;
}

int peer_copies() { return g_peer_copies; }
void break_devices(int status) { g_status = status; }
void hang() { g_hung = true; }

void enqueue(void* stream, std::function<void()> work) {
  if (stream)
    stream_of(stream)->push(std::move(work));
  else
    work();
}

}  // namespace alexnet::fake

using namespace alexnet::fake;

extern "C" {

cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= g_machine.devices) return result(cudaErrorInvalidDevice);
  t_device = device;
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, size_t bytes) {
  const std::lock_guard lock(g_memory_mutex);
  int64_t used = 0;
  for (const auto& [other, owner] : g_memory)
    if (owner.first == t_device) used += owner.second;
  if (used + static_cast<int64_t>(bytes) > g_machine.memory_bytes) return result(cudaErrorMemoryAllocation);
  *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  std::memset(*memory, 0xFF, bytes);  // NaN until it is written
  g_memory[*memory] = {t_device, static_cast<int64_t>(bytes)};
  return cudaSuccess;
}

cudaError_t cudaFree(void* memory) {
  const std::lock_guard lock(g_memory_mutex);
  g_memory.erase(memory);
  std::free(memory);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  const std::lock_guard lock(g_memory_mutex);
  int64_t used = 0;
  for (const auto& [memory, owner] : g_memory)
    if (owner.first == t_device) used += owner.second;
  *total = static_cast<size_t>(g_machine.memory_bytes);
  *free = static_cast<size_t>(g_machine.memory_bytes - used);
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void** memory, size_t bytes, unsigned int) {
  *memory = keep(g_pinned, std::aligned_alloc(64, (bytes + 63) / 64 * 64));
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* memory) {
  std::free(forget(g_pinned, memory));
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t stream) {
  enqueue(stream, [=] { std::memset(memory, value, bytes); });
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  return copy(to, from, bytes, stream);
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind) {
  std::memcpy(to, from, bytes);
  return result(static_cast<cudaError_t>(g_status.load()));
}

cudaError_t cudaMemcpyPeerAsync(void* to, int to_device, const void* from, int from_device, size_t bytes,
                                cudaStream_t stream) {
  {
    // The pieces must lie where they are said to lie.
    const std::lock_guard lock(g_memory_mutex);
    const auto lies_on = [&](const void* piece, int device) {
      auto at = g_memory.upper_bound(const_cast<void*>(piece));
      if (at == g_memory.begin()) return false;
      --at;
      return at->second.first == device &&
             static_cast<const char*>(piece) + bytes <= static_cast<char*>(at->first) + at->second.second;
    };
    if (!lies_on(to, to_device) || !lies_on(from, from_device)) return result(cudaErrorInvalidValue);
  }
  ++g_peer_copies;
  return copy(to, from, bytes, stream);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int) {
  *stream = reinterpret_cast<cudaStream_t>(keep(g_streams, new Stream));
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete forget(g_streams, stream_of(stream));
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  stream_of(stream)->wait();
  return result(static_cast<cudaError_t>(g_status.load()));
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
  if (const auto recorded = event_of(event)->recorded)
    enqueue(stream, [recorded] {
      std::unique_lock lock(recorded->mutex);
      while (!recorded->done && !g_hung) recorded->changed.wait_for(lock, std::chrono::milliseconds(20));
    });
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int) {
  *event = reinterpret_cast<cudaEvent_t>(keep(g_events, new EventHolder));
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete forget(g_events, event_of(event));
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const auto recorded = std::make_shared<Recorded>();
  event_of(event)->recorded = recorded;
  enqueue(stream, [recorded] { recorded->finish(); });
  return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  if (g_status != 0) return result(static_cast<cudaError_t>(g_status.load()));
  const auto recorded = event_of(event)->recorded;
  return !recorded || recorded->is_done() ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  if (!event_of(begin)->recorded || !event_of(end)->recorded) return result(cudaErrorInvalidResourceHandle);
  if (!event_of(begin)->recorded->is_done() || !event_of(end)->recorded->is_done())
    return result(cudaErrorNotReady);
  *milliseconds = 0.5f;
  return cudaSuccess;
}

cudaError_t cudaDeviceCanAccessPeer(int* can, int, int) {
  *can = g_machine.peer_access;
  return cudaSuccess;
}

cudaError_t cudaDeviceEnablePeerAccess(int, unsigned int) {
  // As after another column of this process.
  return result(g_machine.peer_access ? cudaErrorPeerAccessAlreadyEnabled : cudaErrorPeerAccessUnsupported);
}

cudaError_t cudaGetLastError() { return std::exchange(t_last, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return t_last; }
const char* cudaGetErrorName(cudaError_t status) {
  return status == cudaErrorECCUncorrectable ? "cudaErrorECCUncorrectable" : "cudaErrorOther";
}
const char* cudaGetErrorString(cudaError_t) { return "the stand-in's words"; }

}  // extern "C"
