#include "task.h"

#include <string>
#include <system_error>

#include "addon_data.h"
#include "alexnet/error.h"
#include "errors.h"

namespace alexnet::addon {

namespace {

constexpr auto kInterval = std::chrono::milliseconds(100);  // between two calls into JavaScript

}  // namespace

Napi::Promise Task::start(Napi::Env env, std::unique_ptr<Task> task, const char* name,
                          std::optional<Napi::Function> callback) {
  const std::shared_ptr<TaskRegistry>& registry = AddonData::of(env).tasks;
  if (registry->ending_) throw Error(ErrorCode::kCancelled, "The process is ending.");
  task->deferred_.emplace(Napi::Promise::Deferred::New(env));
  task->has_callback_ = callback.has_value();
  const Napi::Promise promise = task->deferred_->Promise();
  const napi_value function = callback ? static_cast<napi_value>(*callback) : nullptr;
  const napi_status status = napi_create_threadsafe_function(
      env, function, nullptr, Napi::String::New(env, name), /*max_queue_size=*/0, /*initial_thread_count=*/1,
      task.get(), on_finalize, task.get(), on_call, &task->function_);
  if (status != napi_ok) throw Napi::Error::New(env);

  Task* owned = task.release();  // by the thread-safe function from here on
  owned->registry_ = registry;
  registry->tasks_.insert(owned);
  try {
    owned->thread_ = std::thread(&Task::main, owned);
  } catch (const std::system_error& error) {
    const std::string why = error.what();
    napi_release_threadsafe_function(owned->function_, napi_tsfn_abort);
    throw Error(ErrorCode::kOutOfMemory,
                "The system refused another thread (" + why + "). Close other programs.");
  }
  return promise;
}

void Task::announce(bool at_once) {
  {
    const std::lock_guard lock(mutex_);
    news_ = true;
    urgent_ = urgent_ || at_once;
  }
  changed_.notify_all();
}

void Task::work() {
  std::exception_ptr failure;
  try {
    run();
  } catch (...) {
    failure = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    failure_ = failure;
    done_ = true;
  }
  changed_.notify_all();
}

void Task::main() {
  if (has_callback_) {
    std::thread worker;
    try {
      worker = std::thread(&Task::work, this);
    } catch (const std::system_error&) {
      work();  // one thread fewer: what gathers is delivered at the end
    }
    if (worker.joinable()) {
      pump();
      worker.join();
    }
  } else {
    work();
  }
  {
    // A call that still waits in the queue will see that the work is done.
    const std::lock_guard lock(mutex_);
    if (!pending_ && !abandoned_) call_js();
  }
  if (open_) napi_release_threadsafe_function(function_, napi_tsfn_release);
}

void Task::pump() {
  std::unique_lock lock(mutex_);
  auto next = std::chrono::steady_clock::now();
  while (open_) {
    const auto over = [this] { return done_ || abandoned_; };
    changed_.wait(lock, [&] { return over() || (news_ && !pending_); });
    changed_.wait_until(lock, next, [&] { return over() || urgent_; });
    if (over()) return;
    news_ = urgent_ = false;
    call_js();
    next = std::chrono::steady_clock::now() + kInterval;
  }
}

void Task::call_js() {
  pending_ = true;
  // A refused call means that the environment is ending; it has given up this thread's hold, too.
  open_ = napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking) == napi_ok;
}

void Task::on_call(napi_env raw_env, napi_value callback, void* context, void*) {
  if (raw_env == nullptr) return;  // the environment is ending and the task may be gone
  Task& task = *static_cast<Task*>(context);
  if (task.settled_) return;
  const Napi::Env env(raw_env);
  bool done;
  {
    const std::lock_guard lock(task.mutex_);
    task.pending_ = false;
    done = task.done_;
  }
  task.changed_.notify_all();
  try {
    if (callback != nullptr && !task.callback_error_) {
      try {
        guarded(env, [&] { task.deliver(env, Napi::Function(env, callback)); });
      } catch (const Napi::Error& error) {
        task.callback_error_ = error;
        task.request_stop();
      }
    }
    if (done) task.settle(env);
  } catch (...) {
    // JavaScript cannot be run any more: the environment is being terminated and its finalizers will follow.
    task.request_stop();
  }
}

void Task::settle(Napi::Env env) {
  settled_ = true;
  ended();
  if (callback_error_) return deferred_->Reject(callback_error_->Value());
  if (failure_) return deferred_->Reject(make_error(env, describe_failure(failure_)).Value());
  try {
    deferred_->Resolve(guarded(env, [&] { return result(env); }));
  } catch (const Napi::Error& error) {
    deferred_->Reject(error.Value());
  }
}

void Task::abandon() noexcept {
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
  }
  changed_.notify_all();
  if (!settled_) request_stop();
  if (thread_.joinable()) thread_.join();
}

void Task::on_finalize(napi_env, void* data, void*) {
  const std::unique_ptr<Task> task(static_cast<Task*>(data));
  task->abandon();
  task->registry_->tasks_.erase(task.get());
}

void TaskRegistry::stop_all() noexcept {
  ending_ = true;
  for (Task* task : tasks_) task->abandon();
}

}  // namespace alexnet::addon
