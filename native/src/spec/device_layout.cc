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

using Names = std::vector<std::string>;

/// The devices of one column's replicas, or of whole replicas.
std::set<std::string> ranks_of(const DeviceLayout& layout, const Names& list, int device) {
  std::set<std::string> ranks;
  for (int r = 0; r < layout.replicas; ++r)
    ranks.insert(list[static_cast<size_t>(r * layout.devices + device)]);
  return ranks;
}

/// Each column's gradients are added up by NCCL in a group of their own, and NCCL demands that groups which
/// share GPUs start in the same order on all of them. The columns' threads promise no order between them: a
/// GPU that starts with one column's sum and another that starts with the other's would wait for each other.
void check_columns_apart(const DeviceLayout& layout, const Names& list) {
  if (layout.devices < 2) return;
  const auto first = ranks_of(layout, list, 0), second = ranks_of(layout, list, 1);
  if (first.size() < 2 || second.size() < 2) return;
  for (const std::string& gpu : first) {
    if (second.count(gpu) == 0) continue;
    const std::string other =
        *std::find_if(first.begin(), first.end(), [&](const auto& g) { return g != gpu; });
    std::string works = gpu + "," + other;
    for (int r = 1; r < layout.replicas; ++r) works += "," + gpu + "," + other;
    refuse("devices",
           "has replicas of both columns on " + gpu +
               ", but each column adds up its gradients over GPUs of its own: two sums on the same "
               "GPUs can wait for each other for ever. Name every GPU once; or \"" +
               works + "\", all replicas of a column on one GPU, to try it out; or use parallelism \"data\"");
  }
}

/// Gradients are added up over GPUs that all differ, or on one alone: see cuda/column/replica_group.h.
void check_ranks(const DeviceLayout& layout, const Names& list) {
  for (int d = 0; d < layout.devices; ++d) {
    const std::set<std::string> ranks = ranks_of(layout, list, d);
    if (ranks.size() > 1 && ranks.size() < static_cast<size_t>(layout.replicas))
      refuse(
          "devices",
          "has some of the replicas on the same GPU, but replicas need a GPU each; only to try it out they "
          "may all be on the same one");
  }
}

}  // namespace

std::vector<int> DeviceLayout::by_place(const std::vector<int>& list, int columns) const {
  std::vector<int> all;
  for (int place = 0; place < replicas * columns; ++place)
    all.push_back(list[static_cast<size_t>(device_at(place, columns))]);
  return all;
}

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
  check_columns_apart(layout, list);
  layout.batch = batch;
  layout.one_by_one = cpus > 0 || std::set<std::string>(list.begin(), list.end()).size() < list.size();
  if (batch < layout.replicas)
    refuse("optimiser.batchSize", "is " + std::to_string(batch) + ", but each of the " +
                                      std::to_string(layout.replicas) +
                                      " replicas needs an image of it; use a larger batch or fewer devices");
  return layout;
}

}  // namespace alexnet
