// The training run: steps, epochs, validation, steering, checkpoints.
#include "alexnet/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "alexnet/error.h"
#include "cpu/cpu_info.h"
#include "train/command_queue.h"
#include "train/devices.h"
#include "train/loader.h"
#include "train/parameters.h"
#include "train/preprocessing.h"
#include "train/replay.h"
#include "train/schedule.h"
#include "train/snapshots.h"

namespace alexnet {

using columns::Batch;
using columns::BatchTotals;
using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

namespace {

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double share(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

/// Sums over images, from which means are made.
struct Sums {
  double loss = 0;
  int64_t top1_misses = 0, top5_misses = 0, images = 0;

  void add(const BatchTotals& totals) {
    loss += totals.loss;
    top1_misses += totals.images - totals.top1_hits;
    top5_misses += totals.images - totals.top5_hits;
    images += totals.images;
  }
  double mean_loss() const { return images > 0 ? loss / static_cast<double>(images) : 0.0; }
};

NetPlan plan_for(const RunConfig& config, const PackReader& pack) {
  if (config.net.classes != pack.classes())
    throw Error(ErrorCode::kInvalidConfig,
                "net.classes is " + std::to_string(config.net.classes) + ", but the data set has " +
                    std::to_string(pack.classes()) + " classes",
                R"({"field":"net.classes"})");
  return plan_net(config.net);
}

int64_t total_steps_of(const RunConfig& config, int64_t steps_per_epoch) {
  return config.steps ? *config.steps : *config.epochs * steps_per_epoch;
}

constexpr int kStateVersion = 1;

/// Reading all weights takes a percent of a step; a ReLU hides broken ones from the loss.
constexpr int64_t kFiniteCheckSteps = 50;

}  // namespace

struct Trainer::Impl {
  Impl(const RunConfig& run_config, const std::string& train_path, const std::string& validation_path,
       const std::optional<Preprocessing>& input)
      : config(run_config),
        train_pack(train_path),
        plan(plan_for(config, train_pack)),
        preprocessing(train::make_preprocessing(train_pack.statistics(), config, input)),
        parameters(plan, /*velocities=*/true),
        team(train::make_team(plan, {.devices = config.devices,
                                     .parallelism = config.parallelism,
                                     .precision = config.precision,
                                     .threads = config.threads,
                                     .batch = config.optimiser.batch_size,
                                     .training = true})),
        format(train::batch_format(*team, preprocessing)),
        loader(train_pack, preprocessing, format,
               {.batch = config.optimiser.batch_size,
                .seed = config.seed,
                .shuffle = config.shuffle,
                .threads = loader_threads()},
               batch_memory()),
        total_steps(total_steps_of(config, loader.steps_per_epoch())),
        controls(config, plan, total_steps),
        gate(std::make_shared<train::SnapshotGate>()) {
    if (!validation_path.empty() && config.validate_every_epochs > 0) {
      validation_pack = std::make_unique<PackReader>(validation_path);
      if (validation_pack->classes() != train_pack.classes())
        throw Error(ErrorCode::kCorruptPack,
                    "the validation pack has " + std::to_string(validation_pack->classes()) +
                        " classes, the training pack " + std::to_string(train_pack.classes()));
    }
  }

  const RunConfig config;
  const PackReader train_pack;
  const NetPlan plan;
  const Preprocessing preprocessing;
  train::ParameterStore parameters;
  const std::unique_ptr<columns::ColumnTeam> team;
  const train::BatchFormat format;
  train::Loader loader;
  const int64_t total_steps;
  train::Controls controls;
  const std::shared_ptr<train::SnapshotGate> gate;
  std::unique_ptr<PackReader> validation_pack;
  train::CommandQueue queue;
  bool committed = false;

  /// A step that was started and is not finished; its record lacks the outcome.
  struct RunningStep {
    StepRecord record;
    Clock::time_point start;
  };
  std::optional<RunningStep> running;
  Clock::time_point last_finished;

  // Position and what a resume needs besides tensors and controls; true where no step is running.
  int64_t step = 0;           // completed, or started
  int64_t started_epoch = 0;  // the last epoch whose start was handled
  int64_t steered = 0;        // the highest number of a steered command that was applied
  int64_t steered_here = 0;   // the number of the last one applied at this very step; 0: none
  Sums epoch_sums;            // of the running epoch's training steps
  double best_error = std::numeric_limits<double>::infinity();

