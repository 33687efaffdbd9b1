#include "columns/team.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <utility>

#include "alexnet/error.h"

namespace alexnet::columns {

namespace {

using Clock = std::chrono::steady_clock;

double elapsed_ms(Clock::time_point since) {
  return std::chrono::duration<double, std::milli>(Clock::now() - since).count();
}

/// The values of a parameter that belong to column `column`, as a range of the joined tensor.
Range parameter_range(const NetPlan& plan, size_t layer, Parameter parameter, int column) {
  const LayerPlan& l = plan.layers[layer];
  Range range = column_range(l.spec.width, plan.spec.columns, column);
  if (parameter == Parameter::kWeight || parameter == Parameter::kWeightVelocity) {
    const int64_t row = l.weight_count() / l.spec.width;
    range = {range.begin * row, range.end * row};
  }
  return range;
}

}  // namespace

/// One thread and the columns it drives.
struct ColumnTeam::Member {
  int device = 0;
  std::vector<int> columns;
  double exchange_ms = 0;
  BatchTotals totals;
  std::thread thread;
};

ColumnTeam::ColumnTeam(const NetPlan& plan, int devices, const ColumnFactory& factory)
    : plan_(plan), rendezvous_(devices) {
  const int columns = plan.spec.columns;
  if (devices != 1 && devices != columns)
    throw Error(ErrorCode::kInvalidArgument, "a net of " + std::to_string(columns) +
                                                 " columns runs on one device or on one a column, not on " +
                                                 std::to_string(devices));
  owned_.resize(columns);
  columns_.resize(columns);
  for (int d = 0; d < devices; ++d) {
    auto member = std::make_unique<Member>();
    member->device = d;
    for (int c = 0; c < columns; ++c)
      if (devices == 1 || c == d) member->columns.push_back(c);
    members_.push_back(std::move(member));
  }
  for (auto& member : members_) member->thread = std::thread([this, m = member.get()] { serve(*m); });
  try {
    run([&](Member& member) {
      for (int c : member.columns) {
        owned_[c] = factory(c, member.device);
        columns_[c] = owned_[c].get();
      }
    });
  } catch (...) {
    end();
    throw;
  }
}

ColumnTeam::~ColumnTeam() { end(); }

void ColumnTeam::end() {
  come_to_rest();
  // A column is destroyed by the thread that created it: its device context lives there.
  // The last one first: a column may use what an earlier one of its thread has.
  run([&](Member& member) {
    for (auto c = member.columns.rbegin(); c != member.columns.rend(); ++c) owned_[*c].reset();
  });
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  for (auto& member : members_) member->thread.join();
}

void ColumnTeam::serve(Member& member) {
  uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ending_ || round_ != seen; });
    if (ending_) return;
    seen = round_;
    const Task* task = task_;
    lock.unlock();
    std::exception_ptr failure;
    try {
      (*task)(member);
    } catch (const RendezvousBroken&) {
      // The thread that failed reports.
    } catch (...) {
      failure = std::current_exception();
      rendezvous_.break_up();
    }
    lock.lock();
    if (failure && !failure_) failure_ = failure;
    if (--busy_ == 0) changed_.notify_all();
  }
}

void ColumnTeam::run(const Task& task) const {
  std::unique_lock lock(mutex_);
  task_ = &task;
  busy_ = static_cast<int>(members_.size());
  failure_ = nullptr;
  ++round_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return busy_ == 0; });
  rendezvous_.reset();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

InputFormat ColumnTeam::input_format() const { return columns_[0]->input_format(); }

std::shared_ptr<std::byte> ColumnTeam::allocate_input(int64_t bytes) const {
  return columns_[0]->allocate_input(bytes);
}

bool ColumnTeam::accept_records(const Preprocessing& preprocessing) {
  std::atomic<bool> accepted{true};
  run([&](Member& member) {
    for (int c : member.columns)
      if (!columns_[c]->accept_records(preprocessing)) accepted = false;
  });
  return accepted;
}

void ColumnTeam::forward(Member& member, const Batch& batch, const PassContext& context,
                         const std::optional<Batch>& next) {
  member.exchange_ms = 0;
  for (int c : member.columns) columns_[c]->set_batch(batch);
  if (next)
    for (int c : member.columns) columns_[c]->prefetch(*next);
  for (size_t l = 0; l < plan_.layers.size(); ++l) {
    if (plan_.layers[l].gathers) {
      const auto start = Clock::now();
      rendezvous_.meet();
      for (int c : member.columns) columns_[c]->gather(l, columns_);
      member.exchange_ms += elapsed_ms(start);
    }
    for (int c : member.columns) columns_[c]->forward(l, context);
  }
  rendezvous_.meet();  // loss() reads every column's logits
}

void ColumnTeam::come_to_rest() const {
  run([&](Member& member) {
    for (int c : member.columns) try {
        if (owned_[c]) owned_[c]->rest();
      } catch (...) {
        // What failed has been reported, and nothing is left to save.
      }
  });
}

void ColumnTeam::run_pass(const Task& task) const {
  try {
    run(task);
  } catch (...) {
    // A device that did not fail may still read the batch, or another column's memory.
    come_to_rest();
    throw;
  }
}

