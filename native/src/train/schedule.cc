#include "train/schedule.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "alexnet/error.h"

namespace alexnet::train {

Controls::Controls(const RunConfig& config, const NetPlan& plan, int64_t total_steps)
    : config_(config),
      plan_(plan),
      total_steps_(total_steps),
      rate_(config.optimiser.learning_rate),
      colour_noise_(config.augmentation.colour_noise) {}

std::vector<Command> Controls::start_epoch(int64_t epoch) {
  std::vector<Command> done;
  const auto act = [&](Command command) {
    apply(command);
    done.push_back(std::move(command));
  };
  const ScheduleSpec& schedule = config_.optimiser.schedule;
  if (schedule.kind == ScheduleKind::kSteps &&
      std::find(schedule.epochs.begin(), schedule.epochs.end(), epoch) != schedule.epochs.end())
    act({CommandKind::kSetRate, "", rate_ * schedule.factor});
  for (const ScheduledAction& action : config_.optimiser.actions) {
    if (action.epoch != epoch) continue;
    switch (action.kind) {
      case ActionKind::kColourNoise:
        act({CommandKind::kColourNoise, "", action.value});
        break;
      case ActionKind::kFreeze:
        act({CommandKind::kFreeze, action.layer, 0});
        break;
      case ActionKind::kUnfreeze:
        act({CommandKind::kUnfreeze, action.layer, 0});
        break;
      case ActionKind::kLayerRate:
        act({CommandKind::kSetLayerRate, action.layer, action.value});
        break;
      case ActionKind::kRate:
        act({CommandKind::kSetRate, "", action.value});
        break;
    }
  }
  return done;
}

std::vector<Command> Controls::finish_epoch(double top1_error) {
  const ScheduleSpec& schedule = config_.optimiser.schedule;
  if (schedule.kind != ScheduleKind::kPlateau) return {};
  if (top1_error < best_error_ - schedule.threshold) {
    best_error_ = top1_error;
    stalled_ = 0;
    return {};
  }
  if (++stalled_ < schedule.patience) return {};
  if (drops_ >= schedule.max_drops) return {{CommandKind::kStop, "", 0}};  // stalled_ stays: it says over()
  stalled_ = 0;
  ++drops_;
  const Command lower{CommandKind::kSetRate, "", rate_ * schedule.factor};
  apply(lower);
  return {lower};
}

bool Controls::over() const {
  const ScheduleSpec& schedule = config_.optimiser.schedule;
  return schedule.kind == ScheduleKind::kPlateau && drops_ >= schedule.max_drops &&
         stalled_ >= schedule.patience;
}

void Controls::check(const Command& command) const {
  const auto refuse = [](const std::string& message) { throw Error(ErrorCode::kInvalidArgument, message); };
  const bool names_layer = command.kind == CommandKind::kFreeze || command.kind == CommandKind::kUnfreeze ||
                           command.kind == CommandKind::kSetLayerRate;
  if (names_layer && std::none_of(plan_.layers.begin(), plan_.layers.end(),
                                  [&](const LayerPlan& layer) { return layer.spec.name == command.layer; }))
    refuse("the net has no layer \"" + command.layer + "\"");
  const bool has_value = command.kind == CommandKind::kSetRate || command.kind == CommandKind::kScaleRate ||
                         command.kind == CommandKind::kSetLayerRate ||
                         command.kind == CommandKind::kColourNoise;
  if (has_value && (!std::isfinite(command.value) || command.value < 0))
    refuse("a rate, factor or sigma must be a number of at least 0");
}

void Controls::apply(const Command& command) {
  check(command);
  switch (command.kind) {
    case CommandKind::kSetRate:
      rate_ = command.value;
      break;
    case CommandKind::kScaleRate:
      rate_ *= command.value;
      break;
    case CommandKind::kSetLayerRate:
      layer_rates_[command.layer] = command.value;
      break;
    case CommandKind::kFreeze:
      frozen_.insert(command.layer);
      break;
    case CommandKind::kUnfreeze:
      frozen_.erase(command.layer);
      break;
    case CommandKind::kColourNoise:
      colour_noise_ = command.value;
      break;
    case CommandKind::kPause:
    case CommandKind::kResume:
    case CommandKind::kStop:
    case CommandKind::kCheckpoint:
      break;  // these change nothing that is kept
  }
}

double Controls::learning_rate(int64_t step) const {
  const ScheduleSpec& schedule = config_.optimiser.schedule;
  if (schedule.kind != ScheduleKind::kPolynomial) return rate_;
  const double left =
      1.0 - static_cast<double>(step) / static_cast<double>(std::max<int64_t>(1, total_steps_));
  return rate_ * std::pow(std::max(0.0, left), schedule.power);
}

std::vector<columns::LayerUpdate> Controls::updates(int64_t step) const {
  const OptimiserSpec& optimiser = config_.optimiser;
  const double rate = learning_rate(step);
  std::vector<columns::LayerUpdate> updates;
  for (const LayerPlan& layer : plan_.layers) {
    const LayerSpec& spec = layer.spec;
    const auto own = layer_rates_.find(spec.name);
    const bool by_hand = own != layer_rates_.end();
    const double weight_rate = by_hand ? own->second : rate * spec.learning_rate_factor;
    double bias_rate = weight_rate;
    if (!by_hand) bias_rate = optimiser.bias_rate_follows_schedule ? rate : optimiser.learning_rate;
    bias_rate *= optimiser.bias_learning_rate_factor * spec.bias_learning_rate_factor;
    columns::LayerUpdate update;
    update.weight_rate = static_cast<float>(weight_rate);
    update.bias_rate = static_cast<float>(bias_rate);
    update.weight_decay = static_cast<float>(optimiser.weight_decay * spec.weight_decay_factor);
    update.bias_decay = static_cast<float>(optimiser.weight_decay * optimiser.bias_weight_decay_factor *
                                           spec.bias_weight_decay_factor);
    update.momentum = static_cast<float>(optimiser.momentum);
    update.frozen = frozen_.count(spec.name) > 0;
    updates.push_back(update);
  }
  return updates;
}

nlohmann::ordered_json Controls::save() const {
  return {{"rate", rate_},         {"colourNoise", colour_noise_}, {"layerRates", layer_rates_},
          {"frozen", frozen_},     {"plateauBest", best_error_},   {"plateauStalled", stalled_},
          {"plateauDrops", drops_}};
}

void Controls::restore(const nlohmann::ordered_json& state) {
  state.at("rate").get_to(rate_);
  state.at("colourNoise").get_to(colour_noise_);
  state.at("layerRates").get_to(layer_rates_);
  state.at("frozen").get_to(frozen_);
  state.at("plateauBest").get_to(best_error_);
  state.at("plateauStalled").get_to(stalled_);
  state.at("plateauDrops").get_to(drops_);
}

}  // namespace alexnet::train
