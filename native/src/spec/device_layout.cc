#include "spec/device_layout.h"

#include <algorithm>
#include <set>
#include <string>

#include "spec/json_fields.h"

namespace alexnet {

namespace {

[[noreturn]] void refuse(const char* field, const std::string& reason) {
  spec::refuse({ErrorCode::kInvalidConfig, {}, {}}, field, reason);
}

std::string counted(int64_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

/// What a list that "columns" cannot use would be elsewhere.
[[noreturn]] void refuse_columns(const NetSpec& net, int devices) {
  std::string reason = "lists " + counted(devices, "device") + ", but parallelism \"columns\" puts ";
  reason += net.columns == 1 ? "this net of one column on one"
                             : "this net of two columns on one or on two, a column each";
  reason += ". parallelism \"data\" makes " + counted(devices, "replica") + " of one device each";
  if (net.columns == 2 && devices % 2 == 0)
    reason += ", \"pairs\" " + counted(devices / 2, "replica") + " of two devices each";
  refuse("devices",
         reason + "; \"hybrid\" replicates the convolutions alone and splits the fully connected layers");
}

DeviceLayout layout_columns(const NetSpec& net, int devices) {
  if (devices != 1 && devices != net.columns) refuse_columns(net, devices);
  return {.devices = devices};
}

DeviceLayout layout_pairs(const NetSpec& net, int devices) {
  if (net.columns != 2)
    refuse("parallelism",
           "\"pairs\" puts the two columns of every replica on two devices, but this net has one column; "
           "\"data\" puts a whole replica on each device");
  if (devices % 2 != 0)
    refuse("devices", "lists " + counted(devices, "device") +
                          ", but parallelism \"pairs\" takes two for every replica; \"data\" takes one" +
                          (devices == 1 ? ", and \"columns\" takes one alone" : ""));
  return {.devices = 2, .replicas = devices / 2};
}

DeviceLayout layout_hybrid(const NetSpec& net, int devices) {
  const int64_t parts = static_cast<int64_t>(devices) * net.columns;
  for (const LayerSpec& layer : net.layers) {
    if (layer.kind != LayerKind::kFc) continue;
    if (net.columns > 1 && !layer.reads_both)
      refuse("parallelism", "\"hybrid\" splits the fully connected layers over all devices, but " +
                                layer.name + " reads its own column alone; \"data\" replicates it instead");
    if (layer.width < parts)
      refuse("parallelism", "\"hybrid\" splits " + layer.name + " in " + std::to_string(parts) +
                                " parts, but it has " + counted(layer.width, "unit") +
                                "; use fewer devices, or \"data\"");
  }
  return {.replicas = devices, .splits_fc = true};
}

/// Gradients are added up over GPUs that all differ, or on one alone: see cuda/column/replica_group.h.
void check_ranks(const DeviceLayout& layout, const std::vector<std::string>& list) {
  for (int d = 0; d < layout.devices; ++d) {
    std::set<std::string> ranks;
    for (int r = 0; r < layout.replicas; ++r) ranks.insert(list[static_cast<size_t>(r * layout.devices + d)]);
    if (ranks.size() > 1 && ranks.size() < static_cast<size_t>(layout.replicas))
      refuse(
          "devices",
          "has some of the replicas on the same GPU, but replicas need a GPU each; only to try it out they "
          "may all be on the same one");
  }
}

}  // namespace

DeviceLayout layout_devices(const NetSpec& net, Parallelism parallelism, const std::vector<std::string>& list,
                            int64_t batch) {
  const auto cpus = std::count(list.begin(), list.end(), "cpu");
  if (cpus > 0 && cpus < static_cast<int64_t>(list.size()))
    refuse("devices", "names a CPU and a GPU, which do not share a net: the GPU would wait; name GPUs alone");
  const int devices = static_cast<int>(list.size());
  DeviceLayout layout;
  switch (parallelism) {
    case Parallelism::kColumns:
      layout = layout_columns(net, devices);
      break;
    case Parallelism::kData:
      layout.replicas = devices;
      break;
    case Parallelism::kPairs:
      layout = layout_pairs(net, devices);
      break;
    case Parallelism::kHybrid:
      layout = layout_hybrid(net, devices);
      break;
  }
  check_ranks(layout, list);
  layout.batch = batch;
  if (batch < layout.replicas)
    refuse("optimiser.batchSize", "is " + std::to_string(batch) + ", but each of the " +
                                      std::to_string(layout.replicas) +
                                      " replicas needs an image of it; use a larger batch or fewer devices");
  return layout;
}

}  // namespace alexnet
