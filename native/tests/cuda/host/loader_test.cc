// Finding and opening the plug-in: every way to fail is a fact of its own, with its own words.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "alexnet/error.h"
#include "alexnet/net_spec.h"
#include "cuda/device_rules.h"
#include "cuda/flat_net.h"
#include "cuda/loader/device_reports.h"
#include "cuda/loader/plugin.h"

using namespace alexnet;
using namespace alexnet::cuda;

namespace {

const std::string kStubs = std::string(ALEXNET_STUBS_DIR) + "/plugin/";

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A variable of the environment, as it was afterwards.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value.c_str(), 1);
  }
  ~Variable() { old_.empty() ? unsetenv(name_) : setenv(name_, old_.c_str(), 1); }

 private:
  const char* name_;
  std::string old_;
};

std::vector<DeviceReport> reports_with(const char* situation) {
  const Variable variable("ALEXNET_STUB", situation);
  return device_reports(load_plugin(kStubs + "cpu.so"));
}

}  // namespace

TEST_CASE(
    "a plug-in that cannot be used says why, each time in other words, and is one report without a GPU") {
  const std::string text_file = std::string(ALEXNET_STUBS_DIR) + "/plugin/text.so";
  std::ofstream(text_file) << "not a library";
  const struct {
    std::string path;
    PluginState state;
    std::string words;
  } cases[] = {{kStubs + "absent.so", PluginState::kMissing, "is missing"},
               {text_file, PluginState::kNotLoadable, "cannot be loaded"},
               {kStubs + "no_entry.so", PluginState::kNoEntry, "not this program's CUDA plug-in"},
               {kStubs + "other_version.so", PluginState::kWrongVersion,
                "of interface version " + std::to_string(kInterfaceVersion + 1)}};
  std::set<std::string> reasons;
  for (const auto& one : cases) {
    CAPTURE(one.path);
    const PluginLoad load = load_plugin(one.path);
    CHECK(load.state == one.state);
    CHECK(load.api == nullptr);
    CHECK(holds(load.reason, one.words));
    CHECK(holds(load.reason, one.path));
    reasons.insert(load.reason);
    const auto reports = device_reports(load);
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].id == "cuda");
    CHECK_FALSE(reports[0].usable);
    CHECK(reports[0].reason == load.reason);
  }
  CHECK(reasons.size() == 4);
}

TEST_CASE("the plug-in is the file that the environment names, or one beside this program") {
  CHECK(std::filesystem::path(plugin_path()).filename() == "libalexnet_cuda.so");
  CHECK(std::filesystem::path(plugin_path()).parent_path() ==
        std::filesystem::canonical("/proc/self/exe").parent_path());
  const Variable variable("ALEXNET_CUDA_PLUGIN", kStubs + "cpu.so");
  const PluginLoad load = load_plugin();
  CHECK(load.path == kStubs + "cpu.so");
  CHECK(load.state == PluginState::kLoaded);
  CHECK(load.reason.empty());
  CHECK(load.api->version == kInterfaceVersion);
}

TEST_CASE("GPUs are reported with what they have and what limits them") {
  const auto reports = reports_with("two");
  REQUIRE(reports.size() == 2);
  for (int d = 0; d < 2; ++d) {
    const DeviceReport& report = reports[static_cast<size_t>(d)];
    CHECK(report.id == "cuda:" + std::to_string(d));
    CHECK(report.name == "Stand-in GPU");
    CHECK(report.usable);
    CHECK(report.reason.empty());
    CHECK(report.memory_bytes == int64_t{80} << 30);
    CHECK(report.free_bytes == int64_t{79} << 30);
    CHECK(report.precisions == std::vector<std::string>{"fp32", "tf32", "bf16"});
    CHECK(report.driver == "580.65.06 (CUDA 13.0)");
    CHECK(report.compute_capability == "9.0");
    CHECK(report.library == "cuDNN 9.10.2, cuBLASLt 13.0.2, NCCL 2.27.3");
    CHECK(report.sharing_reason.empty());
    REQUIRE(report.notes.size() == 1);
    CHECK(holds(report.notes[0], "cuda:" + std::to_string(1 - d) + " go through the host's memory"));
  }
}

TEST_CASE("without NCCL GPUs can be used, but cannot add up gradients") {
  const auto reports = reports_with("no-nccl");
  REQUIRE(reports.size() == 2);
  for (const DeviceReport& report : reports) {
    CHECK(report.usable);
    CHECK(report.sharing_reason == "NCCL is missing; install it");
    CHECK(report.notes[0] == report.sharing_reason);
  }
}

TEST_CASE("a busy GPU, a missing library, a missing driver and a plug-in that fails are told apart") {
  const auto busy = reports_with("busy");
  REQUIRE(busy.size() == 2);
  CHECK(busy[0].usable);
  CHECK_FALSE(busy[1].usable);
  CHECK(holds(busy[1].reason, "in use by another process"));
  CHECK(busy[1].precisions.empty());

  const auto library = reports_with("no-cudnn");
  REQUIRE(library.size() == 2);
  for (const DeviceReport& report : library) {
    CHECK_FALSE(report.usable);
    CHECK(holds(report.reason, "cuDNN is missing"));
    CHECK(report.library == "cuBLASLt 13.0.2, NCCL 2.27.3");
  }

  const auto driver = reports_with("no-driver");
  REQUIRE(driver.size() == 1);
  CHECK(driver[0].id == "cuda");
  CHECK(driver[0].reason == "there is no NVIDIA driver here");

  const auto failing = reports_with("failing");
  REQUIRE(failing.size() == 1);
  CHECK(failing[0].reason == "the probe failed");
}

