// TrainTask: trains on a thread of its own and passes the trainer's events on, in order, in batches.
#pragma once

#include <memory>
#include <utility>

#include "alexnet/trainer.h"
#include "task.h"
#include "trainer_core.h"

namespace alexnet::addon {

class TrainTask : public Task, private TrainObserver {
 public:
  explicit TrainTask(std::shared_ptr<TrainerCore> core) : core_(std::move(core)) {}

 protected:
  void run() override;
  Napi::Value result(Napi::Env env) override;
  void deliver(Napi::Env env, const Napi::Function& callback) override;
  void request_stop() noexcept override { core_->abandon(); }
  void ended() noexcept override { core_->occupancy.end(); }

 private:
  void on_step(const StepRecord& record) override { tell(record); }
  void on_validation(const ValidationRecord& record) override { tell(record); }
  void on_command(const AppliedCommand& applied) override { tell(applied); }
  void on_notice(const Notice& notice) override { tell(notice); }
  void on_checkpoint(CheckpointRequest request) override { tell(std::move(request)); }
  void on_look(TensorLook look) override { tell(std::move(look)); }
  void tell(TrainEvent event);

  std::shared_ptr<TrainerCore> core_;
  RunState end_ = RunState::kStopped;
};

}  // namespace alexnet::addon
