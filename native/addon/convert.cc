#include "convert.h"

#include <bit>
#include <cmath>

#include "alexnet/error.h"

namespace alexnet::addon {

static_assert(std::endian::native == std::endian::little, "bytes cross as little-endian fp32");

void refuse_argument(const std::string& message) { throw Error(ErrorCode::kInvalidArgument, message); }

std::string to_text(Napi::Value value, const std::string& name) {
  if (!value.IsString()) refuse_argument(name + " must be text.");
  return value.As<Napi::String>().Utf8Value();
}

std::string to_path(Napi::Value value, const std::string& name) {
  std::string path = to_text(value, name);
  if (path.empty() || path.find('\0') != std::string::npos) {
    refuse_argument(name + " must be a path: not empty and without a NUL character.");
  }
  return path;
}

bool to_boolean(Napi::Value value, const std::string& name) {
  if (!value.IsBoolean()) refuse_argument(name + " must be true or false.");
  return value.As<Napi::Boolean>().Value();
}

double to_number(Napi::Value value, const std::string& name) {
  if (!value.IsNumber()) refuse_argument(name + " must be a number.");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!std::isfinite(number)) refuse_argument(name + " must be a finite number.");
  return number;
}

int64_t to_integer(Napi::Value value, const std::string& name, int64_t min, int64_t max) {
  const double number = to_number(value, name);
  if (number != std::floor(number) || number < static_cast<double>(min) ||
      number > static_cast<double>(max)) {
    refuse_argument(name + " must be a whole number from " + std::to_string(min) + " to " +
                    std::to_string(max) + ".");
  }
  return static_cast<int64_t>(number);
}

Napi::Object to_object(Napi::Value value, const std::string& name) {
  if (!value.IsObject()) refuse_argument(name + " must be an object.");
  return value.As<Napi::Object>();
}

Napi::Function to_function(Napi::Value value, const std::string& name) {
  if (!value.IsFunction()) refuse_argument(name + " must be a function.");
  return value.As<Napi::Function>();
}

Napi::Array to_array(Napi::Value value, const std::string& name) {
  if (!value.IsArray()) refuse_argument(name + " must be an array.");
  return value.As<Napi::Array>();
}

std::vector<std::string> to_texts(Napi::Value value, const std::string& name) {
  const Napi::Array array = to_array(value, name);
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    texts.push_back(to_text(array[i], name + "[" + std::to_string(i) + "]"));
  }
  return texts;
}

int to_crops(Napi::Value value) {
  const int64_t crops = to_integer(value, "crops", 1, 10);
  if (crops != 1 && crops != 10) refuse_argument("crops must be 1 or 10.");
  return static_cast<int>(crops);
}

std::vector<int32_t> to_int32s(Napi::Value value, const std::string& name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array)
    refuse_argument(name + " must be an Int32Array.");
  const auto array = value.As<Napi::Int32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

std::vector<float> to_floats(Napi::Value value, const std::string& name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    refuse_argument(name + " must be a Uint8Array.");
  }
  const auto bytes = value.As<Napi::Uint8Array>();
  const size_t size = bytes.ByteLength();
  if (size % sizeof(float) != 0 || size > static_cast<size_t>(kMaxChunkBytes)) {
    refuse_argument(name + " must hold whole fp32 values, at most 16 MB of them, but is " +
                    std::to_string(size) + " bytes long.");
  }
  std::vector<float> values(size / sizeof(float));
  if (size > 0) std::memcpy(values.data(), bytes.Data(), size);
  return values;
}

Napi::Uint8Array from_bytes(Napi::Env env, std::span<const uint8_t> bytes) {
  Napi::Uint8Array array = Napi::Uint8Array::New(env, bytes.size());
  if (!bytes.empty()) std::memcpy(array.Data(), bytes.data(), bytes.size());
  return array;
}

Napi::Uint8Array from_float_range(Napi::Env env, std::span<const float> tensor, int64_t offset,
                                  int64_t count) {
  const int64_t size = static_cast<int64_t>(tensor.size());
  if (offset > size || count > size - offset) {
    refuse_argument("Values " + std::to_string(offset) + " to " + std::to_string(offset + count) +
                    " are outside a tensor of " + std::to_string(size) + ".");
  }
  const auto part = tensor.subspan(static_cast<size_t>(offset), static_cast<size_t>(count));
  return from_bytes(env, {reinterpret_cast<const uint8_t*>(part.data()), part.size_bytes()});
}

Napi::Array from_texts(Napi::Env env, const std::vector<std::string>& texts) {
  Napi::Array array = Napi::Array::New(env, texts.size());
  for (uint32_t i = 0; i < texts.size(); ++i) array.Set(i, Napi::String::New(env, texts[i]));
  return array;
}

Napi::Array from_tensors(Napi::Env env, const std::vector<TensorInfo>& tensors) {
  Napi::Array array = Napi::Array::New(env, tensors.size());
  for (uint32_t i = 0; i < tensors.size(); ++i) {
    Napi::Object tensor = Napi::Object::New(env);
    tensor.Set("name", Napi::String::New(env, tensors[i].name));
    tensor.Set("shape", from_numbers(env, tensors[i].shape));
    array.Set(i, tensor);
  }
  return array;
}

TensorPiece to_piece(const Napi::CallbackInfo& info) {
  return {to_text(info[0], "tensor"), to_integer(info[1], "offset", 0, INT64_C(1) << 53),
          to_integer(info[2], "count", 0, kMaxChunkBytes / static_cast<int64_t>(sizeof(float)))};
}

}  // namespace alexnet::addon