void ColumnTeam::finish(Member& member) {
  member.exchange_ms = 0;
  for (int c : member.columns) {
    const FinishedPass pass = columns_[c]->finish();
    member.totals = pass.totals;
    member.exchange_ms += pass.exchange_ms;
  }
}

StepOutcome ColumnTeam::train(const Batch& batch, const PassContext& context,
                              std::span<const LayerUpdate> updates, const std::optional<Batch>& next) {
  start(batch, context, updates, next);
  return finish();
}

void ColumnTeam::start(const Batch& batch, const PassContext& context, std::span<const LayerUpdate> updates,
                       const std::optional<Batch>& next) {
  if (updates.size() != plan_.layers.size())
    throw Error(ErrorCode::kInvalidArgument, "an update needs the factors of every layer");
  // Below the first layer that still learns nothing needs a gradient.
  size_t first = 0;
  while (first < updates.size() && updates[first].frozen) ++first;
  run_pass([&](Member& member) {
    forward(member, batch, context, next);
    for (int c : member.columns) member.totals = columns_[c]->loss(columns_, /*gradient=*/true);
    // Every member finds the same loss, so all of them stop here or none.
    if (!deferred() && !std::isfinite(member.totals.loss)) return;
    for (size_t l = plan_.layers.size(); l-- > first;) {
      const bool input_gradient = l > first;
      for (int c : member.columns) columns_[c]->backward(l, updates[l], input_gradient);
      if (input_gradient && plan_.layers[l].gathers) {
        const auto start = Clock::now();
        rendezvous_.meet();
        for (int c : member.columns) columns_[c]->reduce(l, columns_);
        member.exchange_ms += elapsed_ms(start);
      }
    }
    for (int c : member.columns) columns_[c]->end_pass();
  });
}

StepOutcome ColumnTeam::finish() {
  if (deferred()) run_pass([&](Member& member) { finish(member); });
  StepOutcome outcome;
  outcome.totals = members_[0]->totals;
  outcome.updated = std::isfinite(outcome.totals.loss);
  for (const auto& member : members_)
    outcome.exchange_ms = std::max(outcome.exchange_ms, member->exchange_ms);
  return outcome;
}

BatchTotals ColumnTeam::evaluate(const Batch& batch) {
  run_pass([&](Member& member) {
    forward(member, batch, PassContext{});
    for (int c : member.columns) member.totals = columns_[c]->loss(columns_, /*gradient=*/false);
    for (int c : member.columns) columns_[c]->end_pass();
    if (deferred()) finish(member);
  });
  return members_[0]->totals;
}

void ColumnTeam::differentiate(std::span<const float> logit_gradient, size_t down_to) {
  LayerUpdate nothing;
  nothing.frozen = true;
  run_pass([&](Member& member) {
    for (int c : member.columns) columns_[c]->seed_gradient(logit_gradient);
    for (size_t l = plan_.layers.size(); l-- > down_to;) {
      const bool input_gradient = l > down_to;
      for (int c : member.columns) columns_[c]->backward(l, nothing, input_gradient);
      if (input_gradient && plan_.layers[l].gathers) {
        rendezvous_.meet();
        for (int c : member.columns) columns_[c]->reduce(l, columns_);
      }
    }
  });
}

void ColumnTeam::read_place(const Place& place, bool gradient, int64_t images, std::span<float> out) const {
  const LayerPlan& layer = plan_.layers.at(place.layer);
  if (place.op > layer.ops.size())
    throw Error(ErrorCode::kInvalidArgument,
                "layer " + layer.spec.name + " has no op " + std::to_string(place.op) + " after it");
  const Shape shape = place.op == 0 ? layer.linear : layer.ops[place.op - 1].out;
  const int64_t plane = shape.height * shape.width, all = shape.count();
  if (static_cast<int64_t>(out.size()) != images * all)
    throw Error(ErrorCode::kInvalidArgument, "a place is read into an array of its size");
  run([&](Member& member) {
    for (int c : member.columns) {
      const Range share = column_range(shape.channels, plan_.spec.columns, c);
      std::vector<float> own(static_cast<size_t>(images * share.size() * plane));
      columns_[c]->read_place(place, gradient, images, own);
      for (int64_t i = 0; i < images; ++i)
        std::copy_n(own.data() + i * share.size() * plane, share.size() * plane,
                    out.data() + i * all + share.begin * plane);
    }
  });
}

const float* ColumnTeam::logits() const { return columns_[0]->logits(); }

void ColumnTeam::write(size_t layer, Parameter parameter, std::span<const float> values) {
  run([&](Member& member) {
    for (int c : member.columns) {
      const Range r = parameter_range(plan_, layer, parameter, c);
      columns_[c]->write(layer, parameter, values.subspan(r.begin, r.size()));
    }
  });
}

void ColumnTeam::read(size_t layer, Parameter parameter, std::span<float> values) const {
  run([&](Member& member) {
    for (int c : member.columns) {
      const Range r = parameter_range(plan_, layer, parameter, c);
      columns_[c]->read(layer, parameter, values.subspan(r.begin, r.size()));
    }
  });
}

bool ColumnTeam::all_finite() const {
  std::atomic<bool> finite{true};
  run([&](Member& member) {
    for (int c : member.columns)
      if (!columns_[c]->all_finite()) finite = false;
  });
  return finite;
}

}  // namespace alexnet::columns
