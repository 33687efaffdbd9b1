// Reads the presets as the application does: the "config" object of resources/presets/<name>.json.
#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "alexnet/error.h"
#include "alexnet/run_config.h"

namespace alexnet::test {

using Json = nlohmann::ordered_json;

inline constexpr std::array<const char*, 9> kPresets{"alexnet",         "paper-2012",      "code-2012",
                                                     "one-column-2012", "no-traffic-2012", "no-lrn-2012",
                                                     "no-overlap-2012", "owt-2014",        "caffenet"};

/// The checkout's presets; for programs that were carried elsewhere, those that the environment names.
inline std::string presets_folder() {
  const char* named = std::getenv("ALEXNET_PRESETS_DIR");
  return named ? named : ALEXNET_PRESETS_DIR;
}

inline Json preset_file(const std::string& name) {
  std::ifstream file(presets_folder() + "/" + name + ".json");
  REQUIRE_MESSAGE(file.good(), "cannot read the preset " << name);
  return Json::parse(file);
}

inline Json preset_json(const std::string& name) { return preset_file(name)["config"]; }

inline RunConfig preset_config(const std::string& name) { return parse_run_config(preset_json(name).dump()); }

inline NetPlan preset_plan(const std::string& name) { return plan_net(preset_config(name).net); }

/// The JSON of one layer of a configuration, by name.
inline Json& layer_json(Json& config, const std::string& name) {
  for (Json& layer : config["net"]["layers"]) {
    if (layer["name"] == name) return layer;
  }
  FAIL("no layer " << name);
  return config;
}

}  // namespace alexnet::test
