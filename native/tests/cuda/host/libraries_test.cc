// NVIDIA's libraries, opened at run time: found, missing, broken, too old, lacking a function; and the
// driver.
#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "cuda/libraries/cublaslt.h"
#include "cuda/libraries/cudnn.h"
#include "cuda/libraries/driver.h"
#include "cuda/libraries/load_meter.h"
#include "cuda/libraries/nccl.h"
#include "cuda/libraries/nvml.h"

using namespace alexnet::cuda;
namespace fs = std::filesystem;

namespace {

const fs::path kStubs = ALEXNET_STUBS_DIR;
constexpr int kCuda = 13000;

/// Runs `work` in a process of its own and returns what it returned: a library that is open is found under
/// its name from then on, so that each case needs a fresh process.
std::string apart(const std::function<std::string()>& work) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  std::fflush(nullptr);  // what waits in a buffer would be written by the child as well
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const std::string text = work();
    const bool written = write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  std::string text;
  char buffer[512];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  return text;
}

/// "usable VERSION" or the reason.
std::string told(const LibraryState& state) {
  return state.usable() ? "usable " + state.version : state.reason;
}

std::string open_from(const std::string& library, const fs::path& folder) {
  return apart([&]() -> std::string {
    const std::vector<std::string> folders{folder.string()};
    if (library == "cuDNN") return told(open_cudnn(folders, kCuda).state);
    if (library == "cuBLASLt") return told(open_cublaslt(folders, kCuda).state);
    if (library == "NCCL") return told(open_nccl(folders).state);
    return told(open_nvml(folders).state);
  });
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A folder with a file of this name that is no library.
fs::path broken_folder(const std::string& file) {
  const fs::path folder = kStubs / "broken";
  fs::create_directories(folder);
  std::ofstream(folder / file) << "not a library";
  return folder;
}

/// Whether the system itself has the library: then it is not missing here, and that test cannot be done.
bool on_system(const std::string& library) { return !holds(open_from(library, "/nowhere"), "is missing"); }

}  // namespace

TEST_CASE("a library is usable, missing, broken, too old or lacks a function, each in its own words") {
  const struct {
    std::string library, file, version, old_version, function;
  } cases[] = {{"cuDNN", "libcudnn.so.9", "9.10.2", "8.9.7", "cudnnBackendExecute"},
               {"cuBLASLt", "libcublasLt.so.13", "13.0.2", "11.11.3", "cublasLtMatmul"},
               {"NCCL", "libnccl.so.2", "2.27.3", "2.12.1", "ncclAllReduce"}};
  for (const auto& one : cases) {
    CAPTURE(one.library);
    if (on_system(one.library)) {
      MESSAGE("skipped: the system has its own " << one.library);
      continue;
    }
    CHECK(open_from(one.library, kStubs / "good") == "usable " + one.version);
    const std::string missing = open_from(one.library, "/nowhere");
    const std::string broken = open_from(one.library, broken_folder(one.file));
    const std::string old = open_from(one.library, kStubs / "old");
    const std::string lacking = open_from(one.library, kStubs / "lacking");
    CHECK(holds(missing, one.library + " is missing"));
    CHECK(holds(broken, one.library + " cannot be loaded"));
    CHECK(holds(old, one.library + " " + one.old_version));
    CHECK(holds(old, "is too old"));
    CHECK(holds(lacking, "has no function " + one.function));
    for (const std::string& reason : {missing, broken, old, lacking}) {
      CHECK(holds(reason, "ALEXNET_CUDA_LIBRARIES"));  // what to do
      CHECK(reason.size() < 600);                      // the field that carries it
    }
    CHECK(std::set<std::string>{missing, broken, old, lacking}.size() == 4);
  }
}

TEST_CASE("of two versions of cuBLASLt the one of the plug-in's CUDA is taken") {
  if (on_system("cuBLASLt")) {
    MESSAGE("skipped: the system has its own cuBLASLt");
    return;
  }
  const fs::path folder = kStubs / "both";
  fs::create_directories(folder);
  const auto put = [&](const char* kind, const char* name) {
    fs::copy_file(kStubs / kind / "libcublasLt.so.13", folder / name, fs::copy_options::overwrite_existing);
  };
  put("good", "libcublasLt.so.13");
  put("old", "libcublasLt.so.12");
  const auto taken = [&](int cuda) {
    return apart([&] { return told(open_cublaslt({folder.string()}, cuda).state); });
  };
  CHECK(taken(13000) == "usable 13.0.2");
  CHECK(holds(taken(12080), "cuBLASLt 11.11.3"));
  fs::remove(folder / "libcublasLt.so.12");
  CHECK(taken(12080) == "usable 13.0.2");
}

TEST_CASE("what cuDNN looks for by name is open before it, in the versions of either CUDA") {
  const fs::path folder = kStubs / "by_name";
  fs::create_directories(folder);
  const std::vector<std::string> names{"libnvrtc.so.12", "libnvrtc.so.13", "libcublasLt.so.12",
                                       "libcublasLt.so.13"};
  const auto put = [&](const char* from, const std::string& name) {
    fs::copy_file(kStubs / "good" / from, folder / name, fs::copy_options::overwrite_existing);
  };
  put("libcudnn.so.9", "libcudnn.so.9");
  for (const std::string& name : names) put("libnccl.so.2", name);
  const std::string missing = apart([&] {
    open_cudnn({folder.string()}, kCuda);
    std::ostringstream maps;
    maps << std::ifstream("/proc/self/maps").rdbuf();
    std::string all;
    for (const std::string& name : names)
      if (!holds(maps.str(), "/" + name)) all += name + " ";
    return all;
  });
  CHECK(missing == "");
}

