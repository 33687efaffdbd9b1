// parse_run_config: a complete run configuration (a preset merged with the user's values) as a RunConfig.
#include "alexnet/run_config.h"

#include <algorithm>

#include "spec/device_layout.h"
#include "spec/json_fields.h"

namespace alexnet {

namespace {

using spec::Fields;
using spec::Json;
using spec::Limits;

constexpr int64_t kMaxEpochs = 1000000;
constexpr int64_t kMaxSteps = int64_t{1} << 40;
constexpr int64_t kMaxBatch = 65536;
constexpr int64_t kMaxThreads = 1024;

// A rate or a factor of one; more than this cannot be meant.
constexpr Limits kRate{0, 1000, /*open_min=*/true, /*open_max=*/false};
constexpr Limits kFactor{0, 1e6};
constexpr Limits kDropFactor{0, 1, /*open_min=*/true, /*open_max=*/true};
constexpr Limits kSigma{0, 100};

std::vector<int64_t> read_epoch_list(Fields& fields) {
  const Json& list = fields.require("epochs");
  if (!list.is_array()) fields.fail("epochs", "must be a list of epochs, but is " + Fields::shown(list));
  std::vector<int64_t> epochs;
  for (const Json& item : list) {
    const int64_t epoch = spec::as_integer(fields.scope(), "epochs", item);
    spec::check_integer(fields.scope(), "epochs", epoch, 1, kMaxEpochs);
    if (!epochs.empty() && epoch <= epochs.back()) {
      fields.fail("epochs",
                  "must rise, but has " + std::to_string(epoch) + " after " + std::to_string(epochs.back()));
    }
    epochs.push_back(epoch);
  }
  return epochs;
}

ScheduleSpec read_schedule(Fields fields) {
  ScheduleSpec schedule;
  schedule.kind = fields.choice<ScheduleKind>("kind", {},
                                              {{"constant", ScheduleKind::kConstant},
                                               {"plateau", ScheduleKind::kPlateau},
                                               {"steps", ScheduleKind::kSteps},
                                               {"polynomial", ScheduleKind::kPolynomial}});
  switch (schedule.kind) {
    case ScheduleKind::kConstant:
      break;
    case ScheduleKind::kPlateau:
      schedule.factor = fields.number("factor", schedule.factor, kDropFactor);
      schedule.patience = fields.integer("patience", schedule.patience, 1, kMaxEpochs);
      schedule.threshold = fields.number("threshold", schedule.threshold, {0, 1, false, /*open_max=*/true});
      schedule.max_drops = fields.integer("maxDrops", schedule.max_drops, 0, 100);
      break;
    case ScheduleKind::kSteps:
      schedule.epochs = read_epoch_list(fields);
      schedule.factor = fields.number("factor", schedule.factor, kDropFactor);
      break;
    case ScheduleKind::kPolynomial:
      schedule.power = fields.number("power", schedule.power, {0, 100, /*open_min=*/true});
      break;
  }
  fields.finish();
  return schedule;
}

std::string read_layer_name(Fields& fields, const NetSpec& net) {
  const std::string name = fields.text("layer");
  const bool known = std::any_of(net.layers.begin(), net.layers.end(),
                                 [&](const LayerSpec& layer) { return layer.name == name; });
  if (!known) fields.fail("layer", "names " + Fields::shown(Json(name)) + ", but the net has no such layer");
  return name;
}

ScheduledAction read_action(Fields fields, const NetSpec& net) {
  ScheduledAction action;
  action.epoch = fields.integer("epoch", {}, 1, kMaxEpochs);
  action.kind = fields.choice<ActionKind>("kind", {},
                                          {{"colourNoise", ActionKind::kColourNoise},
                                           {"freeze", ActionKind::kFreeze},
                                           {"unfreeze", ActionKind::kUnfreeze},
                                           {"layerRate", ActionKind::kLayerRate},
                                           {"rate", ActionKind::kRate}});
  switch (action.kind) {
    case ActionKind::kColourNoise:
      action.value = fields.number("sigma", {}, kSigma);
      break;
    case ActionKind::kRate:
      action.value = fields.number("rate", {}, kRate);
      break;
    case ActionKind::kLayerRate:
      action.layer = read_layer_name(fields, net);
      action.value = fields.number("rate", {}, {0, kRate.max});
      break;
    case ActionKind::kFreeze:
    case ActionKind::kUnfreeze:
      action.layer = read_layer_name(fields, net);
      break;
  }
  fields.finish();
  return action;
}

std::vector<ScheduledAction> read_actions(Fields& optimiser, const NetSpec& net) {
  std::vector<ScheduledAction> actions;
  const Json* list = optimiser.find("actions");
  if (list == nullptr) return actions;
  if (!list->is_array()) optimiser.fail("actions", "must be a list, but is " + Fields::shown(*list));
  for (size_t i = 0; i < list->size(); ++i) {
    const Json& item = (*list)[i];
    const std::string place = "actions[" + std::to_string(i) + "]";
    if (!item.is_object()) optimiser.fail(place, "must be an object, but is " + Fields::shown(item));
    actions.push_back(read_action(Fields(item, optimiser.scope().inside(place)), net));
    if (actions.size() > 1 && actions.back().epoch < actions[actions.size() - 2].epoch) {
      optimiser.fail(place + ".epoch", "must not be before the epoch of the action above it");
    }
  }
  return actions;
}

OptimiserSpec read_optimiser(Fields fields, const NetSpec& net) {
  OptimiserSpec o;
  o.learning_rate = fields.number("learningRate", o.learning_rate, kRate);
  o.momentum = fields.number("momentum", o.momentum, {0, 1, false, /*open_max=*/true});
  o.weight_decay = fields.number("weightDecay", o.weight_decay, {0, 1000});
  o.batch_size = fields.integer("batchSize", o.batch_size, 1, kMaxBatch);
  o.bias_learning_rate_factor = fields.number("biasLearningRateFactor", o.bias_learning_rate_factor, kFactor);
  o.bias_weight_decay_factor = fields.number("biasWeightDecayFactor", o.bias_weight_decay_factor, kFactor);
  o.bias_rate_follows_schedule = fields.boolean("biasRateFollowsSchedule", o.bias_rate_follows_schedule);
  if (auto schedule = fields.object("schedule")) o.schedule = read_schedule(std::move(*schedule));
  o.actions = read_actions(fields, net);
  fields.finish();
  return o;
}

void read_augmentation(Fields fields, RunConfig& config) {
  AugmentationSpec& a = config.augmentation;
  a.crop =
      fields.choice<CropMode>("crop", a.crop, {{"random", CropMode::kRandom}, {"centre", CropMode::kCentre}});
  a.mirror = fields.boolean("mirror", a.mirror);
  a.colour_noise = fields.number("colourNoise", a.colour_noise, kSigma);
  a.mean = fields.choice<MeanMode>(
      "mean", a.mean, {{"image", MeanMode::kImage}, {"rgb", MeanMode::kRgb}, {"none", MeanMode::kNone}});
  a.mean_follows_crop = fields.boolean("meanFollowsCrop", a.mean_follows_crop);
  config.input_gain = fields.number("gain", config.input_gain, {0, 1e6, /*open_min=*/true});
  fields.finish();
}

void read_length(Fields& fields, RunConfig& config) {
  const bool epochs = fields.find("epochs") != nullptr, steps = fields.find("steps") != nullptr;
  if (epochs && steps) fields.fail("steps", "must not be given beside epochs: give one of the two");
  if (!epochs && !steps) fields.fail("epochs", "is missing: give epochs or steps");
  if (epochs) config.epochs = fields.integer("epochs", {}, 1, kMaxEpochs);
  if (steps) config.steps = fields.integer("steps", {}, 1, kMaxSteps);
}

uint64_t read_seed(Fields& fields, uint64_t fallback) {
  const Json* value = fields.find("seed");
  if (value == nullptr) return fallback;
  if (value->is_number_unsigned()) return value->get<uint64_t>();
  return static_cast<uint64_t>(fields.integer("seed", {}, 0, INT64_MAX));
}

std::vector<std::string> read_devices(Fields& fields) {
  const Json* list = fields.find("devices");
  if (list == nullptr) return {"cpu"};
  if (!list->is_array() || list->empty() || list->size() > kMaxDevices) {
    fields.fail("devices", "must be a list of 1 to " + std::to_string(kMaxDevices) + " devices, but is " +
                               Fields::shown(*list));
  }
  std::vector<std::string> devices;
  for (const Json& item : *list) {
    if (!item.is_string() || item.get_ref<const std::string&>().empty()) {
      fields.fail("devices", "must hold names like \"cpu\" or \"cuda:0\", but holds " + Fields::shown(item));
    }
    devices.push_back(item.get<std::string>());
  }
  return devices;
}

void read_checkpoints(Fields fields, RunConfig& config) {
  config.checkpoint_every_steps = fields.integer("everySteps", config.checkpoint_every_steps, 0, kMaxSteps);
  config.checkpoint_every_minutes = fields.number("everyMinutes", config.checkpoint_every_minutes, {0, 1e6});
  fields.integer("keepLast", 2, 1, 1000000);  // the store's business; only judged here
  fields.finish();
}

}  // namespace

RunConfig parse_run_config(std::string_view json) {
  const spec::Scope scope{ErrorCode::kInvalidConfig, {}, {}};
  const Json root = spec::parse_object(json, scope, "configuration");
  Fields fields(root, scope);

  RunConfig config;
  config.preset = fields.text("preset", std::string());
  const Json& net = fields.require("net");
  config.net = parse_net_spec(net.dump());
  plan_net(config.net);  // so that a net that cannot be built is refused here
  if (auto optimiser = fields.object("optimiser")) {
    config.optimiser = read_optimiser(std::move(*optimiser), config.net);
  }
  if (auto augmentation = fields.object("augmentation")) read_augmentation(std::move(*augmentation), config);
  read_length(fields, config);
  config.seed = read_seed(fields, config.seed);
  config.shuffle = fields.boolean("shuffle", config.shuffle);
  config.devices = read_devices(fields);
  config.parallelism = fields.choice<Parallelism>("parallelism", config.parallelism,
                                                  {{"columns", Parallelism::kColumns},
                                                   {"data", Parallelism::kData},
                                                   {"pairs", Parallelism::kPairs},
                                                   {"hybrid", Parallelism::kHybrid}});
  // So that what cannot be shared is refused here.
  layout_devices(config.net, config.parallelism, config.devices, config.optimiser.batch_size);
  config.precision = fields.choice<Precision>(
      "precision", config.precision,
      {{"fp32", Precision::kFp32}, {"tf32", Precision::kTf32}, {"bf16", Precision::kBf16}});
  config.threads = static_cast<int>(fields.integer("threads", config.threads, 0, kMaxThreads));
  config.validate_every_epochs =
      fields.integer("validateEveryEpochs", config.validate_every_epochs, 0, kMaxEpochs);
  if (auto checkpoints = fields.object("checkpoints")) read_checkpoints(std::move(*checkpoints), config);
  fields.finish();
  return config;
}

}  // namespace alexnet
