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
  bool captured = false;  // in a capture: nothing outside it may ask for it
  double at = 0;          // of its stream's time

  void finish(double now) {
    const std::lock_guard lock(mutex);
    done = true;
    at = now;
    changed.notify_all();
  }
  bool is_done() {
    const std::lock_guard lock(mutex);
    return done;
  }
  double when() {
    const std::lock_guard lock(mutex);
    return at;
  }
};

std::atomic<bool> g_hung{false};
std::atomic<int> g_status{0}, g_peer_copies{0}, g_peer_copies_done{0}, g_graphs{0}, g_launches{0}, g_sums{0},
    g_partial_sums{0}, g_amid_sums{0}, g_lost{-1};
Machine g_machine;
std::function<void(const std::string&)> g_watcher;
std::mutex g_memory_mutex;
std::map<void*, std::pair<int, int64_t>> g_memory;  // device and bytes
thread_local int t_device = 0;
thread_local double t_taken = 0;  // by a stream's work, in its thread
thread_local cudaError_t t_last = cudaSuccess;
// A stream waited for what a lost device no longer does: nothing after that is done either, as on real ones.
thread_local bool t_waits_in_vain = false;

cudaError_t result(cudaError_t status) {
  // Even cudaErrorNotReady, which is no error, is what cudaGetLastError gives next.
  if (status != cudaSuccess) t_last = status;
  return status;
}

using Work = std::vector<std::function<void()>>;

/// What the calling thread captures: one stream, in the mode in which only this thread's calls are watched.
struct Capture {
  void* stream = nullptr;  // null: none
  Work work;
  bool broken = false;
};
thread_local Capture t_capture;

bool capturing(void* stream) { return stream && t_capture.stream == stream; }

/// A call that a capture does not see: it breaks the capture of the thread that makes it.
cudaError_t unless_capturing(const std::function<cudaError_t()>& call) {
  if (!t_capture.stream) return call();
  t_capture.broken = true;
  return result(cudaErrorStreamCaptureUnsupported);
}

cudaError_t break_capture(cudaError_t status) {
  t_capture.broken = true;
  return result(status);
}

/// What whoever asks the calling thread's device is told.
cudaError_t status_here() {
  return g_lost >= 0 && g_lost == t_device ? cudaErrorECCUncorrectable
                                           : static_cast<cudaError_t>(g_status.load());
}

class Stream {
 public:
  explicit Stream(int device) : device_(device), thread_([this] { work(); }) {}
  int device() const { return device_; }
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
    changed_.wait(lock, [&] { return (queue_.empty() && !busy_) || stopped(); });
  }

 private:
  void work() {
    std::mt19937 random(static_cast<unsigned>(reinterpret_cast<uintptr_t>(this) >> 6));
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return ending_ || !queue_.empty(); });
      if (queue_.empty() || stopped()) return;
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

  bool stopped() const { return g_hung || g_lost == device_; }

  const int device_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool ending_ = false, busy_ = false;
  std::thread thread_;
};

struct EventHolder {
  int device = 0;
  bool timed = false;
  std::shared_ptr<Recorded> recorded;
};

/// What a hung device held is never given back by its users: start() does.
std::mutex g_left_mutex;
std::set<Stream*> g_streams;
std::set<EventHolder*> g_events;
std::set<void*> g_pinned;
std::map<const char*, size_t> g_pinned_bytes;
std::set<Work*> g_graph_work;

/// Whether memory is a device's or page-locked: copies of any other memory are not captured.
bool is_known(const void* memory) {
  const auto inside = [&](const char* begin, int64_t bytes) {
    return memory >= begin && memory < begin + bytes;
  };
  {
    const std::lock_guard lock(g_memory_mutex);
    for (const auto& [begin, owner] : g_memory)
      if (inside(static_cast<char*>(begin), owner.second)) return true;
  }
  const std::lock_guard lock(g_left_mutex);
  for (const auto& [begin, bytes] : g_pinned_bytes)
    if (inside(begin, static_cast<int64_t>(bytes))) return true;
  return false;
}

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
  if (capturing(stream) && (!is_known(to) || !is_known(from)))
    return break_capture(cudaErrorStreamCaptureUnsupported);
  enqueue(stream, [=] { std::memcpy(to, from, bytes); });
  return result(status_here());
}

}  // namespace