  train::Replay replay;
  Clock::time_point last_snapshot = Clock::now();
  TrainObserver* observer = nullptr;
  bool diverged = false;

  int64_t steps_per_epoch() const { return loader.steps_per_epoch(); }
  int64_t epoch_of_next_step() const { return step / steps_per_epoch() + 1; }
  int64_t epoch_of_last_step() const { return step == 0 ? 0 : (step - 1) / steps_per_epoch() + 1; }
  /// A GPU leaves the cores to the loader; every thread holds a batch, so that more than a few cost memory.
  int loader_threads() const {
    constexpr int kMost = 8;
    if (config.devices.front() == "cpu") return 1;
    return std::clamp(config.threads > 0 ? config.threads : cpu::available_cores(), 1, kMost);
  }
  train::BatchMemory batch_memory() {
    return [this](int64_t bytes) { return team->allocate_input(bytes); };
  }
  bool at_epoch_end() const { return step % steps_per_epoch() == 0; }

  void commit() {
    if (committed) return;
    parameters.commit(*team, config.seed, /*complete=*/false);
    committed = true;
  }

  std::string state() const {
    ordered_json best = nullptr;
    if (std::isfinite(best_error)) best = best_error;
    return ordered_json{{"version", kStateVersion},
                        {"step", step},
                        {"startedEpoch", started_epoch},
                        {"steered", steered},
                        {"steeredHere", steered_here},
                        {"best", best},
                        {"epoch",
                         {{"loss", epoch_sums.loss},
                          {"top1Misses", epoch_sums.top1_misses},
                          {"top5Misses", epoch_sums.top5_misses},
                          {"images", epoch_sums.images}}},
                        {"controls", controls.save()}}
        .dump();
  }

  void restore(const std::string& text) {
    try {
      const ordered_json saved = ordered_json::parse(text);
      if (saved.at("version") != kStateVersion)
        throw Error(ErrorCode::kInvalidArgument, "this checkpoint was written by another version");
      saved.at("step").get_to(step);
      saved.at("startedEpoch").get_to(started_epoch);
      saved.at("steered").get_to(steered);
      saved.at("steeredHere").get_to(steered_here);
      best_error = saved.at("best").is_null() ? std::numeric_limits<double>::infinity()
                                              : saved.at("best").get<double>();
      const ordered_json& epoch = saved.at("epoch");
      epoch.at("loss").get_to(epoch_sums.loss);
      epoch.at("top1Misses").get_to(epoch_sums.top1_misses);
      epoch.at("top5Misses").get_to(epoch_sums.top5_misses);
      epoch.at("images").get_to(epoch_sums.images);
      controls.restore(saved.at("controls"));
    } catch (const ordered_json::exception& error) {
      throw Error(ErrorCode::kInvalidArgument,
                  std::string("the checkpoint's state cannot be read: ") + error.what());
    }
  }

  AugmentationSpec augmentation() const {
    AugmentationSpec spec = config.augmentation;
    spec.colour_noise = controls.colour_noise();
    return spec;
  }

  /// Of the schedule or an action of the configuration.
  void tell(const Command& command) { observer->on_command({step, /*steered=*/false, 0, command}); }

  /// Nothing where the run was aborted while it waited. Weights that are not finite are never kept.
  void checkpoint(const std::string& reason, bool best, const std::optional<ValidationRecord>& validation) {
    if (!team->all_finite()) {
      diverged = true;
      return;
    }
    if (!gate->enter([this] { return queue.aborted(); })) return;
    CheckpointRequest request;
    request.step = step;
    request.epoch = epoch_of_last_step();
    request.best = best;
    request.validation = validation;
    request.reason = reason;
    request.snapshot = train::take_snapshot(gate, *team, parameters, step, state());
    last_snapshot = Clock::now();
    observer->on_checkpoint(std::move(request));
  }

  /// Applies a steered command. No step is running.
  void apply(const Command& command, int64_t number) {
    const double noise = controls.colour_noise();
    controls.apply(command);
    steered_here = number;
    steered = std::max(steered, number);
    if (controls.colour_noise() != noise) loader.restart(step, augmentation());
  }

