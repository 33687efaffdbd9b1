// Strict reading of JSON objects; see json_fields.h.
#include "spec/json_fields.h"

#include <algorithm>
#include <cmath>

namespace alexnet::spec {

namespace {

std::string plain(double value) { return Json(value).dump(); }

std::string wanted(const Limits& limits) {
  const std::string low = (limits.open_min ? "more than " : "at least ") + plain(limits.min);
  return low + (limits.open_max ? " and less than " : " and at most ") + plain(limits.max);
}

}  // namespace

void refuse(const Scope& scope, std::string_view field, const std::string& reason) {
  const std::string path = scope.path + std::string(field);
  if (scope.code != ErrorCode::kInvalidSpec) {
    throw Error(scope.code, path + " " + reason, Json{{"field", path}}.dump());
  }
  const std::string where = scope.layer.empty() ? "net: " : "layer " + scope.layer + ": ";
  throw Error(
      scope.code, where + path + " " + reason,
      Json{{"layer", scope.layer}, {"field", path}}.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void check_number(const Scope& scope, std::string_view field, double value, const Limits& limits) {
  if (!std::isfinite(value)) refuse(scope, field, "must be a finite number");
  const bool low = limits.open_min ? value <= limits.min : value < limits.min;
  const bool high = limits.open_max ? value >= limits.max : value > limits.max;
  if (low || high) refuse(scope, field, "must be " + wanted(limits) + ", but is " + plain(value));
}

void check_integer(const Scope& scope, std::string_view field, int64_t value, int64_t min, int64_t max) {
  if (value < min || value > max) {
    refuse(scope, field,
           "must be from " + std::to_string(min) + " to " + std::to_string(max) + ", but is " +
               std::to_string(value));
  }
}

Json parse_object(std::string_view text, const Scope& scope, std::string_view what) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& e) {
    refuse(scope, what, std::string("cannot be read as JSON: ") + e.what());
  }
  if (!json.is_object()) refuse(scope, what, "must be a JSON object, but is " + Fields::shown(json));
  return json;
}

int64_t as_integer(const Scope& scope, std::string_view field, const Json& value) {
  if (value.is_number_unsigned()) {
    const uint64_t number = value.get<uint64_t>();
    if (number <= uint64_t{INT64_MAX}) return static_cast<int64_t>(number);
  } else if (value.is_number_integer()) {
    return value.get<int64_t>();
  } else if (value.is_number_float()) {
    const double number = value.get<double>();
    if (std::abs(number) < 0x1p53 && number == std::floor(number)) return static_cast<int64_t>(number);
  }
  refuse(scope, field, "must be a whole number, but is " + Fields::shown(value));
}

double as_number(const Scope& scope, std::string_view field, const Json& value) {
  if (!value.is_number()) refuse(scope, field, "must be a number, but is " + Fields::shown(value));
  return value.get<double>();
}

const Json* Fields::find(std::string_view field) {
  if (std::find(known_.begin(), known_.end(), field) == known_.end()) known_.emplace_back(field);
  const auto it = object_.find(std::string(field));
  return it == object_.end() ? nullptr : &*it;
}

const Json& Fields::require(std::string_view field) {
  const Json* value = find(field);
  if (value == nullptr) fail(field, "is missing");
  return *value;
}

bool Fields::boolean(std::string_view field, bool fallback) {
  const Json* value = find(field);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) fail(field, "must be true or false, but is " + shown(*value));
  return value->get<bool>();
}

double Fields::number(std::string_view field, std::optional<double> fallback) {
  if (fallback && find(field) == nullptr) return *fallback;
  return as_number(scope_, field, require(field));
}

double Fields::number(std::string_view field, std::optional<double> fallback, const Limits& limits) {
  const double value = number(field, fallback);
  check_number(scope_, field, value, limits);
  return value;
}

int64_t Fields::integer(std::string_view field, std::optional<int64_t> fallback) {
  if (fallback && find(field) == nullptr) return *fallback;
  return as_integer(scope_, field, require(field));
}

int64_t Fields::integer(std::string_view field, std::optional<int64_t> fallback, int64_t min, int64_t max) {
  const int64_t value = integer(field, fallback);
  check_integer(scope_, field, value, min, max);
  return value;
}

std::string Fields::text(std::string_view field, std::optional<std::string> fallback) {
  if (fallback && find(field) == nullptr) return *fallback;
  const Json& value = require(field);
  if (!value.is_string()) fail(field, "must be text, but is " + shown(value));
  return value.get<std::string>();
}

std::optional<Fields> Fields::object(std::string_view field) {
  const Json* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) fail(field, "must be an object, but is " + shown(*value));
  return Fields(*value, scope_.inside(field));
}

void Fields::finish() const {
  for (const auto& [key, value] : object_.items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    std::string list;
    for (const std::string& name : known_) list += (list.empty() ? "" : ", ") + name;
    fail(key, "is not a known field; the fields here are " + list);
  }
}

std::string Fields::shown(const Json& value) {
  constexpr size_t kLongest = 60;
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

}  // namespace alexnet::spec
