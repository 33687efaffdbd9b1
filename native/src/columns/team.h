// The columns of a net and the threads that drive them: one thread a device, each with one column or with
// all of them. Who computes what and when columns exchange is decided here and nowhere else.
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

namespace alexnet::columns {

/// Makes column `column`; called in the thread that will use it. `device` is the index in the device list.
using ColumnFactory = std::function<std::unique_ptr<Column>(int column, int device)>;

struct StepOutcome {
  BatchTotals totals;
  double exchange_ms = 0;  // the slowest device's time in waiting for and copying from other columns
  bool updated = false;    // false: the loss was not finite and nothing was changed
};

class ColumnTeam {
 public:
  /// `devices` is 1 (all columns on one) or plan.spec.columns (one each). Throws what the factory throws.
  ColumnTeam(const NetPlan& plan, int devices, const ColumnFactory& factory);
  ~ColumnTeam();
  ColumnTeam(const ColumnTeam&) = delete;
  ColumnTeam& operator=(const ColumnTeam&) = delete;

  InputFormat input_format() const;
  /// See Column::allocate_input.
  std::shared_ptr<std::byte> allocate_input(int64_t bytes) const;

  /// See Column::accept_records: whether all columns do.
  bool accept_records(const Preprocessing& preprocessing);

  /// Forward, loss, backward and update. Where the loss is not finite nothing is updated. `next`: what will
  /// probably be the next batch, if it is known; its memory must not change meanwhile.
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
  /// The joined logits of the last call: [batch, classes].
  const float* logits() const;

  /// A whole parameter in canonical layout, all columns joined.
  void write(size_t layer, Parameter parameter, std::span<const float> values);
  void read(size_t layer, Parameter parameter, std::span<float> values) const;
  /// Whether every weight and bias is finite.
  bool all_finite() const;

 private:
  struct Member;
  using Task = std::function<void(Member&)>;

  /// Runs the task in every member's thread and waits; the first failure is thrown here.
  void run(const Task& task) const;
  /// The same; a failure is thrown when nothing that the pass started goes on any more.
  void run_pass(const Task& task) const;
  /// Waits until no device works on anything, whatever it says.
  void come_to_rest() const;
  void serve(Member& member);
  /// Destroys the columns in their threads and joins the threads.
  void end();
  void forward(Member& member, const Batch& batch, const PassContext& context,
               const std::optional<Batch>& next = std::nullopt);
  void finish(Member& member);

  const NetPlan& plan_;
  std::vector<std::unique_ptr<Column>> owned_;
  std::vector<Column*> columns_;
  std::vector<std::unique_ptr<Member>> members_;
  mutable Rendezvous rendezvous_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable const Task* task_ = nullptr;
  mutable uint64_t round_ = 0;
  mutable int busy_ = 0;
  mutable std::exception_ptr failure_;
  bool ending_ = false;
};

}  // namespace alexnet::columns
