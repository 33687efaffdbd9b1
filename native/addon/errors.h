// How failures cross the door: whatever is thrown below becomes a JavaScript Error with `code`, `message`
// and, where the engine gave them, `details`.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include <napi.h>

namespace alexnet::addon {

/// A failure as plain data, so that it can be carried from a worker thread to JavaScript's.
struct Failure {
  std::string code;
  std::string message;
  std::string details;  // a JSON object or empty
};

/// alexnet::Error keeps its code; std::bad_alloc is OUT_OF_MEMORY; everything else is INTERNAL.
Failure describe_failure(std::exception_ptr exception);

Napi::Error make_error(Napi::Env env, const Failure& failure);

/// Runs the body of a JavaScript function; native exceptions leave it as JavaScript errors.
template <typename Body>
auto guarded(Napi::Env env, Body&& body) -> decltype(body()) {
  try {
    return std::forward<Body>(body)();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw make_error(env, describe_failure(std::current_exception()));
  }
}

/// Like guarded(), for functions that return a promise: they never throw, the promise is rejected.
template <typename Body>
Napi::Value promised(Napi::Env env, Body&& body) {
  auto deferred = Napi::Promise::Deferred::New(env);
  try {
    return guarded(env, std::forward<Body>(body));
  } catch (const Napi::Error& error) {
    deferred.Reject(error.Value());
  }
  return deferred.Promise();
}

}  // namespace alexnet::addon
