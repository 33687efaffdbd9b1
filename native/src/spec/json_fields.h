// Strict reading of a JSON object: every field has a type, every unknown field is refused, and every
// refusal names the field and, inside a net, the layer.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "alexnet/error.h"

namespace alexnet::spec {

using Json = nlohmann::ordered_json;

/// Where a value stands. Errors about a net are kInvalidSpec with {"layer","field"}, all others
/// kInvalidConfig with {"field"}. `layer` is empty outside a layer; `path` ends in '.' or is empty.
struct Scope {
  ErrorCode code = ErrorCode::kInvalidConfig;
  std::string layer;
  std::string path;

  Scope inside(std::string_view field) const { return {code, layer, path + std::string(field) + "."}; }
};

/// Throws the error of `scope`: "layer conv1: kernel <reason>", "net: columns <reason>" or
/// "optimiser.batchSize <reason>".
[[noreturn]] void refuse(const Scope& scope, std::string_view field, const std::string& reason);

/// The bounds of a number; an open bound is not itself allowed.
struct Limits {
  double min, max;
  bool open_min = false, open_max = false;
};

/// Refuses a value that is not finite or outside its limits.
void check_number(const Scope& scope, std::string_view field, double value, const Limits& limits);
void check_integer(const Scope& scope, std::string_view field, int64_t value, int64_t min, int64_t max);

/// The text as a JSON object. Throws the scope's error where it is not one.
Json parse_object(std::string_view text, const Scope& scope, std::string_view what);

/// One JSON object that is being read. A reader that is called for a field makes it known; finish()
/// refuses whatever nobody asked for. A field without a fallback is required.
class Fields {
 public:
  Fields(const Json& object, Scope scope) : object_(object), scope_(std::move(scope)) {}

  const Scope& scope() const { return scope_; }
  [[noreturn]] void fail(std::string_view field, const std::string& reason) const {
    refuse(scope_, field, reason);
  }

  /// The value of a field, or null where the object has no such field.
  const Json* find(std::string_view field);
  const Json& require(std::string_view field);

  bool boolean(std::string_view field, bool fallback);
  double number(std::string_view field, std::optional<double> fallback = {});
  double number(std::string_view field, std::optional<double> fallback, const Limits& limits);
  int64_t integer(std::string_view field, std::optional<int64_t> fallback = {});
  int64_t integer(std::string_view field, std::optional<int64_t> fallback, int64_t min, int64_t max);
  std::string text(std::string_view field, std::optional<std::string> fallback = {});

  /// The fields of an object that is the value of `field`; empty where there is none.
  std::optional<Fields> object(std::string_view field);

  /// One of a few words, each standing for a value.
  template <typename T>
  T choice(std::string_view field, std::optional<T> fallback,
           std::initializer_list<std::pair<std::string_view, T>> words) {
    if (fallback && find(field) == nullptr) return *fallback;
    const Json& value = require(field);
    std::string known;
    for (const auto& [word, meaning] : words) {
      if (value.is_string() && value.get_ref<const std::string&>() == word) return meaning;
      if (!known.empty()) known += ", ";
      known.append("\"").append(word).append("\"");
    }
    fail(field, "must be one of " + known + ", but is " + shown(value));
  }

  void finish() const;

  /// A value as it is shown in a message: JSON, cut where it is long.
  static std::string shown(const Json& value);

 private:
  const Json& object_;
  Scope scope_;
  std::vector<std::string> known_;
};

/// `value` as a whole number or a number; `field` says where it stands.
int64_t as_integer(const Scope& scope, std::string_view field, const Json& value);
double as_number(const Scope& scope, std::string_view field, const Json& value);

}  // namespace alexnet::spec
