// Which lists of devices a net can use in which way, and what is said of the others.
#include <doctest/doctest.h>

#include <algorithm>

#include "alexnet/error.h"
#include "spec/device_layout.h"
#include "spec/presets.h"

using namespace alexnet;

namespace {

/// So many devices, all of them different.
std::vector<std::string> gpus(int count) {
  std::vector<std::string> list;
  for (int d = 0; d < count; ++d) list.push_back("cuda:" + std::to_string(d));
  return list;
}

std::string refusal(const NetSpec& net, Parallelism parallelism, int devices, int64_t batch = 128) {
  try {
    layout_devices(net, parallelism, gpus(devices), batch);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kInvalidConfig);
    return error.what();
  }
  FAIL("was not refused");
  return {};
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

NetSpec net_of(const std::string& preset) { return test::preset_config(preset).net; }

}  // namespace

TEST_CASE("every way of sharing the work, as groups of devices") {
  const NetSpec two = net_of("alexnet"), one = net_of("owt-2014");
  const auto check = [](const DeviceLayout& layout, int replicas, int devices, bool splits) {
    CHECK(layout.batch == 128);
    CHECK(layout.replicas == replicas);
    CHECK(layout.devices == devices);
    CHECK(layout.splits_fc == splits);
  };
  check(layout_devices(two, Parallelism::kColumns, gpus(1), 128), 1, 1, false);
  check(layout_devices(two, Parallelism::kColumns, gpus(2), 128), 1, 2, false);
  check(layout_devices(one, Parallelism::kColumns, gpus(1), 128), 1, 1, false);
  check(layout_devices(two, Parallelism::kData, gpus(1), 128), 1, 1, false);
  check(layout_devices(two, Parallelism::kData, gpus(4), 128), 4, 1, false);
  check(layout_devices(one, Parallelism::kData, gpus(3), 128), 3, 1, false);
  check(layout_devices(two, Parallelism::kPairs, gpus(2), 128), 1, 2, false);
  check(layout_devices(two, Parallelism::kPairs, gpus(6), 128), 3, 2, false);
  check(layout_devices(two, Parallelism::kHybrid, gpus(4), 128), 4, 1, true);
  check(layout_devices(one, Parallelism::kHybrid, gpus(8), 128), 8, 1, true);
  check(layout_devices(one, Parallelism::kHybrid, gpus(1), 128), 1, 1, true);
}

TEST_CASE("which device has which column of which replica") {
  using Places = std::vector<int>;
  // A column's place: replica by replica, column by column.
  CHECK(DeviceLayout{.devices = 1, .replicas = 1}.by_place({3}, 2) == Places{3, 3});
  CHECK(DeviceLayout{.devices = 2, .replicas = 1}.by_place({3, 1}, 2) == Places{3, 1});
  CHECK(DeviceLayout{.devices = 1, .replicas = 3}.by_place({3, 1, 2}, 1) == Places{3, 1, 2});
  CHECK(DeviceLayout{.devices = 1, .replicas = 2}.by_place({3, 1}, 2) == Places{3, 3, 1, 1});
  CHECK(DeviceLayout{.devices = 2, .replicas = 2}.by_place({0, 1, 2, 3}, 2) == Places{0, 1, 2, 3});
  CHECK(DeviceLayout{.devices = 2, .replicas = 2}.together() == false);
}

TEST_CASE("a list that cannot be used is refused with what would work") {
  const NetSpec two = net_of("alexnet"), one = net_of("owt-2014");
  const std::string four = refusal(two, Parallelism::kColumns, 4);
  CHECK(holds(four, "devices lists 4 devices"));
  CHECK(holds(four, "\"data\" makes 4 replicas of one device each"));
  CHECK(holds(four, "\"pairs\" 2 replicas of two devices each"));
  CHECK(holds(four, "\"hybrid\""));
  CHECK_FALSE(holds(refusal(two, Parallelism::kColumns, 3), "\"pairs\""));
  CHECK_FALSE(holds(refusal(one, Parallelism::kColumns, 2), "\"pairs\""));
  CHECK(holds(refusal(one, Parallelism::kPairs, 4), "this net has one column; \"data\""));
  CHECK(holds(refusal(two, Parallelism::kPairs, 3), "takes two for every replica"));
  CHECK(holds(refusal(two, Parallelism::kPairs, 1), "\"columns\" takes one alone"));
  CHECK(holds(refusal(two, Parallelism::kData, 3, 2), "optimiser.batchSize is 2"));
}

TEST_CASE("a CPU and a GPU do not share a net") {
  for (const Parallelism parallelism : {Parallelism::kColumns, Parallelism::kData}) try {
      layout_devices(net_of("alexnet"), parallelism, {"cpu", "cuda:0"}, 128);
      FAIL("was not refused");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kInvalidConfig);
      CHECK(holds(error.what(), "name GPUs alone"));
    }
  CHECK(layout_devices(net_of("alexnet"), Parallelism::kData, {"cpu", "cpu"}, 128).replicas == 2);
}