  /// Applies and tells a new wish. Returns whether the run is to stop.
  bool steer(const Command& command) {
    const int64_t number = std::max(steered, replay.highest()) + 1;
    apply(command, number);
    observer->on_command({step, /*steered=*/true, number, command});
    if (command.kind == CommandKind::kCheckpoint) checkpoint("steering", /*best=*/false, std::nullopt);
    return command.kind == CommandKind::kStop;
  }

  /// Everything that is to happen between two steps. Returns whether the run is to stop.
  bool boundary() {
    const int64_t epoch = epoch_of_next_step();
    if (started_epoch < epoch) {
      started_epoch = epoch;
      const double noise = controls.colour_noise();
      for (const Command& command : controls.start_epoch(epoch)) tell(command);
      if (controls.colour_noise() != noise) loader.restart(step, augmentation());
    }
    // An earlier life's pause, stop or checkpoint is not repeated: apply() alone knows none.
    while (const AppliedCommand* earlier = replay.next(step, steered_here)) {
      if (!finish_step()) return true;
      apply(earlier->command, earlier->sequence);
    }
    bool paused = false;
    while (!queue.aborted()) {
      for (const std::string& tensor : queue.take_looks())
        observer->on_look({step, tensor, parameters.read(*team, parameters.index(tensor))});
      const std::optional<Command> command = queue.take(/*wait=*/paused);
      if (!command && paused) continue;
      if (!command) break;
      if (command->kind == CommandKind::kPause) paused = true;
      if (command->kind == CommandKind::kResume) paused = false;
      if (!finish_step() || steer(*command)) return true;
    }
    return false;
  }

  /// The whole validation pack, which there must be.
  ValidationRecord validate() {
    const auto start = Clock::now();
    ValidationRecord record;
    Sums sums;
    train::Loader validation(*validation_pack, preprocessing, format,
                             {.batch = config.optimiser.batch_size,
                              .seed = config.seed,
                              .shuffle = false,
                              .augment = false,
                              .threads = loader_threads()},
                             batch_memory());
    validation.restart(0, config.augmentation);
    for (int64_t i = 0; i < validation.steps_per_epoch() && !queue.aborted(); ++i)
      sums.add(team->evaluate(validation.next()));
    record.step = step;
    record.epoch = epoch_of_last_step();
    record.images = sums.images;
    record.loss = sums.mean_loss();
    record.top1_error = share(sums.top1_misses, sums.images);
    record.top5_error = share(sums.top5_misses, sums.images);
    record.train_loss = epoch_sums.mean_loss();
    record.train_top1_error = share(epoch_sums.top1_misses, epoch_sums.images);
    record.elapsed_ms = ms_since(start);
    return record;
  }

  /// After an epoch's last step, or the run's. Returns whether the run is over.
  bool finish_epoch() {
    const bool last = step >= total_steps;
    std::optional<ValidationRecord> validation;
    double error = share(epoch_sums.top1_misses, epoch_sums.images);
    bool best = false;
    if (validation_pack && (last || epoch_of_last_step() % config.validate_every_epochs == 0)) {
      validation = validate();
      if (queue.aborted()) return true;
      error = validation->top1_error;
      observer->on_validation(*validation);
    }
    if (validation || !validation_pack) {
      best = error < best_error;
      if (best) best_error = error;
    }
    bool over = last;
    if (at_epoch_end()) {
      epoch_sums = {};
      if (validation || !validation_pack)
        for (const Command& command : controls.finish_epoch(error)) {
          tell(command);
          if (command.kind == CommandKind::kStop) over = true;
        }
    }
    checkpoint(over ? "end" : "epoch", best, validation);
    return over;
  }

  bool interval_checkpoint_due() const {
    if (config.checkpoint_every_steps > 0 && step % config.checkpoint_every_steps == 0) return true;
    return config.checkpoint_every_minutes > 0 &&
           ms_since(last_snapshot) > config.checkpoint_every_minutes * 60000.0;
  }

  /// Starts the next step, then finishes the one before it: a device that computes by itself has the next one
  /// by then and never waits for what is done with an outcome. False where a loss is not finite.
  bool train_step() {
    RunningStep next{{}, Clock::now()};
    next.record.epoch = epoch_of_next_step();
    const Batch batch = loader.next();
    next.record.data_wait_ms = ms_since(next.start);
    team->start(batch, {.training = true, .seed = config.seed, .step = static_cast<uint32_t>(step)},
                controls.updates(step), loader.peek());
    next.record.learning_rate = controls.learning_rate(step);
    next.record.step = ++step;
    steered_here = 0;
    if (!finish_step()) {
      team->finish();  // changed nothing either
      return false;
    }
    running = next;
    return team->deferred() || finish_step();
  }

