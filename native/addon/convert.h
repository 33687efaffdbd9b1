// JavaScript values to plain C++ and back. Every reader says in its error what was expected; errors are
// kInvalidArgument: the callers are the project's own, so a wrong value is a bug above.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <napi.h>

#include "alexnet/trainer.h"

namespace alexnet::addon {

/// The largest piece of bulk memory that crosses at once.
inline constexpr int64_t kMaxChunkBytes = 16 << 20;

[[noreturn]] void refuse_argument(const std::string& message);

std::string to_text(Napi::Value value, const std::string& name);
/// Text that can be a path: not empty, no NUL.
std::string to_path(Napi::Value value, const std::string& name);
bool to_boolean(Napi::Value value, const std::string& name);
double to_number(Napi::Value value, const std::string& name);
/// A whole number in [min, max].
int64_t to_integer(Napi::Value value, const std::string& name, int64_t min, int64_t max);
Napi::Object to_object(Napi::Value value, const std::string& name);
Napi::Function to_function(Napi::Value value, const std::string& name);
Napi::Array to_array(Napi::Value value, const std::string& name);
std::vector<std::string> to_texts(Napi::Value value, const std::string& name);
/// 1 or 10.
int to_crops(Napi::Value value);
/// Of an Int32Array.
std::vector<int32_t> to_int32s(Napi::Value value, const std::string& name);
/// Little-endian fp32 in a Uint8Array of any alignment.
std::vector<float> to_floats(Napi::Value value, const std::string& name);

/// Copies of native memory as typed arrays.
Napi::Uint8Array from_bytes(Napi::Env env, std::span<const uint8_t> bytes);
/// fp32 values [offset, offset + count) as little-endian bytes; refuses more than kMaxChunkBytes or values
/// outside the tensor.
Napi::Uint8Array from_float_range(Napi::Env env, std::span<const float> tensor, int64_t offset,
                                  int64_t count);

template <typename Array, typename T>
Array from_values(Napi::Env env, const std::vector<T>& values) {
  Array array = Array::New(env, values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    array.Data()[i] = static_cast<std::remove_reference_t<decltype(array.Data()[0])>>(values[i]);
  }
  return array;
}

/// Numbers as a plain array.
template <typename Range>
Napi::Array from_numbers(Napi::Env env, const Range& values) {
  Napi::Array array = Napi::Array::New(env, values.size());
  uint32_t i = 0;
  for (const auto value : values) array.Set(i++, Napi::Number::New(env, static_cast<double>(value)));
  return array;
}
Napi::Array from_texts(Napi::Env env, const std::vector<std::string>& texts);
Napi::Array from_tensors(Napi::Env env, const std::vector<TensorInfo>& tensors);

/// Position and length of a tensor's piece as JavaScript gives them: (name, offset, count).
struct TensorPiece {
  std::string tensor;
  int64_t offset, count;
};
TensorPiece to_piece(const Napi::CallbackInfo& info);

}  // namespace alexnet::addon
