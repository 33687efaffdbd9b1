#include "train/parameters.h"

#include <algorithm>

#include "alexnet/error.h"
#include "spec/init.h"

namespace alexnet::train {

using columns::Parameter;

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
  staged.loaded += size;
}

void ParameterStore::commit(columns::ColumnTeam& team, uint64_t seed, bool complete) {
  for (size_t i = 0; i < infos_.size(); ++i) {
    const auto [layer, parameter] = places_[i];
    Staged staged = std::move(staged_[i]);
    staged_[i] = {};
    const int64_t count = infos_[i].count();
    if (staged.loaded > 0 && staged.loaded < count)
      throw Error(ErrorCode::kInvalidArgument, "tensor " + infos_[i].name + " was loaded only in part");
    if (staged.loaded == 0) {
      if (complete) throw Error(ErrorCode::kInvalidArgument, "tensor " + infos_[i].name + " was not loaded");
      if (parameter == Parameter::kWeight)
        staged.values = initial_weights(plan_, layer, seed);
      else if (parameter == Parameter::kBias)
        staged.values = initial_biases(plan_, layer);
      else
        staged.values.assign(static_cast<size_t>(count), 0.0f);
    }
    team.write(layer, parameter, staged.values);
  }
}

std::vector<float> ParameterStore::read(const columns::ColumnTeam& team, size_t index) const {
  std::vector<float> values(static_cast<size_t>(infos_[index].count()));
  team.read(places_[index].layer, places_[index].parameter, values);
  return values;
}

}  // namespace alexnet::train
