// How the learning rate moves over a run (paper section 5), and everything else that steering or the
// configuration may change while it trains.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "alexnet/run_config.h"
#include "alexnet/trainer.h"
#include "columns/column.h"

namespace alexnet::train {

/// The part of a run's state that is neither weights nor position. Changing it by the same calls in the same
/// order gives the same state; it goes into every checkpoint.
class Controls {
 public:
  Controls(const RunConfig& config, const NetPlan& plan, int64_t total_steps);

  /// What the configuration does by itself before epoch `epoch` starts. Returns what it did.
  std::vector<Command> start_epoch(int64_t epoch);
  /// Takes the error of an epoch's validation (or of its training steps where nothing is validated) to the
  /// plateau schedule. Returns what it did: a lower rate, or a stop.
  std::vector<Command> finish_epoch(double top1_error);
  /// Whether finish_epoch() has stopped the run.
  bool over() const;
  /// Applies a rate, layer-rate, freeze or colour-noise command. Throws kInvalidArgument.
  void apply(const Command& command);
  /// Throws kInvalidArgument where apply() would.
  void check(const Command& command) const;

  /// The rate of weights without factors of their own at this step.
  double learning_rate(int64_t step) const;
  /// Every layer's factors at this step.
  std::vector<columns::LayerUpdate> updates(int64_t step) const;
  double colour_noise() const { return colour_noise_; }

  nlohmann::ordered_json save() const;
  /// Throws nlohmann::json::exception on what save() has not written.
  void restore(const nlohmann::ordered_json& state);

 private:
  const RunConfig& config_;
  const NetPlan& plan_;
  const int64_t total_steps_;
  double rate_;  // before the polynomial's decay
  double colour_noise_;
  std::map<std::string, double> layer_rates_;  // set by hand or by an action; do not follow the schedule
  std::set<std::string> frozen_;
  // plateau
  double best_error_ = 1e30;
  int64_t stalled_ = 0, drops_ = 0;
};

}  // namespace alexnet::train
