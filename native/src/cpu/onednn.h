// The few things every oneDNN primitive here needs: the engine and stream of a column, memory over own
// buffers, and errors as ours.
#pragma once

#include <dnnl.hpp>

#include <unordered_map>

#include "cpu/kernels/map_view.h"

namespace alexnet::cpu {

/// A column's engine and in-order stream. Belongs to the column's thread.
struct Onednn {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
};

template <class T>
constexpr dnnl::memory::data_type data_type_of() {
  if constexpr (sizeof(T) == 2) return dnnl::memory::data_type::bf16;
  return dnnl::memory::data_type::f32;
}

/// oneDNN memory over a buffer that somebody else owns.
template <class T>
dnnl::memory memory_over(const Onednn& onednn, const dnnl::memory::desc& desc, const T* data) {
  return dnnl::memory(desc, onednn.engine, const_cast<T*>(data));
}

using Arguments = std::unordered_map<int, dnnl::memory>;

/// Runs `body`, turning dnnl::error into Error: kOutOfMemory, kDeviceUnavailable (nothing here can compute
/// that) or kInternal. `what` names the layer and pass.
template <class Body>
auto with_onednn(const char* what, Body&& body) -> decltype(body());

[[noreturn]] void throw_onednn_error(const char* what, const dnnl::error& error);

template <class Body>
auto with_onednn(const char* what, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const dnnl::error& error) {
    throw_onednn_error(what, error);
  }
}

/// "2.6.3"
const char* onednn_version();

}  // namespace alexnet::cpu
