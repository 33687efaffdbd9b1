#include "cuda/loader/plugin.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

namespace alexnet::cuda {

namespace {

namespace fs = std::filesystem;

PluginLoad failed(PluginState state, const std::string& path, const std::string& reason) {
  return {state, path, reason, nullptr};
}

}  // namespace

std::string plugin_path() {
  if (const char* named = std::getenv("ALEXNET_CUDA_PLUGIN"); named && *named) return named;
  Dl_info here{};
  if (!dladdr(reinterpret_cast<const void*>(&plugin_path), &here) || !here.dli_fname)
    return "libalexnet_cuda.so";
  std::error_code error;
  fs::path file = fs::canonical(here.dli_fname, error);
  if (error) file = here.dli_fname;
  return (file.parent_path() / "libalexnet_cuda.so").string();
}

PluginLoad load_plugin(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error))
    return failed(PluginState::kMissing, path,
                  "the CUDA plug-in is missing (" + path +
                      "); build it on a machine with nvcc (npm run setup), or train on the CPU");
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char* why = dlerror();
    return failed(PluginState::kNotLoadable, path,
                  "the CUDA plug-in cannot be loaded (" + std::string(why ? why : path) +
                      "); build it again, or train on the CPU");
  }
  const auto entry = reinterpret_cast<PluginEntry>(dlsym(library, kEntryName));
  if (!entry)
    return failed(PluginState::kNoEntry, path,
                  path + " is a library but not this program's CUDA plug-in; remove it or build it again");
  const PluginApi* api = entry();
  if (!api || api->version != kInterfaceVersion || api->size != sizeof(PluginApi))
    return failed(PluginState::kWrongVersion, path,
                  "the CUDA plug-in is of interface version " + (api ? std::to_string(api->version) : "0") +
                      ", this program needs version " + std::to_string(kInterfaceVersion) +
                      "; build both from the same sources (" + path + ")");
  return {PluginState::kLoaded, path, "", api};
}

}  // namespace alexnet::cuda
