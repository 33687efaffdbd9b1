#include "cuda/libraries/dynamic_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace alexnet::cuda {

namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::vector<fs::path> children(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    found.push_back(at->path());
  std::sort(found.begin(), found.end());  // the system gives them in any order
  return found;
}

/// The nvidia/<package>/lib folders of a site-packages folder.
void add_wheels(const fs::path& packages, std::vector<std::string>& to) {
  for (const fs::path& package : children(packages / "nvidia")) {
    std::error_code error;
    if (fs::is_directory(package / "lib", error)) to.push_back((package / "lib").string());
  }
}

/// lib/python3.x/site-packages and dist-packages of a Python prefix.
void add_python(const fs::path& prefix, std::vector<std::string>& to) {
  for (const fs::path& python : children(prefix / "lib"))
    if (python.filename().string().rfind("python3", 0) == 0)
      for (const char* packages : {"site-packages", "dist-packages"}) add_wheels(python / packages, to);
}

}  // namespace

std::vector<std::string> library_folders() {
  std::vector<std::string> folders;
  std::istringstream listed(environment("ALEXNET_CUDA_LIBRARIES"));
  for (std::string folder; std::getline(listed, folder, ':');) {
    if (folder.empty()) continue;
    folders.push_back(folder);
    add_wheels(folder, folders);
  }
  for (const char* toolkit : {"CUDA_HOME", "CUDA_PATH"})
    if (const std::string root = environment(toolkit); !root.empty()) folders.push_back(root + "/lib64");
  folders.push_back("/usr/local/cuda/lib64");
  for (const char* prefix : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (const std::string root = environment(prefix); !root.empty()) add_python(root, folders);
  // Conda's own packages of libraries.
  if (const std::string root = environment("CONDA_PREFIX"); !root.empty()) folders.push_back(root + "/lib");
  if (const std::string home = environment("HOME"); !home.empty()) add_python(home + "/.local", folders);
  add_python("/usr/local", folders);
  add_python("/usr", folders);
  return folders;
}

std::string DynamicLibrary::open(const std::vector<std::string>& names,
                                 const std::vector<std::string>& folders) {
  // The names are sonames, newest first. A file that exists but does not load is told before one that is
  // simply not there.
  std::string refused, absent;
  for (const std::string& name : names) {
    handle_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_) {
      path_ = name;
      return "";
    }
    const char* why = dlerror();
    const std::string text = why ? why : name + " cannot be opened";
    // dlopen of a soname that is nowhere names the soname itself; anything else went wrong further inside.
    const bool nowhere = text.rfind(name + ": cannot open shared object file", 0) == 0;
    (nowhere ? absent : refused) = text;
    for (const std::string& folder : folders) {
      const std::string file = (fs::path(folder) / name).string();
      std::error_code error;
      if (!fs::exists(file, error)) continue;
      handle_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (handle_) {
        path_ = file;
        return "";
      }
      const char* reason = dlerror();
      refused = reason ? reason : file + " cannot be opened";
    }
  }
  return refused.empty() ? "is missing (" + absent + ")" : "cannot be loaded (" + refused + ")";
}

void* DynamicLibrary::find(const char* function) const {
  return handle_ ? dlsym(handle_, function) : nullptr;
}

}  // namespace alexnet::cuda
