#include "columns/team.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <utility>

#include "alexnet/error.h"

namespace alexnet::columns {

namespace {

using Clock = std::chrono::steady_clock;

/// Adds the time until its end to a sum of milliseconds.
class Stopwatch {
 public:
  explicit Stopwatch(double& sum) : sum_(sum) {}
  ~Stopwatch() { sum_ += std::chrono::duration<double, std::milli>(Clock::now() - start_).count(); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& sum_;
  const Clock::time_point start_ = Clock::now();
};

/// The values of a parameter that belong to a share, as a range of the joined tensor.
Range parameter_range(const LayerPlan& layer, Parameter parameter, const Share& share) {
  Range range = share.width(layer);
  if (parameter == Parameter::kWeight || parameter == Parameter::kWeightVelocity) {
    const int64_t row = layer.weight_count() / layer.spec.width;
    range = {range.begin * row, range.end * row};
  }
  return range;
}

}  // namespace

/// One thread and the columns it drives.
struct ColumnTeam::Member {
  int device = 0, replica = 0;
  std::vector<int> columns;  // their places
  double exchange_ms = 0;
  BatchTotals own, whole;  // of its columns' rows, and of the step
  std::vector<std::string> notices;
  std::thread thread;
};

void ColumnTeam::check(const NetPlan& plan, const DeviceLayout& layout) {
  const int columns = plan.spec.columns;
  if (layout.devices != 1 && layout.devices != columns)
    throw Error(ErrorCode::kInvalidArgument, "a net of " + std::to_string(columns) +
                                                 " columns runs on one device or on one a column, not on " +
                                                 std::to_string(layout.devices));
  if (layout.replicas < 1 || layout.batch < layout.replicas)
    throw Error(ErrorCode::kInvalidArgument, "a team has replicas, and every one a row of the batch");
}

ColumnTeam::ColumnTeam(const NetPlan& plan, const DeviceLayout& layout, const ColumnFactory& factory)
    : plan_(plan),
      layout_(layout),
      all_{.columns = plan.spec.columns,
           .replicas = layout.replicas,
           .splits_fc = layout.splits_fc,
           .batch = layout.batch},
      everyone_(layout.devices * layout.replicas) {
  check(plan, layout);
  owned_.resize(static_cast<size_t>(all_.places()));
  columns_.resize(owned_.size());
  for (int r = 0; r < layout.replicas; ++r) {
    meetings_.push_back(std::make_unique<Rendezvous>(layout.devices));
    for (int d = 0; d < layout.devices; ++d) {
      auto member = std::make_unique<Member>();
      member->device = r * layout.devices + d;
      member->replica = r;
      for (int c = 0; c < all_.columns; ++c)
        if (const int place = r * all_.columns + c; layout.device_at(place, all_.columns) == member->device)
          member->columns.push_back(place);
      members_.push_back(std::move(member));
    }
  }
  for (auto& member : members_) member->thread = std::thread([this, m = member.get()] { serve(*m); });
  try {
    make(factory);
  } catch (...) {
    end();
    throw;
  }
}

ColumnTeam::~ColumnTeam() { end(); }

void ColumnTeam::make(const ColumnFactory& factory) {
  const auto make_columns = [&](const Member& member) {
    for (int p : member.columns) {
      owned_[p] = factory(share(p), member.device);
      columns_[p] = owned_[p].get();
    }
  };
  if (layout_.one_by_one) {
    for (const auto& next : members_)
      run([&](const Member& member) {
        if (&member == next.get()) make_columns(member);
      });
  } else {
    run(make_columns);
  }
  if (all_.replicas == 1) return;
  for (int r = 0; r < all_.replicas; ++r)
    run([&](Member& member) {
      if (member.replica != r) return;
      for (int p : member.columns) {
        std::vector<Column*> peers;
        for (int other = 0; other < all_.replicas; ++other)
          peers.push_back(columns_[other * all_.columns + share(p).column]);
        columns_[p]->connect(peers);
      }
    });
  sums_meet_ = columns_[0]->sums_meet();
}

void ColumnTeam::end() {
  come_to_rest();
  // A column is destroyed by the thread that created it: its device context lives there.
  // The last one first: a column may use what an earlier one of its thread has.
  run([&](Member& member) {
    for (auto p = member.columns.rbegin(); p != member.columns.rend(); ++p) owned_[*p].reset();
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
      break_up();
    }
    lock.lock();
    if (failure && !failure_) failure_ = failure;
    if (--busy_ == 0) changed_.notify_all();
  }
}

void ColumnTeam::break_up() const {
  everyone_.break_up();
  for (const auto& meeting : meetings_) meeting->break_up();
}

void ColumnTeam::run(const Task& task) const {
  std::unique_lock lock(mutex_);
  task_ = &task;
  busy_ = static_cast<int>(members_.size());
  failure_ = nullptr;
  ++round_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return busy_ == 0; });
  everyone_.reset();
  for (const auto& meeting : meetings_) meeting->reset();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void ColumnTeam::come_to_rest() const {
  run([&](Member& member) {
    for (int p : member.columns) try {
        if (owned_[p]) owned_[p]->rest();
      } catch (...) {
        // What failed has been reported, and nothing is left to save.
      }
  });
}

void ColumnTeam::run_pass(const Task& task) const {
  try {
    run([&](Member& member) {
      try {
        task(member);
      } catch (const RendezvousBroken&) {
        throw;
      } catch (...) {
        for (Column* column : columns_) column->abandon();
        throw;
      }
    });
  } catch (...) {
    // A device that did not fail may still read the batch, or another column's memory.
    come_to_rest();
    throw;
  }
}

InputFormat ColumnTeam::input_format() const { return columns_[0]->input_format(); }

std::shared_ptr<std::byte> ColumnTeam::allocate_input(int64_t bytes) const {
  return columns_[0]->allocate_input(bytes);
}

std::span<Column* const> ColumnTeam::partners(const LayerPlan& layer, const Member& member) const {
  const std::span<Column* const> all = columns_;
  if (all_.splits(layer)) return all;
  const auto columns = static_cast<size_t>(all_.columns);
  return all.subspan(static_cast<size_t>(member.replica) * columns, columns);
}

Rendezvous& ColumnTeam::meeting(const LayerPlan& layer, const Member& member) const {
  return all_.splits(layer) ? everyone_ : *meetings_[static_cast<size_t>(member.replica)];
}

Batch ColumnTeam::part_of(const Batch& batch, int replica) const {
  Batch part = batch;
  part.total = batch.valid;
  if (all_.replicas == 1) return part;
  const Range rows = share(replica * all_.columns).rows(plan_.layers.front());
  const int64_t valid = std::clamp<int64_t>(batch.valid - rows.begin, 0, rows.size());
  const auto* images = static_cast<const std::byte*>(batch.images);
  if (batch.draws) {
    // Of the pieces those that its rows are made of.
    part.draws = batch.draws + rows.begin;
    int64_t first = batch.first_piece, end = first;
    for (int64_t i = 0; i < valid; ++i) {
      const int64_t piece = part.draws[i].piece;
      first = i == 0 ? piece : std::min(first, piece);
      end = i == 0 ? piece + 1 : std::max(end, piece + 1);
    }
    part.images = images + (first - batch.first_piece) * batch.piece_bytes();
    part.first_piece = first;
    part.pieces = end - first;
  } else {
    part.images = images + rows.begin * input_format().image_bytes(plan_.spec.input_size);
  }
  if (all_.splits(plan_.layers.back())) return part;  // the loss is of all rows
  if (batch.labels) part.labels = batch.labels + rows.begin;
  part.valid = valid;
  return part;
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
  for (int p : member.columns) columns_[p]->set_batch(part_of(batch, member.replica));
  if (next)
    for (int p : member.columns) columns_[p]->prefetch(part_of(*next, member.replica));
  for (size_t l = 0; l < plan_.layers.size(); ++l) {
    const LayerPlan& layer = plan_.layers[l];
    if (all_.gathers(layer)) {
      const Stopwatch watch(member.exchange_ms);
      meeting(layer, member).meet();
      for (int p : member.columns) columns_[p]->gather(l, partners(layer, member));
    }
    for (int p : member.columns) columns_[p]->forward(l, context);
  }
}

void ColumnTeam::loss(Member& member, bool gradient) {
  const LayerPlan& classifier = plan_.layers.back();
  meeting(classifier, member).meet();
  for (int p : member.columns) member.own = columns_[p]->loss(partners(classifier, member), gradient);
  if (deferred()) return;
  member.whole = member.own;
  if (!all_.sums(classifier)) return;
  everyone_.meet();
  member.whole = totals();
}

/// Of the step, once every member knows its own. In the replicas' order, so that all find the same bits.
BatchTotals ColumnTeam::totals() const {
  if (!all_.sums(plan_.layers.back())) return members_[0]->own;
  BatchTotals sum;
  for (size_t m = 0; m < members_.size(); m += static_cast<size_t>(layout_.devices)) {
    const BatchTotals& part = members_[m]->own;
    sum.loss += part.loss;
    sum.top1_hits += part.top1_hits;
    sum.top5_hits += part.top5_hits;
    sum.images += part.images;
  }
  return sum;
}

void ColumnTeam::backward(Member& member, std::span<const LayerUpdate> updates) {
  // Below the first layer that still learns nothing needs a gradient.
  size_t first = 0;
  while (first < updates.size() && updates[first].frozen) ++first;
  for (size_t l = plan_.layers.size(); l-- > first;) {
    const LayerPlan& layer = plan_.layers[l];
    const bool input_gradient = l > first;
    for (int p : member.columns) columns_[p]->backward(l, updates[l], input_gradient);
    exchange_back(member, l, input_gradient);
    if (all_.sums(layer) && !updates[l].frozen) sum_and_update(member, l, updates[l]);
  }
}

void ColumnTeam::exchange_back(Member& member, size_t layer, bool input_gradient) {
  const LayerPlan& plan = plan_.layers[layer];
  if (!input_gradient || !all_.gathers(plan)) return;
  const Stopwatch watch(member.exchange_ms);
  meeting(plan, member).meet();
  for (int p : member.columns) columns_[p]->reduce(layer, partners(plan, member));
}

void ColumnTeam::check_alone() const {
  if (all_.replicas > 1) throw Error(ErrorCode::kInvalidArgument, "only a net alone is looked into");
}

void ColumnTeam::sum_and_update(Member& member, size_t layer, const LayerUpdate& update) {
  {
    const Stopwatch watch(member.exchange_ms);
    if (sums_meet_) everyone_.meet();
    for (int p : member.columns) columns_[p]->sum_gradients(layer);
    if (sums_meet_) everyone_.meet();
  }
  for (int p : member.columns) columns_[p]->update(layer, update);
}

void ColumnTeam::finish(Member& member) {
  member.exchange_ms = 0;
  for (int p : member.columns) {
    const FinishedPass pass = columns_[p]->finish();
    member.own = pass.totals;
    member.exchange_ms += pass.exchange_ms;
    if (!pass.notice.empty()) member.notices.push_back(pass.notice);
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
  run_pass([&](Member& member) {
    forward(member, batch, context, next);
    loss(member, /*gradient=*/true);
    // Every member finds the same loss, so all of them stop here or none.
    if (!deferred() && !std::isfinite(member.whole.loss)) return;
    backward(member, updates);
    for (int p : member.columns) columns_[p]->end_pass();
  });
}

StepOutcome ColumnTeam::finish() {
  if (deferred()) run_pass([&](Member& member) { finish(member); });
  StepOutcome outcome;
  outcome.totals = totals();
  outcome.updated = std::isfinite(outcome.totals.loss);
  for (const auto& member : members_) {
    outcome.exchange_ms = std::max(outcome.exchange_ms, member->exchange_ms);
    for (const std::string& notice : std::exchange(member->notices, {}))
      if (std::find(outcome.notices.begin(), outcome.notices.end(), notice) == outcome.notices.end())
        outcome.notices.push_back(notice);
  }
  return outcome;
}

BatchTotals ColumnTeam::evaluate(const Batch& batch) {
  run_pass([&](Member& member) {
    forward(member, batch, PassContext{});
    loss(member, /*gradient=*/false);
    for (int p : member.columns) columns_[p]->end_pass();
    if (deferred()) finish(member);
  });
  return totals();
}

void ColumnTeam::differentiate(std::span<const float> logit_gradient, size_t down_to) {
  check_alone();
  LayerUpdate nothing;
  nothing.frozen = true;
  run_pass([&](Member& member) {
    for (int p : member.columns) columns_[p]->seed_gradient(logit_gradient);
    for (size_t l = plan_.layers.size(); l-- > down_to;) {
      const bool input_gradient = l > down_to;
      for (int p : member.columns) columns_[p]->backward(l, nothing, input_gradient);
      exchange_back(member, l, input_gradient);
    }
  });
}

void ColumnTeam::read_place(const Place& place, bool gradient, int64_t images, std::span<float> out) const {
  check_alone();
  const LayerPlan& layer = plan_.layers.at(place.layer);
  if (place.op > layer.ops.size())
    throw Error(ErrorCode::kInvalidArgument,
                "layer " + layer.spec.name + " has no op " + std::to_string(place.op) + " after it");
  const Shape shape = place.op == 0 ? layer.linear : layer.ops[place.op - 1].out;
  const int64_t plane = shape.height * shape.width, all = shape.count();
  if (static_cast<int64_t>(out.size()) != images * all)
    throw Error(ErrorCode::kInvalidArgument, "a place is read into an array of its size");
  run([&](Member& member) {
    for (int p : member.columns) {
      const Range share = column_range(shape.channels, plan_.spec.columns, p);
      std::vector<float> own(static_cast<size_t>(images * share.size() * plane));
      columns_[p]->read_place(place, gradient, images, own);
      for (int64_t i = 0; i < images; ++i)
        std::copy_n(own.data() + i * share.size() * plane, share.size() * plane,
                    out.data() + i * all + share.begin * plane);
    }
  });
}

const float* ColumnTeam::logits() const {
  const LayerPlan& classifier = plan_.layers.back();
  if (!all_.sums(classifier)) return columns_[0]->logits();
  logits_.clear();
  for (int r = 0; r < all_.replicas; ++r) {
    const int first = r * all_.columns;
    const float* rows = columns_[first]->logits();
    logits_.insert(logits_.end(), rows, rows + share(first).rows(classifier).size() * plan_.spec.classes);
  }
  return logits_.data();
}

void ColumnTeam::write(size_t layer, Parameter parameter, std::span<const float> values) {
  run([&](Member& member) {
    for (int p : member.columns) {
      const Range r = parameter_range(plan_.layers[layer], parameter, share(p));
      columns_[p]->write(layer, parameter, values.subspan(r.begin, r.size()));
    }
  });
}

void ColumnTeam::read(size_t layer, Parameter parameter, std::span<float> values) const {
  run([&](Member& member) {
    // Where a layer is replicated all replicas have the same.
    if (member.replica > 0 && all_.sums(plan_.layers[layer])) return;
    for (int p : member.columns) {
      const Range r = parameter_range(plan_.layers[layer], parameter, share(p));
      columns_[p]->read(layer, parameter, values.subspan(r.begin, r.size()));
    }
  });
}

bool ColumnTeam::all_finite() const {
  std::atomic<bool> finite{true};
  run([&](Member& member) {
    for (int p : member.columns)
      if (!columns_[p]->all_finite()) finite = false;
  });
  return finite;
}

}  // namespace alexnet::columns
