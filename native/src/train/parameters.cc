#include "train/parameters.h"

#include <algorithm>
#include <utility>

#include "alexnet/error.h"
#include "spec/init.h"

namespace alexnet::train {

using columns::Parameter;

namespace {

/// Adds a range to an ascending list of ranges, joining those that touch.
void add_range(std::vector<Range>& ranges, Range range) {
  const auto first = std::find_if(ranges.begin(), ranges.end(),
                                  [&](const Range& other) { return other.end >= range.begin; });
  auto last = first;
  for (; last != ranges.end() && last->begin <= range.end; ++last) {
    range.begin = std::min(range.begin, last->begin);
    range.end = std::max(range.end, last->end);
  }
  ranges.insert(ranges.erase(first, last), range);
}

}  // namespace

ParameterStore::ParameterStore(const NetPlan& plan, bool velocities) : plan_(plan) {
  for (size_t l = 0; l < plan.layers.size(); ++l) {
    const LayerPlan& layer = plan.layers[l];
    const auto add = [&](const std::string& suffix, std::vector<int64_t> shape, Parameter parameter) {
      infos_.push_back({layer.spec.name + suffix, std::move(shape)});
      places_.push_back({l, parameter});
    };
    add(".weight", layer.weight_shape(), Parameter::kWeight);
    add(".bias", {layer.spec.width}, Parameter::kBias);
    if (!velocities) continue;
    add(".weight.velocity", layer.weight_shape(), Parameter::kWeightVelocity);
    add(".bias.velocity", {layer.spec.width}, Parameter::kBiasVelocity);
  }
  staged_.resize(infos_.size());
}

size_t ParameterStore::index(const std::string& name) const {
  for (size_t i = 0; i < infos_.size(); ++i)
    if (infos_[i].name == name) return i;
  throw Error(ErrorCode::kNotFound, "the net has no tensor " + name);
}

void ParameterStore::load(const std::string& name, int64_t offset, std::span<const float> values) {
  const size_t i = index(name);
  const int64_t count = infos_[i].count(), size = static_cast<int64_t>(values.size());
  if (offset < 0 || offset > count || size > count - offset)
    throw Error(ErrorCode::kInvalidArgument, "tensor " + name + " has " + std::to_string(count) +
                                                 " values; " + std::to_string(size) + " at " +
                                                 std::to_string(offset) + " do not fit");
  Staged& staged = staged_[i];
  if (staged.values.empty()) staged.values.resize(static_cast<size_t>(count));
  std::copy(values.begin(), values.end(), staged.values.begin() + offset);
  if (size > 0) add_range(staged.loaded, {offset, offset + size});
}

void ParameterStore::check_staged(bool complete) const {
  for (size_t i = 0; i < infos_.size(); ++i) {
    const std::vector<Range>& loaded = staged_[i].loaded;
    if (loaded.empty() && complete)
      throw Error(ErrorCode::kInvalidArgument, "tensor " + infos_[i].name + " was not loaded");
    if (!loaded.empty() && loaded[0].size() < infos_[i].count())
      throw Error(ErrorCode::kInvalidArgument, "tensor " + infos_[i].name + " was loaded only in part");
  }
}

void ParameterStore::commit(columns::ColumnTeam& team, uint64_t seed, bool complete) {
  check_staged(complete);
  for (size_t i = 0; i < infos_.size(); ++i) {
    const auto [layer, parameter] = places_[i];
    auto [values, loaded] = std::exchange(staged_[i], {});
    if (loaded.empty()) {
      if (parameter == Parameter::kWeight)
        values = initial_weights(plan_, layer, seed);
      else if (parameter == Parameter::kBias)
        values = initial_biases(plan_, layer);
      else
        values.assign(static_cast<size_t>(infos_[i].count()), 0.0f);
    }
    team.write(layer, parameter, values);
  }
}

std::vector<float> ParameterStore::read(const columns::ColumnTeam& team, size_t index) const {
  std::vector<float> values(static_cast<size_t>(infos_[index].count()));
  team.read(places_[index].layer, places_[index].parameter, values);
  return values;
}

}  // namespace alexnet::train
