#include "errors.h"

#include <new>

#include "alexnet/error.h"

namespace alexnet::addon {

Failure describe_failure(std::exception_ptr exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return {error_code_name(error.code()), error.what(), error.details()};
  } catch (const std::bad_alloc&) {
    return {error_code_name(ErrorCode::kOutOfMemory),
            "There is not enough memory for this. Use a smaller batch or close other programs.",
            {}};
  } catch (const std::exception& error) {
    return {error_code_name(ErrorCode::kInternal), std::string("The engine failed: ") + error.what(), {}};
  } catch (...) {
    return {error_code_name(ErrorCode::kInternal), "The engine failed for an unknown reason.", {}};
  }
}

Napi::Error make_error(Napi::Env env, const Failure& failure) {
  Napi::Error error = Napi::Error::New(env, failure.message);
  error.Set("code", Napi::String::New(env, failure.code));
  if (!failure.details.empty()) {
    const Napi::Object json = env.Global().Get("JSON").As<Napi::Object>();
    const Napi::Function parse = json.Get("parse").As<Napi::Function>();
    error.Set("details", parse.Call(json, {Napi::String::New(env, failure.details)}));
  }
  return error;
}

}  // namespace alexnet::addon
