// Task: long work on threads of its own that ends in a promise. libuv's pool is never used.
//
// A task belongs to its thread-safe function: the finalizer, which runs after the promise has settled or
// when the environment ends in the middle of the work, stops it, joins its threads and deletes it. A process
// that exits runs no finalizers, but destroys what the threads use: there TaskRegistry::stop_all() joins
// them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include <napi.h>

namespace alexnet::addon {

class Task;

/// The tasks of one JavaScript environment. JavaScript's thread.
class TaskRegistry {
 public:
  /// Stops every task and waits for its threads; no other can start. When the process exits.
  void stop_all() noexcept;

 private:
  friend class Task;
  std::set<Task*> tasks_;
  bool ending_ = false;
};

class Task {
 public:
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  /// Starts the work and returns its promise. JavaScript's thread. `callback` is what deliver() gets; it is
  /// called at most ten times a second but for what is announced to be delivered at once, and a last time
  /// before the promise settles. A callback that throws
  /// stops the work, and the promise is rejected with what it threw.
  static Napi::Promise start(Napi::Env env, std::unique_ptr<Task> task, const char* name,
                             std::optional<Napi::Function> callback = {});

 protected:
  Task() = default;

  /// The work, on a thread of its own. What it throws rejects the promise.
  virtual void run() = 0;
  /// The value of the promise. JavaScript's thread.
  virtual Napi::Value result(Napi::Env env) { return env.Undefined(); }
  /// Passes on whatever has gathered since the last call. JavaScript's thread.
  virtual void deliver(Napi::Env, const Napi::Function&) {}
  /// Asks run() to end soon: nobody waits for its result any more. JavaScript's thread.
  virtual void request_stop() noexcept {}
  /// JavaScript's thread, right before the promise settles. Not called where the environment ends.
  virtual void ended() noexcept {}

  /// From run(): there is something to deliver; with `at_once` without waiting for the next tenth of a
  /// second.
  void announce(bool at_once = false);

 private:
  void work();     // runs run() and keeps what it threw
  void main();     // the task's thread
  void pump();     // tells JavaScript what gathers while the work goes on
  void call_js();  // queues a call; mutex_ is held
  void settle(Napi::Env env);
  void abandon() noexcept;  // stops the work and joins the threads

  friend class TaskRegistry;
  static void on_call(napi_env env, napi_value callback, void* context, void* data);
  static void on_finalize(napi_env env, void* data, void* hint);

  std::shared_ptr<TaskRegistry> registry_;
  std::thread thread_;
  napi_threadsafe_function function_ = nullptr;
  std::optional<Napi::Promise::Deferred> deferred_;
  std::optional<Napi::Error> callback_error_;
  bool has_callback_ = false;
  bool settled_ = false;  // JavaScript's thread
  bool open_ = true;      // the task's thread: it still holds the thread-safe function

  std::mutex mutex_;
  std::condition_variable changed_;
  bool news_ = false;       // announced, not yet asked to be delivered
  bool urgent_ = false;     // ... and to be delivered at once
  bool pending_ = false;    // a call waits in JavaScript's queue
  bool done_ = false;       // run() has ended
  bool abandoned_ = false;  // the environment is ending
  std::exception_ptr failure_;
};

/// The newest of several values: for progress, where older ones do not matter.
template <typename T>
class Latest {
 public:
  void put(const T& value) {
    const std::lock_guard lock(mutex_);
    value_ = value;
  }
  std::optional<T> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(value_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::optional<T> value_;
};

}  // namespace alexnet::addon
