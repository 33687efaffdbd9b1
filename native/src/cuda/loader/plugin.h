// Finds and opens the CUDA plug-in. Each way in which that can fail is a fact of its own, with its own words.
#pragma once

#include <string>

#include "cuda/interface.h"

namespace alexnet::cuda {

enum class PluginState {
  kLoaded,
  kMissing,       // no such file
  kNotLoadable,   // a file that the system's loader refuses
  kNoEntry,       // a library that is no plug-in
  kWrongVersion,  // built from other sources
};

struct PluginLoad {
  PluginState state = PluginState::kMissing;
  std::string path;
  std::string reason;              // empty where kLoaded
  const PluginApi* api = nullptr;  // valid until the process ends: CUDA's libraries cannot be unloaded safely
};

/// The file named by the environment's ALEXNET_CUDA_PLUGIN, or libalexnet_cuda.so in the folder of the addon
/// or program that this code is part of.
std::string plugin_path();

PluginLoad load_plugin(const std::string& path);
inline PluginLoad load_plugin() { return load_plugin(plugin_path()); }

}  // namespace alexnet::cuda
