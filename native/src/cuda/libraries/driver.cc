#include "cuda/libraries/driver.h"

#include "cuda/libraries/dynamic_library.h"

namespace alexnet::cuda {

std::string cuda_version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

Driver ask_driver(int needed) {
  Driver driver;
  const auto fail = [&](DriverState state, const std::string& reason) {
    driver.state = state;
    driver.reason = reason;
    return driver;
  };
  // The driver's library is the system's alone: one from elsewhere would not fit the kernel's module.
  DynamicLibrary library;
  if (const std::string why = library.open({"libcuda.so.1"}, {}); !why.empty()) {
    if (why.rfind("is missing", 0) == 0)
      return fail(DriverState::kMissing,
                  "there is no NVIDIA driver here (libcuda.so.1); install one that supports CUDA " +
                      cuda_version_text(needed) + ", or train on the CPU");
    return fail(DriverState::kBroken, "the NVIDIA driver " + why + "; install it again");
  }
  std::string missing;
  struct {
#define X(member, theirs, ...) std::type_identity_t<__VA_ARGS__>* member = nullptr;
    ALEXNET_DRIVER_FUNCTIONS(X)
#undef X
  } cuda;
#define X(member, theirs, ...) find_function(library, #theirs, cuda.member, missing);
  ALEXNET_DRIVER_FUNCTIONS(X)
#undef X
  if (!missing.empty())
    return fail(DriverState::kBroken,
                "the NVIDIA driver's libcuda.so.1 has no " + missing + "; install the driver again");
  if (cuda.version(&driver.cuda_version) != kDriverSuccess) driver.cuda_version = 0;
  if (driver.cuda_version > 0 && driver.cuda_version / 1000 < needed / 1000)
    return fail(DriverState::kTooOld, "the NVIDIA driver is too old: it supports CUDA " +
                                          cuda_version_text(driver.cuda_version) + ", and " +
                                          cuda_version_text(needed) + " is needed; install a newer driver");
  int status = cuda.init(0);
  if (status == kDriverSuccess) status = cuda.count(&driver.devices);
  if (status == kDriverNoDevice || (status == kDriverSuccess && driver.devices == 0))
    return fail(
        DriverState::kNoDevice,
        "the NVIDIA driver finds no GPU that this process may use (is CUDA_VISIBLE_DEVICES set, or the "
        "container started without GPUs?)");
  if (status != kDriverSuccess)
    return fail(DriverState::kBroken,
                "the NVIDIA driver does not start (error " + std::to_string(status) +
                    " of cuInit); nvidia-smi may say more, restarting the machine may help");
  driver.state = DriverState::kReady;
  return driver;
}

}  // namespace alexnet::cuda