TEST_CASE("GPUs' loads are told as the plug-in reads them; without a plug-in or a driver there are none") {
  const auto loads_with = [](const char* situation) {
    const Variable variable("ALEXNET_STUB", situation);
    return gpu_loads(load_plugin(kStubs + "cpu.so"));
  };
  const auto loads = loads_with("two");
  REQUIRE(loads.size() == 2);
  CHECK(loads[0].id == "cuda:0");
  CHECK(loads[0].utilisation_percent == 83);
  CHECK(loads[0].memory_used_bytes == int64_t{20} << 30);
  CHECK(loads[0].memory_bytes == int64_t{80} << 30);
  CHECK(loads[0].reason.empty());
  CHECK(loads[1].id == "cuda:1");
  CHECK(loads[1].utilisation_percent == -1);
  CHECK(loads[1].memory_used_bytes == -1);
  CHECK(holds(loads[1].reason, "NVML is missing"));
  CHECK(loads_with("no-driver").empty());
  CHECK(gpu_loads(load_plugin(kStubs + "absent.so")).empty());
  CHECK_THROWS_WITH_AS(loads_with("failing"), "the loads cannot be read", alexnet::Error);
}

TEST_CASE("the plug-in that was built here loads anywhere, and says what it finds") {
  const PluginLoad load = load_plugin(plugin_path());
  if (load.state == PluginState::kMissing) {
    MESSAGE("skipped: no plug-in was built");
    return;
  }
  CHECK(load.reason.empty());
  const auto reports = device_reports(load);
  REQUIRE_FALSE(reports.empty());
  for (const DeviceReport& report : reports) {
    CHECK(report.usable == report.reason.empty());
    if (report.id == "cuda") CHECK_FALSE(report.usable);
    if (report.id != "cuda") CHECK(report.memory_bytes > 0);
  }
}

TEST_CASE("a GPU that is too old, too small, forbidden or busy is refused with that reason") {
  PluginDevice device{};
  device.major = 9;
  device.memory_bytes = 80'000'000'000;
  CHECK(refusal(device, ComputeMode::kDefault, {4711}) == "");
  CHECK(refusal(device, ComputeMode::kExclusiveProcess, {}) == "");
  CHECK(holds(refusal(device, ComputeMode::kExclusiveProcess, {4711}), "it is busy: process 4711"));
  CHECK(holds(refusal(device, ComputeMode::kProhibited, {}), "its compute mode forbids"));
  device.memory_bytes = 2'100'000'000;
  CHECK(
      holds(refusal(device, ComputeMode::kDefault, {}), "too small: it has 2.10 GB of memory, and 3.00 GB"));
  device.major = 7;
  device.minor = 5;
  CHECK(holds(refusal(device, ComputeMode::kDefault, {}), "too old: its compute capability is 7.5"));
  CHECK(gigabytes(12'400'000) == "12 MB");
}

TEST_CASE("a net crosses the interface whole") {
  const NetSpec spec = parse_net_spec(R"({"columns":2,"inputSize":40,"classes":7,"activation":"tanh",
    "lrn":{"size":3,"k":1.5,"alpha":0.01,"beta":0.5,"alphaOverN":true},
    "spatialNorm":{"size":7,"k":1,"alpha":0.003,"beta":0.25},
    "pooling":{"size":3,"stride":2,"rounding":"ceil"},"dropout":0.3,"dropoutScale":"test","layers":[
    {"name":"conv1","kind":"conv","width":8,"kernel":7,"stride":2,"padding":{"size":1,"rounding":"ceil"},
     "then":["lrn","pool","activation"]},
    {"name":"conv2","kind":"conv","width":8,"kernel":3,"padding":1,"reads":"own","then":["activation","spatialNorm"]},
    {"name":"fc3","kind":"fc","width":30,"reads":"both","then":["activation","dropout"]},
    {"name":"fc4","kind":"fc","width":"classes","reads":"both","then":[]}]})");
  const FlatNet flat(spec);
  const NetPlan before = plan_net(spec), after = plan_net(unflatten(*flat.net()));
  CHECK(after.spec.activation == Activation::kTanh);
  CHECK(after.spec.dropout_scale == DropoutScale::kTest);
  REQUIRE(after.layers.size() == before.layers.size());
  for (size_t l = 0; l < before.layers.size(); ++l) {
    CAPTURE(l);
    const LayerPlan &a = before.layers[l], &b = after.layers[l];
    CHECK(a.spec.name == b.spec.name);
    CHECK(a.spec.kind == b.spec.kind);
    CHECK(a.in == b.in);
    CHECK(a.linear == b.linear);
    CHECK(a.out == b.out);
    CHECK(a.groups == b.groups);
    CHECK(a.gathers == b.gathers);
    CHECK(a.pad_right_bottom == b.pad_right_bottom);
    CHECK(a.weight_shape() == b.weight_shape());
    REQUIRE(a.ops.size() == b.ops.size());
    for (size_t o = 0; o < a.ops.size(); ++o) {
      CHECK(a.ops[o].spec.kind == b.ops[o].spec.kind);
      CHECK(a.ops[o].out == b.ops[o].out);
    }
  }
  const OpSpec& lrn = after.layers[0].ops[0].spec;
  CHECK(lrn.lrn.size == 3);
  CHECK(lrn.lrn.k == 1.5);
  CHECK(lrn.lrn.alpha == 0.01);
  CHECK(lrn.lrn.beta == 0.5);
  CHECK(lrn.lrn.alpha_over_n);
  const OpSpec& pool = after.layers[0].ops[1].spec;
  CHECK(pool.pool.rounding == Rounding::kCeil);
  CHECK(after.layers[1].ops[1].spec.spatial_norm.size == 7);
  CHECK(after.layers[1].ops[1].spec.spatial_norm.beta == 0.25);
  CHECK(after.layers[2].ops[1].spec.dropout == 0.3);
}
