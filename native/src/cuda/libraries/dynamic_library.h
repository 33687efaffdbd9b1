// A shared library that is opened at run time, searched where NVIDIA's libraries are found on a workstation:
// the system's places, a CUDA toolkit, the wheels of a Python environment.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace alexnet::cuda {

/// A library that is not there, does not load, lacks a function or is too old: `reason` says which, and what
/// to do. `version` is empty then.
struct LibraryState {
  std::string name;  // "cuDNN"
  std::string version;
  std::string reason;
  bool usable() const { return reason.empty(); }
};

/// Folders that are searched besides the system's own, in order: those that the environment's
/// ALEXNET_CUDA_LIBRARIES lists, separated by colons (each, and the nvidia/*/lib folders in it, as in a
/// Python environment's site-packages), then the toolkit's and the active Python environments'.
std::vector<std::string> library_folders();

class DynamicLibrary {
 public:
  DynamicLibrary() = default;

  /// Opens the first of `names` that is found. What is open already under a name counts as found. Never
  /// closed: CUDA's libraries cannot be unloaded safely.
  /// Returns why nothing could be opened; empty if it worked.
  std::string open(const std::vector<std::string>& names, const std::vector<std::string>& folders);

  bool is_open() const { return handle_ != nullptr; }
  const std::string& path() const { return path_; }
  void* find(const char* function) const;

 private:
  void* handle_ = nullptr;
  std::string path_;
};

/// Fills `to` with the function's address. Notes the first name that is missing.
template <class Function>
void find_function(const DynamicLibrary& library, const char* name, Function*& to, std::string& missing) {
  to = reinterpret_cast<Function*>(library.find(name));
  if (!to && missing.empty()) missing = name;
}

}  // namespace alexnet::cuda
