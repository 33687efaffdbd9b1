// Opens the libraries and fills their tables.
#include "cuda/libraries/cublaslt.h"
#include "cuda/libraries/cudnn.h"
#include "cuda/libraries/nccl.h"
#include "cuda/libraries/nvml.h"

namespace alexnet::cuda {

namespace {

std::string dotted(size_t major, size_t minor, size_t patch) {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

/// What to do about a library that is missing or unfit.
std::string hint(const std::string& package) {
  return "; install " + package +
         ", or name the folder that holds it in ALEXNET_CUDA_LIBRARIES (a Python environment's site-packages "
         "will do)";
}

void refuse_missing_function(LibraryState& state, const DynamicLibrary& library, const std::string& function,
                             const std::string& package) {
  state.reason = state.name + " (" + library.path() + ") has no function " + function + hint(package);
}

void check_version(LibraryState& state, bool new_enough, const std::string& version,
                   const std::string& oldest, const DynamicLibrary& library, const std::string& package) {
  if (new_enough)
    state.version = version;
  else
    state.reason = state.name + " " + version + " (" + library.path() + ") is too old: " + oldest +
                   " or newer is needed" + hint(package);
}

/// A library's names in CUDA 12 and 13, the one of `cuda` first.
std::vector<std::string> of_either(const std::string& name, int cuda) {
  if (cuda < 13000) return {name + "12", name + "13"};
  return {name + "13", name + "12"};
}

}  // namespace

Cudnn open_cudnn(const std::vector<std::string>& folders, int cuda) {
  constexpr char kPackage[] = "cuDNN 9 (package nvidia-cudnn or nvidia-cudnn-cu13)";
  Cudnn table;
  table.state.name = "cuDNN";
  // Libraries that cuDNN looks for by name only, which is found once it is open: it compiles fused operations
  // with the one and multiplies with the other. Which version's a cuDNN wants is its own affair: a Python
  // environment's may be of another CUDA than the toolkit beside it.
  for (const char* wanted : {"libnvrtc.so.", "libcublasLt.so."})
    for (const std::string& name : of_either(wanted, cuda)) DynamicLibrary().open({name}, folders);
  DynamicLibrary library;
  if (const std::string why = library.open({"libcudnn.so.9"}, folders); !why.empty()) {
    table.state.reason = "cuDNN " + why + hint(kPackage);
    return table;
  }
  std::string missing;
#define X(member, theirs, ...) find_function(library, #theirs, table.member, missing);
  ALEXNET_CUDNN_FUNCTIONS(X)
#undef X
  // The version first: an old library lacks functions because it is old.
  if (table.get_version) {
    const size_t version = table.get_version();
    // Versions before 9 counted one digit differently.
    const std::string text = version >= 10000 ? dotted(version / 10000, version / 100 % 100, version % 100)
                                              : dotted(version / 1000, version / 100 % 10, version % 100);
    check_version(table.state, version >= kOldestCudnn, text, "9.0", library, kPackage);
    if (!table.state.usable()) return table;
  }
  if (!missing.empty()) refuse_missing_function(table.state, library, missing, kPackage);
  return table;
}

CublasLt open_cublaslt(const std::vector<std::string>& folders, int cuda) {
  constexpr char kPackage[] = "cuBLAS 12 or 13 (package libcublas or nvidia-cublas)";
  CublasLt table;
  table.state.name = "cuBLASLt";
  DynamicLibrary library;
  if (const std::string why = library.open(of_either("libcublasLt.so.", cuda), folders); !why.empty()) {
    table.state.reason = "cuBLASLt " + why + hint(kPackage);
    return table;
  }
  std::string missing;
#define X(member, theirs, ...) find_function(library, #theirs, table.member, missing);
  ALEXNET_CUBLASLT_FUNCTIONS(X)
#undef X
  if (table.get_version) {
    const size_t version = table.get_version();
    check_version(table.state, version >= kOldestCublasLt,
                  dotted(version / 10000, version / 100 % 100, version % 100), "12.0", library, kPackage);
    if (!table.state.usable()) return table;
  }
  if (!missing.empty()) refuse_missing_function(table.state, library, missing, kPackage);
  return table;
}

Nccl open_nccl(const std::vector<std::string>& folders) {
  constexpr char kPackage[] = "NCCL 2 (package libnccl2 or nvidia-nccl-cu13)";
  Nccl table;
  table.state.name = "NCCL";
  DynamicLibrary library;
  if (const std::string why = library.open({"libnccl.so.2"}, folders); !why.empty()) {
    table.state.reason = "NCCL " + why + hint(kPackage);
    return table;
  }
  std::string missing;
#define X(member, theirs, ...) find_function(library, #theirs, table.member, missing);
  ALEXNET_NCCL_FUNCTIONS(X)
#undef X
  int version = 0;
  if (table.get_version && table.get_version(&version) == kNcclSuccess) {
    const auto v = static_cast<size_t>(version);
    check_version(table.state, version >= kOldestNccl, dotted(v / 10000, v / 100 % 100, v % 100), "2.18",
                  library, kPackage);
    if (!table.state.usable()) return table;
  }
  if (!missing.empty()) refuse_missing_function(table.state, library, missing, kPackage);
  return table;
}

Nvml open_nvml(const std::vector<std::string>& folders) {
  constexpr char kPackage[] = "the NVIDIA driver again: NVML is part of it";
  Nvml table;
  table.state.name = "NVML";
  DynamicLibrary library;
  if (const std::string why = library.open({"libnvidia-ml.so.1"}, folders); !why.empty()) {
    table.state.reason = "NVML " + why + "; install " + kPackage;
    return table;
  }
  std::string missing;
#define X(member, theirs, ...) find_function(library, #theirs, table.member, missing);
  ALEXNET_NVML_FUNCTIONS(X)
#undef X
  if (!missing.empty()) {
    table.state.reason = "NVML (" + library.path() + ") has no function " + missing + "; install " + kPackage;
    return table;
  }
  char version[kNvmlVersionBytes] = "";
  NvmlReturn status = table.init();
  if (status == kNvmlSuccess) status = table.driver_version(version, sizeof version);
  if (status == kNvmlSuccess)
    table.state.version = version;
  else
    table.state.reason = std::string("NVML does not start (") + table.error_string(status) + ")";
  return table;
}

}  // namespace alexnet::cuda