void start(const Machine& machine) {
  for (Stream* stream : std::exchange(g_streams, {})) delete stream;
  for (EventHolder* event : std::exchange(g_events, {})) delete event;
  for (void* memory : std::exchange(g_pinned, {})) std::free(memory);
  for (Work* work : std::exchange(g_graph_work, {})) delete work;
  g_pinned_bytes.clear();
  g_graphs = g_launches = 0;
  for (const auto& [memory, owner] : std::exchange(g_memory, {})) std::free(memory);
  g_machine = machine;
  g_hung = false;
  g_status = 0;
  g_peer_copies = g_peer_copies_done = 0;
  g_watcher = nullptr;
  g_sums = g_partial_sums = g_amid_sums = 0;
  g_lost = -1;
  t_last = cudaSuccess;
}

int64_t allocated() {
  const std::lock_guard lock(g_memory_mutex);
  int64_t sum = 0;
  for (const auto& [memory, owner] : g_memory) sum += owner.second;
  return sum;
}

int peer_copies() { return g_peer_copies; }
int peer_copies_done() { return g_peer_copies_done; }
void watch(std::function<void(const std::string& what)> watcher) { g_watcher = std::move(watcher); }
void tell(const std::string& what) {
  if (g_watcher) g_watcher(what);
}
double fusion() { return g_machine.fusion; }
int refused_maps() { return g_machine.refused_maps; }
void take(double milliseconds) { t_taken += milliseconds; }
int graphs_made() { return g_graphs; }
int graph_launches() { return g_launches; }
void break_devices(int status) { g_status = status; }
void hang() { g_hung = true; }
void lose(int device) { g_lost = device; }
int sums() { return g_sums; }
int graphs_amid_sums() { return g_amid_sums; }
void note_sum() { ++g_sums; }
void note_partial_sums(int more) { g_partial_sums += more; }

bool is_current(void* stream) { return !stream || stream_of(stream)->device() == t_device; }

void enqueue(void* stream, std::function<void()> work) {
  if (capturing(stream))
    t_capture.work.push_back(std::move(work));
  else if (stream)
    stream_of(stream)->push([work = std::move(work)] {
      if (!t_waits_in_vain) work();
    });
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
  if (t_capture.stream) return break_capture(cudaErrorStreamCaptureUnsupported);
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
  if (t_capture.stream) return break_capture(cudaErrorStreamCaptureUnsupported);
  const std::lock_guard lock(g_memory_mutex);
  g_memory.erase(memory);
  std::free(memory);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  if (status_here() != cudaSuccess) return result(status_here());
  const std::lock_guard lock(g_memory_mutex);
  int64_t used = 0;
  for (const auto& [memory, owner] : g_memory)
    if (owner.first == t_device) used += owner.second;
  *total = static_cast<size_t>(g_machine.memory_bytes);
  *free = static_cast<size_t>(g_machine.memory_bytes - used);
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void** memory, size_t bytes, unsigned int) {
  return unless_capturing([&] {
    *memory = keep(g_pinned, std::aligned_alloc(64, (bytes + 63) / 64 * 64));
    const std::lock_guard lock(g_left_mutex);
    g_pinned_bytes[static_cast<char*>(*memory)] = bytes;
    return cudaSuccess;
  });
}