TEST_CASE("replicas have a GPU each, or all the same one") {
  const NetSpec two = net_of("alexnet");
  CHECK(layout_devices(two, Parallelism::kColumns, {"cuda:0", "cuda:0"}, 128).devices == 2);
  CHECK(layout_devices(two, Parallelism::kColumns, {"cuda:0", "cuda:0"}, 128).one_by_one);
  CHECK_FALSE(layout_devices(two, Parallelism::kData, gpus(3), 128).one_by_one);
  CHECK(layout_devices(two, Parallelism::kData, {"cpu", "cpu"}, 128).one_by_one);
  const std::vector<std::string> same(3, "cuda:1"), some{"cuda:0", "cuda:0", "cuda:1"};
  const std::vector<std::string> twice{"cuda:0", "cuda:1", "cuda:0", "cuda:1"};
  for (const Parallelism parallelism : {Parallelism::kData, Parallelism::kHybrid}) {
    CHECK(layout_devices(two, parallelism, same, 128).replicas == 3);
    try {
      layout_devices(two, parallelism, some, 128);
      FAIL("was not refused");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kInvalidConfig);
      CHECK(holds(error.what(), "devices has some of the replicas on the same GPU"));
    }
  }
  // In pairs that counts for each column by itself.
  CHECK(layout_devices(two, Parallelism::kPairs, twice, 128).replicas == 2);
}

TEST_CASE(
    "in pairs no GPU adds up both columns' gradients with others, for then they could wait for each other") {
  using Names = std::vector<std::string>;
  const NetSpec two = net_of("alexnet");
  const auto tell = [&](const Names& list) -> std::string {
    try {
      layout_devices(two, Parallelism::kPairs, list, 128);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kInvalidConfig);
      return error.what();
    }
    return "";
  };
  const std::string crossed = tell({"cuda:0", "cuda:1", "cuda:1", "cuda:0"});
  CHECK(holds(crossed, "devices has replicas of both columns on cuda:0"));
  CHECK(holds(crossed, "\"cuda:0,cuda:1,cuda:0,cuda:1\""));
  CHECK(holds(crossed, "parallelism \"data\""));
  CHECK(holds(tell({"cuda:3", "cuda:3", "cuda:2", "cuda:2"}), "\"cuda:2,cuda:3,cuda:2,cuda:3\""));
  CHECK(holds(tell({"cuda:0", "cuda:1", "cuda:2", "cuda:0"}), "both columns on cuda:0"));
  // What is named as working does.
  CHECK(tell({"cuda:0", "cuda:1", "cuda:0", "cuda:1"}) == "");
  CHECK(tell({"cuda:0", "cuda:1", "cuda:2", "cuda:3"}) == "");
  // A column that is on one GPU alone adds up without the others.
  CHECK(tell({"cuda:0", "cuda:0", "cuda:0", "cuda:0"}) == "");
  CHECK(tell({"cuda:0", "cuda:1", "cuda:2", "cuda:1"}) == "");
  CHECK(tell({"cuda:0", "cuda:0", "cuda:1", "cuda:0"}) == "");
}

TEST_CASE("the hybrid needs fully connected layers that can be split") {
  CHECK(holds(refusal(net_of("no-traffic-2012"), Parallelism::kHybrid, 2), "reads its own column alone"));
  NetSpec few = net_of("owt-2014");
  few.classes = few.layers.back().width = 3;
  CHECK(holds(refusal(few, Parallelism::kHybrid, 4), "in 4 parts, but it has 3 units"));
  CHECK(layout_devices(few, Parallelism::kHybrid, gpus(3), 128).replicas == 3);
}

TEST_CASE("a configuration says how its devices share the work, and is refused where they cannot") {
  test::Json json = test::preset_json("alexnet");
  json["devices"] = {"cuda:0", "cuda:1", "cuda:2", "cuda:3"};
  CHECK_THROWS_AS(parse_run_config(json.dump()), Error);
  for (const auto& [word, meaning] :
       {std::pair("data", Parallelism::kData), std::pair("pairs", Parallelism::kPairs),
        std::pair("hybrid", Parallelism::kHybrid)}) {
    json["parallelism"] = word;
    CHECK(parse_run_config(json.dump()).parallelism == meaning);
  }
  json["parallelism"] = "both";
  CHECK_THROWS_AS(parse_run_config(json.dump()), Error);
  json.erase("parallelism");
  json["devices"] = {"cpu", "cpu"};
  CHECK(parse_run_config(json.dump()).parallelism == Parallelism::kColumns);
  json["parallelism"] = "data";
  json["devices"] = test::Json::array();
  for (int d = 0; d < kMaxDevices + 1; ++d) json["devices"].push_back("cpu");
  CHECK_THROWS_AS(parse_run_config(json.dump()), Error);
  json["devices"].erase(0);
  CHECK(parse_run_config(json.dump()).devices.size() == kMaxDevices);
}
