// Both sides of a call through the interface: an exception becomes a PluginError and an exception again.
#pragma once

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "alexnet/error.h"
#include "cuda/interface.h"

namespace alexnet::cuda {

/// Copies a text into a fixed field, cut where it does not fit.
template <size_t N>
void copy_text(char (&to)[N], const std::string& text) {
  const size_t length = std::min(text.size(), N - 1);
  std::memcpy(to, text.data(), length);
  to[length] = 0;
}

/// The plug-in's side: runs `work`; nothing may be thrown through a C interface.
template <class Work>
int32_t guarded(PluginError* error, const Work& work) noexcept {
  const auto fail = [&](ErrorCode code, const char* message) {
    error->code = static_cast<int32_t>(code);
    copy_text(error->message, message);
    return 1;
  };
  try {
    work();
    return 0;
  } catch (const Error& e) {
    return fail(e.code(), e.what());
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kOutOfMemory, "no memory is left on the host");
  } catch (const std::exception& e) {
    return fail(ErrorCode::kInternal, e.what());
  } catch (...) {
    return fail(ErrorCode::kInternal, "an exception of unknown kind");
  }
}

/// The engine's side: calls a function of the table; its last parameter, the error, is added here.
template <class Function, class... Arguments>
void call(Function function, Arguments... arguments) {
  PluginError error{};
  if (function(arguments..., &error) != 0) {
    error.message[sizeof error.message - 1] = 0;
    throw Error(static_cast<ErrorCode>(error.code), error.message);
  }
}

}  // namespace alexnet::cuda
