// What tests of the CUDA column share: stand-in machines, teams of columns on them, where columns may be.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "alexnet/error.h"
#include "cpu/column_net.h"
#include "cpu/small_nets.h"
#include "cuda/column/cuda_column.h"
#include "cuda/column/fake_device.h"

namespace alexnet::test {

/// A machine for one test; what was allocated must be gone at its end.
class TestMachine {
 public:
  explicit TestMachine(const fake::Machine& machine = {}) {
    setenv("ALEXNET_CUDA_LIBRARIES", ALEXNET_FAKE_LIBRARIES, 1);
    fake::start(machine);
  }
  ~TestMachine() { CHECK(fake::allocated() == 0); }
};

using Devices = std::vector<int>;

/// A way of sharing, and the device of each thread.
struct Sharing {
  DeviceLayout layout;
  Devices devices;
};

/// `made`: its columns, by place.
inline std::unique_ptr<ColumnTeam> make_replicas(const NetPlan& plan, const Sharing& sharing,
                                                 Precision precision, bool training = true,
                                                 std::vector<columns::Column*>* made = nullptr) {
  DeviceLayout layout = sharing.layout;
  layout.one_by_one =
      std::set(sharing.devices.begin(), sharing.devices.end()).size() < sharing.devices.size();
  const Devices devices = layout.by_place(sharing.devices, plan.spec.columns);
  std::vector<columns::Column*> all(devices.size());
  auto team = std::make_unique<ColumnTeam>(plan, layout, [&](const columns::Share& share, int) {
    const auto place = static_cast<size_t>(share.place());
    // One thread makes all of a replica's columns then, its first one first.
    const bool follows = layout.together() && share.column > 0;
    auto column = cuda::make_cuda_column(
        plan, {.share = share,
               .devices = devices,
               .precision = precision,
               .training = training,
               .input_from = follows ? all[place - static_cast<size_t>(share.column)] : nullptr,
               .brings_input = layout.together()});
    all[place] = column.get();
    return column;
  });
  if (made) *made = all;
  draw_parameters(plan, *team);
  return team;
}

inline std::unique_ptr<ColumnTeam> make_team(const NetPlan& plan, const Devices& devices, Precision precision,
                                             bool training = true, int64_t batch = kBatch,
                                             std::vector<columns::Column*>* made = nullptr) {
  const DeviceLayout layout{.batch = batch, .devices = static_cast<int>(devices.size())};
  return make_replicas(plan, {layout, devices}, precision, training, made);
}

/// Under a sanitizer everything takes twenty times as long: one net, one precision will do there.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

inline std::vector<SmallNet> nets() {
  std::vector<SmallNet> all = small_nets();
  if (kSanitized) all.resize(1);
  return all;
}

inline std::vector<Precision> precisions() {
  if (kSanitized) return {Precision::kFp32};
  return {Precision::kFp32, Precision::kTf32, Precision::kBf16};
}

inline NetPlan plan_of(size_t net) { return plan_net(parse_net_spec(small_nets()[net].json)); }

/// One column: on one device. Two: on one, on the same one twice, on two.
inline std::vector<Devices> placements(const NetPlan& plan) {
  if (plan.spec.columns == 1) return {{1}};
  return {{1}, {0, 0}, {1, 0}};
}

/// The stand-in sums in double, the kernels in float: as for the CPU.
inline constexpr Tolerance kFp32{36, 3, 1e-5, 1e-5, 2e-4, 5e-4, false};
/// As for the CPU: see there.
inline constexpr Tolerance kBf16{4, 1, 0.03, 0.02, 0.65, 0.65, true};

inline ErrorCode code_of(const std::function<void()>& work, std::string* message = nullptr) {
  try {
    work();
  } catch (const Error& error) {
    if (message) *message = error.what();
    return error.code();
  }
  FAIL("nothing was thrown");
  return ErrorCode::kInternal;
}

inline bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace alexnet::test