  /// Finishes the step that is running, if one is. False where its loss is not finite: then it, and what was
  /// started after it, is as if it had not been.
  bool finish_step() {
    if (!running) return true;
    const columns::StepOutcome outcome = team->finish();
    StepRecord record = running->record;
    record.images = outcome.totals.images;
    record.loss = outcome.totals.loss / static_cast<double>(std::max<int64_t>(1, outcome.totals.images));
    record.top1_error = 1.0 - share(outcome.totals.top1_hits, outcome.totals.images);
    record.top5_error = 1.0 - share(outcome.totals.top5_hits, outcome.totals.images);
    record.exchange_ms = outcome.exchange_ms;
    record.elapsed_ms = ms_since(std::max(running->start, last_finished));
    last_finished = Clock::now();
    running.reset();
    observer->on_step(record);
    for (const std::string& notice : outcome.notices) observer->on_notice({record.step, notice});
    if (!outcome.updated) {
      step = record.step - 1;
      diverged = true;
      return false;
    }
    epoch_sums.add(outcome.totals);
    return true;
  }

  RunState run(TrainObserver& receiver) {
    observer = &receiver;
    commit();
    loader.restart(step, augmentation());
    last_snapshot = Clock::now();
    while (step < total_steps && !controls.over()) {
      const bool stop = boundary();
      if (diverged) return RunState::kDiverged;
      if (queue.aborted()) {
        finish_step();
        return RunState::kStopped;
      }
      if (stop) {
        checkpoint("stop", /*best=*/false, std::nullopt);
        return diverged ? RunState::kDiverged : RunState::kStopped;
      }
      if (!train_step()) return RunState::kDiverged;
      const bool ends = at_epoch_end() || step >= total_steps, due = interval_checkpoint_due();
      const bool check = step % kFiniteCheckSteps == 0;
      // These read the net or the epoch's sums.
      if ((ends || due || check) && !finish_step()) return RunState::kDiverged;
      bool over = false;
      if (ends)
        over = finish_epoch();
      else if (due)
        checkpoint("interval", /*best=*/false, std::nullopt);
      else if (check)
        diverged = !team->all_finite();
      if (diverged) return RunState::kDiverged;
      if (over) return queue.aborted() ? RunState::kStopped : RunState::kFinished;
    }
    return RunState::kFinished;
  }
};

Trainer::Trainer(const RunConfig& config, const std::string& train_pack, const std::string& validation_pack,
                 const std::optional<Preprocessing>& input)
    : impl_(std::make_unique<Impl>(config, train_pack, validation_pack, input)) {}
Trainer::~Trainer() = default;

const NetPlan& Trainer::plan() const { return impl_->plan; }
int64_t Trainer::steps_per_epoch() const { return impl_->steps_per_epoch(); }
int64_t Trainer::total_steps() const { return impl_->total_steps; }
const std::vector<TensorInfo>& Trainer::tensors() const { return impl_->parameters.infos(); }

void Trainer::load(const std::string& tensor, int64_t offset, std::span<const float> values) {
  if (impl_->committed)
    throw Error(ErrorCode::kInvalidArgument, "tensors can be loaded only before training starts");
  impl_->parameters.load(tensor, offset, values);
}

void Trainer::load_state(const std::string& state) { impl_->restore(state); }
void Trainer::replay(const std::vector<AppliedCommand>& commands) { impl_->replay = train::Replay(commands); }

std::vector<float> Trainer::read(const std::string& tensor) const {
  const size_t index = impl_->parameters.index(tensor);
  impl_->commit();
  return impl_->parameters.read(*impl_->team, index);
}

RunState Trainer::run(TrainObserver& observer) { return impl_->run(observer); }

void Trainer::post(const Command& command) {
  impl_->controls.check(command);
  impl_->queue.post(command);
}

void Trainer::look(const std::string& tensor) {
  impl_->parameters.index(tensor);  // throws where there is none
  impl_->queue.look(tensor);
}

void Trainer::abort() {
  impl_->queue.abort();
  impl_->gate->wake();
}

}  // namespace alexnet