TEST_CASE("NVML tells the driver's version, or that the driver does not run") {
  if (on_system("NVML")) {
    MESSAGE("skipped: the system has its own NVML");
    return;
  }
  CHECK(open_from("NVML", kStubs / "good") == "usable 580.65.06");
  CHECK(open_from("NVML", kStubs / "lacking") == "NVML does not start (Driver Not Loaded)");
  CHECK(holds(open_from("NVML", "/nowhere"), "NVML is missing"));
}

TEST_CASE("a GPU's load and memory are NVML's, and what it does not tell is unknown with its reason") {
  if (on_system("NVML")) {
    MESSAGE("skipped: the system has its own NVML");
    return;
  }
  const auto text = [](const LoadReading& reading) {
    return std::to_string(reading.utilisation_percent) + " % " +
           std::to_string(reading.memory_used_bytes >> 30) + "/" +
           std::to_string(reading.memory_bytes >> 30) + " " + reading.reason;
  };
  const auto readings = [&](const fs::path& folder, std::vector<std::string> buses) {
    return apart([&] {
      LoadMeter meter;
      std::string all;
      for (const std::string& bus : buses) all += text(meter.read(bus, {folder.string()})) + "\n";
      return all;
    });
  };
  CHECK(readings(kStubs / "good", {"0000:01:00.0", "0000:01:00.0", "0000:02:00.0", "0000:03:00.0"}) ==
        "83 % 21/80 \n84 % 21/80 \n"
        "-1 % 21/80 the load is not known: NVML says \"Not Supported\"\n"
        "-1 % -1/-1 load and memory are not known: NVML says \"Not Found\"\n");
  CHECK(readings(kStubs / "lacking", {"0000:01:00.0"}) ==
        "-1 % -1/-1 load and memory are not known: NVML does not start (Driver Not Loaded)\n");
  CHECK(holds(readings("/nowhere", {"0000:01:00.0"}), "load and memory are not known: NVML is missing"));
}

TEST_CASE("the folders of the environment come first, with a Python environment's wheels in them") {
  const fs::path packages = kStubs / "site-packages";
  for (const char* wheel : {"cudnn", "cublas"}) fs::create_directories(packages / "nvidia" / wheel / "lib");
  fs::create_directories(packages / "nvidia" / "cuda_nvrtc");  // without a lib folder
  setenv("ALEXNET_CUDA_LIBRARIES", ("/first::" + packages.string()).c_str(), 1);
  const std::vector<std::string> folders = library_folders();
  unsetenv("ALEXNET_CUDA_LIBRARIES");
  REQUIRE(folders.size() >= 4);
  CHECK(folders[0] == "/first");
  CHECK(folders[1] == packages);
  CHECK(folders[2] == packages / "nvidia/cublas/lib");
  CHECK(folders[3] == packages / "nvidia/cudnn/lib");
  CHECK(library_folders().size() <= folders.size() - 4);
}

TEST_CASE("a virtual environment's wheels are found, and a conda environment's libraries") {
  const fs::path prefix = kStubs / "venv";
  const fs::path library = prefix / "lib/python3.12/site-packages/nvidia/cudnn/lib";
  fs::create_directories(library);
  for (const char* environment : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    setenv(environment, prefix.c_str(), 1);
    const std::vector<std::string> folders = library_folders();
    unsetenv(environment);
    CHECK(std::count(folders.begin(), folders.end(), library.string()) == 1);
    // Conda installs libraries without Python, too.
    CHECK(std::count(folders.begin(), folders.end(), (prefix / "lib").string()) ==
          (environment == std::string("CONDA_PREFIX")));
  }
}

/// The driver is looked for by the system's own rules only: this program runs again with another path.
TEST_CASE("the driver: ready, missing, too old, without a device, not starting") {
  if (const char* wanted = std::getenv("ALEXNET_TEST_DRIVER")) {
    const Driver driver = ask_driver(13000);
    CHECK(std::to_string(static_cast<int>(driver.state)) == wanted);
    MESSAGE("driver: " << driver.reason);
    return;
  }
  const std::string self = fs::canonical("/proc/self/exe").string();
  const auto with = [&](const std::string& folder, DriverState state, const std::string& words) {
    const std::string command = "LD_LIBRARY_PATH='" + folder +
                                "' ALEXNET_TEST_DRIVER=" + std::to_string(static_cast<int>(state)) + " '" +
                                self + "' '--test-case=the driver: *' 2>&1";
    FILE* output = popen(command.c_str(), "r");
    REQUIRE(output);
    std::string text;
    char buffer[512];
    while (std::fgets(buffer, sizeof buffer, output)) text += buffer;
    CAPTURE(text);
    CHECK(pclose(output) == 0);
    CHECK(holds(text, words));
  };
  with(kStubs / "driver_good", DriverState::kReady, "driver:");
  with(kStubs / "driver_old", DriverState::kTooOld, "supports CUDA 12.4, and 13.0 is needed");
  with(kStubs / "driver_none", DriverState::kNoDevice, "finds no GPU");
  with(kStubs / "driver_dead", DriverState::kBroken, "does not start (error 999");
  fs::create_directories(kStubs / "driver_broken");
  std::ofstream(kStubs / "driver_broken/libcuda.so.1") << "not a library";
  with(kStubs / "driver_broken", DriverState::kBroken, "cannot be loaded");
  if (ask_driver(13000).state != DriverState::kMissing)
    MESSAGE("skipped: a driver is installed, so it cannot be missing");
  else
    with("/nowhere", DriverState::kMissing, "there is no NVIDIA driver here");
}
