// The columns of a net, of one replica or of several, and the threads that drive them: one thread a device,
// each with one column of a replica or with all of them. When columns exchange and replicas add up their
// gradients is decided here and nowhere else; who computes what is in share.h.
//
// A layer's gradients are added up as soon as they are there: on GPUs that happens beside the lower layers'
// backward pass. A CPU's threads are all busy computing, so there is nothing beside which to do it: there the
// replicas meet, each adds up its part of the gradients, and they meet again.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "columns/column.h"
#include "columns/rendezvous.h"
#include "spec/device_layout.h"

namespace alexnet::columns {

/// Makes the column that computes `share`; called in the thread that will use it. `device` is the index in
/// the device list.
using ColumnFactory = std::function<std::unique_ptr<Column>(const Share& share, int device)>;

struct StepOutcome {
  BatchTotals totals;
  double exchange_ms = 0;  // the slowest device's time in waiting for other columns, copies and sums
  bool updated = false;    // false: the loss was not finite and nothing was changed
  // What columns cannot do as they should: every sentence once, in the pass that shows it.
  std::vector<std::string> notices;
};

class ColumnTeam {
 public:
  /// Throws what the factory throws.
  ColumnTeam(const NetPlan& plan, const DeviceLayout& layout, const ColumnFactory& factory);
  ~ColumnTeam();
  ColumnTeam(const ColumnTeam&) = delete;
  ColumnTeam& operator=(const ColumnTeam&) = delete;

  InputFormat input_format() const;
  /// See Column::allocate_input.
  std::shared_ptr<std::byte> allocate_input(int64_t bytes) const;

  /// See Column::accept_records: whether all columns do.
  bool accept_records(const Preprocessing& preprocessing);

  /// Forward, loss, backward and update. Where the loss is not finite nothing is updated. Batches are those
  /// of the whole step. `next`: what will probably be the next one, if it is known; its memory must not
  /// change meanwhile.
  StepOutcome train(const Batch& batch, const PassContext& context, std::span<const LayerUpdate> updates,
                    const std::optional<Batch>& next = std::nullopt);
  /// The same in two halves: a step may be started while the one before it is not finished, so that devices
  /// need not wait for whoever reads the outcome. Where that one's loss turns out not to be finite, neither
  /// step updates anything. Where columns are not deferred, start() does all the work.
  void start(const Batch& batch, const PassContext& context, std::span<const LayerUpdate> updates,
             const std::optional<Batch>& next = std::nullopt);
  StepOutcome finish();
  /// Whether two steps at a time gain anything.
  bool deferred() const { return columns_[0]->deferred(); }
  /// Forward and loss.
  BatchTotals evaluate(const Batch& batch);
  /// After evaluate(), on columns made for views: the gradient of a function of the logits, given as its
  /// gradient to them [batch, classes], for every place from the output of layer `down_to` up and inside it.
  void differentiate(std::span<const float> logit_gradient, size_t down_to);
  /// What the last pass made at a place, or its gradient, for the first `images` images, all columns joined:
  /// [images, channels, height, width] (see Column::read_place).
  void read_place(const Place& place, bool gradient, int64_t images, std::span<float> out) const;
  /// The joined logits of the last call: [batch, classes]. Valid until the next call.
  const float* logits() const;

  /// A whole parameter in canonical layout, all columns joined.
  void write(size_t layer, Parameter parameter, std::span<const float> values);
  void read(size_t layer, Parameter parameter, std::span<float> values) const;
  /// Whether every weight and bias is finite.
  bool all_finite() const;

 private:
  struct Member;
  using Task = std::function<void(Member&)>;

  static void check(const NetPlan& plan, const DeviceLayout& layout);
  /// Makes the columns, and connects those of several replicas.
  void make(const ColumnFactory& factory);
  /// Runs the task in every member's thread and waits; the first failure is thrown here.
  void run(const Task& task) const;
  /// The same; a failure is thrown when nothing that the pass started goes on any more.
  void run_pass(const Task& task) const;
  /// Waits until no device works on anything, whatever it says.
  void come_to_rest() const;
  void serve(Member& member);
  /// Frees everyone who waits in a meeting.
  void break_up() const;
  /// Destroys the columns in their threads and joins the threads.
  void end();

  Share share(int place) const { return all_.at(place); }
  /// The columns that exchange before a layer: a replica's, or all.
  std::span<Column* const> partners(const LayerPlan& layer, const Member& member) const;
  Rendezvous& meeting(const LayerPlan& layer, const Member& member) const;
  /// A replica's part of a step's batch.
  Batch part_of(const Batch& batch, int replica) const;

  void forward(Member& member, const Batch& batch, const PassContext& context,
               const std::optional<Batch>& next = std::nullopt);
  /// Joins logits and finds the loss; not deferred, every member then knows the whole step's.
  void loss(Member& member, bool gradient);
  void backward(Member& member, std::span<const LayerUpdate> updates);
  /// After backward() of a layer: the columns' gradients of what it read, where it gathers.
  void exchange_back(Member& member, size_t layer, bool input_gradient);
  /// Replicas have no business with looking into a net.
  void check_alone() const;
  void sum_and_update(Member& member, size_t layer, const LayerUpdate& update);
  void finish(Member& member);
  BatchTotals totals() const;

  const NetPlan& plan_;
  const DeviceLayout layout_;
  const Share all_;                             // the first column's; the others differ in their place
  std::vector<std::unique_ptr<Column>> owned_;  // by place
  std::vector<Column*> columns_;                // by place
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<std::unique_ptr<Rendezvous>> meetings_;  // by replica
  mutable Rendezvous everyone_;
  bool sums_meet_ = true;
  mutable std::vector<float> logits_;  // of several replicas

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable const Task* task_ = nullptr;
  mutable uint64_t round_ = 0;
  mutable int busy_ = 0;
  mutable std::exception_ptr failure_;
  bool ending_ = false;
};

}  // namespace alexnet::columns
