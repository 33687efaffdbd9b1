// A preset file's configuration, as the benchmarks want it.
#pragma once

#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include "alexnet/error.h"

namespace alexnet::bench {

/// The "config" object of a preset file, with these classes and this precision. Throws kNotFound.
inline nlohmann::ordered_json preset_config(const std::string& path, int64_t classes,
                                            const std::string& precision) {
  std::ifstream file(path);
  if (!file) throw Error(ErrorCode::kNotFound, "cannot read " + path);
  nlohmann::ordered_json config = nlohmann::ordered_json::parse(file).at("config");
  config["net"]["classes"] = classes;
  config["precision"] = precision;
  return config;
}

}  // namespace alexnet::bench