cudaError_t cudaFreeHost(void* memory) {
  {
    const std::lock_guard lock(g_left_mutex);
    g_pinned_bytes.erase(static_cast<char*>(memory));
  }
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
  if (t_capture.stream) return break_capture(cudaErrorStreamCaptureImplicit);
  std::memcpy(to, from, bytes);
  return result(status_here());
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
  enqueue(stream, [] { tell("copy between devices"); });
  const cudaError_t status = copy(to, from, bytes, stream);
  enqueue(stream, [] { ++g_peer_copies_done; });
  return status;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int) {
  *stream = reinterpret_cast<cudaStream_t>(keep(g_streams, new Stream(t_device)));
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete forget(g_streams, stream_of(stream));
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (capturing(stream)) return break_capture(cudaErrorStreamCaptureUnsupported);
  stream_of(stream)->wait();
  return result(status_here());
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
  const auto recorded = event_of(event)->recorded;
  // No dependency may cross a capture's boundary, either way.
  if (capturing(stream) && !(recorded && recorded->captured))
    return break_capture(cudaErrorStreamCaptureIsolation);
  if (!capturing(stream) && recorded && recorded->captured) return result(cudaErrorStreamCaptureIsolation);
  if (recorded && !recorded->captured)
    stream_of(stream)->push([recorded, device = event_of(event)->device] {
      std::unique_lock lock(recorded->mutex);
      while (!recorded->done && !g_hung && g_lost != device)
        recorded->changed.wait_for(lock, std::chrono::milliseconds(20));
      if (!recorded->done) t_waits_in_vain = true;
    });
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
  *event = reinterpret_cast<cudaEvent_t>(
      keep(g_events, new EventHolder{t_device, (flags & cudaEventDisableTiming) == 0, nullptr}));
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete forget(g_events, event_of(event));
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  // Any stream may wait for an event, but only those of its own device record it.
  if (stream_of(stream)->device() != event_of(event)->device) return result(cudaErrorInvalidResourceHandle);
  const auto recorded = std::make_shared<Recorded>();
  event_of(event)->recorded = recorded;
  recorded->captured = capturing(stream);
  if (!recorded->captured) stream_of(stream)->push([recorded] { recorded->finish(t_taken); });
  return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  if (status_here() != cudaSuccess) return result(status_here());
  const auto recorded = event_of(event)->recorded;
  if (recorded && recorded->captured) return result(cudaErrorCapturedEvent);
  return result(!recorded || recorded->is_done() ? cudaSuccess : cudaErrorNotReady);
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  const EventHolder &from = *event_of(begin), &to = *event_of(end);
  if (!from.timed || !to.timed || from.device != to.device || !from.recorded || !to.recorded)
    return result(cudaErrorInvalidResourceHandle);
  if (!event_of(begin)->recorded->is_done() || !event_of(end)->recorded->is_done())
    return result(cudaErrorNotReady);
  // Whatever lies between them.
  constexpr float kOther = 0.5f;
  *milliseconds =
      kOther + static_cast<float>(event_of(end)->recorded->when() - event_of(begin)->recorded->when());
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  if (mode != cudaStreamCaptureModeThreadLocal || t_capture.stream) return result(cudaErrorIllegalState);
  if (g_status != 0) return result(static_cast<cudaError_t>(g_status.load()));
  t_capture = {.stream = stream, .work = {}, .broken = false};
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  if (!capturing(stream)) return result(cudaErrorStreamCaptureUnmatched);
  const Capture capture = std::exchange(t_capture, {});
  *graph = nullptr;
  if (capture.broken) return result(cudaErrorStreamCaptureInvalidated);
  *graph = reinterpret_cast<cudaGraph_t>(keep(g_graph_work, new Work(capture.work)));
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* made, cudaGraph_t graph, unsigned long long) {
  if (!g_machine.graphs) return result(cudaErrorMemoryAllocation);
  ++g_graphs;
  if (g_partial_sums > 0) ++g_amid_sums;
  *made = reinterpret_cast<cudaGraphExec_t>(keep(g_graph_work, new Work(*reinterpret_cast<Work*>(graph))));
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
  if (t_capture.stream) return break_capture(cudaErrorStreamCaptureUnsupported);
  ++g_launches;
  enqueue(stream, [work = *reinterpret_cast<Work*>(graph)] {
    for (const auto& one : work) one();
  });
  return result(static_cast<cudaError_t>(g_status.load()));
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete forget(g_graph_work, reinterpret_cast<Work*>(graph));
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) {
  delete forget(g_graph_work, reinterpret_cast<Work*>(graph));
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
