// A column that computes nothing, checks who calls it and notes what was called.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "columns/team.h"

namespace alexnet::test {

/// What the columns of one team share; outlives them.
struct FakeWorld {
  std::string fail_in;  // a call's name, e.g. "backward 1"; empty: nothing fails
  int fail_column = 0;
  double loss = 1;
  int loss_column = -1;  // the only one whose loss that is, all others' being 1; -1: all
  bool finite = true;
  std::atomic<int> wrong_thread{0};  // calls from another thread than the one that made the column
  std::atomic<int> too_early{0};     // reads of a column that had not yet made what is read
  std::atomic<int> alive{0};
  // By column: its place among all columns of all replicas.
  std::vector<std::vector<std::string>> calls;
  std::vector<std::thread::id> threads;  // who made it
  std::vector<columns::Batch> batches;   // its last one
  std::atomic<int> abandoned{0};

  explicit FakeWorld(int columns)
      : calls(static_cast<size_t>(columns)),
        threads(static_cast<size_t>(columns)),
        batches(static_cast<size_t>(columns)) {}
};

class FakeColumn : public columns::Column {
 public:
  FakeColumn(FakeWorld& world, const columns::Share& share, const NetPlan& plan)
      : world_(world),
        column_(share.place()),
        forwarded_(plan.layers.size()),
        gone_back_(plan.layers.size()),
        summed_(plan.layers.size()) {
    world_.threads[static_cast<size_t>(column_)] = std::this_thread::get_id();
    ++world_.alive;
    call("make");
  }
  ~FakeColumn() override {
    note_thread();
    --world_.alive;
  }

  columns::InputFormat input_format() const override { return {InputLayout::kNhwc, InputType::kBfloat16}; }
  void set_batch(const columns::Batch& batch) override {
    ++pass_;
    world_.batches[static_cast<size_t>(column_)] = batch;
    call("batch");
  }
  void gather(size_t layer, std::span<columns::Column* const> all) override {
    call("gather " + std::to_string(layer));
    check(all, &FakeColumn::forwarded_, layer - 1);
  }
  void forward(size_t layer, const columns::PassContext&) override {
    call("forward " + std::to_string(layer));
    forwarded_[layer] = pass_;
  }
  columns::BatchTotals loss(std::span<columns::Column* const> all, bool gradient) override {
    call(gradient ? "loss with gradient" : "loss");
    check(all, &FakeColumn::forwarded_, forwarded_.size() - 1);
    const bool all_alike = world_.loss_column < 0 || world_.loss_column == column_;
    return {all_alike ? world_.loss : 1, 1, 2, 3};
  }
  const float* logits() const override { return logits_; }
  void backward(size_t layer, const columns::LayerUpdate&, bool input_gradient) override {
    call("backward " + std::to_string(layer) + (input_gradient ? "" : " without input gradient"));
    gone_back_[layer] = pass_;
  }
  void reduce(size_t layer, std::span<columns::Column* const> all) override {
    call("reduce " + std::to_string(layer));
    check(all, &FakeColumn::gone_back_, layer);
  }

  void connect(std::span<columns::Column* const> replicas) override {
    call("connect");
    replicas_.assign(replicas.begin(), replicas.end());
  }
  void sum_gradients(size_t layer) override {
    call("sum " + std::to_string(layer));
    check(replicas_, &FakeColumn::gone_back_, layer);
    summed_[layer] = pass_;
  }
  void update(size_t layer, const columns::LayerUpdate&) override {
    call("update " + std::to_string(layer));
    check(replicas_, &FakeColumn::summed_, layer);
  }
  void abandon() override { ++world_.abandoned; }

  void write(size_t layer, columns::Parameter parameter, std::span<const float> values) override {
    call("write");
    values_[{layer, parameter}] = {values.begin(), values.end()};
  }
  void read(size_t layer, columns::Parameter parameter, std::span<float> values) const override {
    const auto& stored = values_.at({layer, parameter});
    if (stored.size() != values.size()) throw std::logic_error("a read of another size than the write");
    std::copy(stored.begin(), stored.end(), values.begin());
  }
  bool all_finite() const override { return world_.finite || column_ == 0; }

  const std::vector<float>& values(size_t layer, columns::Parameter parameter) const {
    return values_.at({layer, parameter});
  }

 private:
  using Passes = std::vector<int>;

  /// Whether every column has finished `layer` in this pass.
  void check(std::span<columns::Column* const> all, Passes FakeColumn::*passes, size_t layer) {
    for (const columns::Column* other : all)
      world_.too_early += (static_cast<const FakeColumn*>(other)->*passes)[layer] != pass_;
  }
  void note_thread() const {
    world_.wrong_thread += std::this_thread::get_id() != world_.threads[static_cast<size_t>(column_)];
  }
  void call(const std::string& name) {
    note_thread();
    world_.calls[static_cast<size_t>(column_)].push_back(name);
    if (column_ == world_.fail_column && name == world_.fail_in) throw std::runtime_error("broken: " + name);
  }

  FakeWorld& world_;
  const int column_;
  int pass_ = 0;
  // By layer, the last pass that did it. Plain ints on purpose: the team's meetings alone order their reads
  // by other columns' threads.
  Passes forwarded_, gone_back_, summed_;
  std::vector<columns::Column*> replicas_;
  float logits_[1] = {0};
  std::map<std::pair<size_t, columns::Parameter>, std::vector<float>> values_;
};

/// The team of fake columns and what they noted.
struct FakeTeam {
  FakeTeam(const NetPlan& plan, int devices) : FakeTeam(plan, devices, {}, 0) {}
  FakeTeam(const NetPlan& plan, int devices, const std::string& fail_in, int fail_column)
      : FakeTeam(plan, DeviceLayout{.batch = 3, .devices = devices}, fail_in, fail_column) {}
  FakeTeam(const NetPlan& plan, const DeviceLayout& layout, const std::string& fail_in = {},
           int fail_column = 0)
      : world(plan.spec.columns * layout.replicas) {
    world.fail_in = fail_in;
    world.fail_column = fail_column;
    columns.resize(world.calls.size());
    device_of.resize(world.calls.size(), -1);
    team = std::make_unique<columns::ColumnTeam>(plan, layout, [&](const columns::Share& share, int device) {
      auto made = std::make_unique<FakeColumn>(world, share, plan);
      columns[static_cast<size_t>(share.place())] = made.get();
      device_of[static_cast<size_t>(share.place())] = device;
      return made;
    });
  }
  void forget() {
    for (auto& calls : world.calls) calls.clear();
  }

  FakeWorld world;
  std::vector<FakeColumn*> columns;
  std::vector<int> device_of;  // by column
  std::unique_ptr<columns::ColumnTeam> team;
};

}  // namespace alexnet::test
