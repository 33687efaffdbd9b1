#include "train_task.h"

#include <type_traits>
#include <variant>
#include <vector>

#include "records.h"
#include "snapshot_binding.h"

namespace alexnet::addon {

void TrainTask::run() {
  // close() waits for this, whichever way run() ends.
  const auto signal = [](Occupancy* occupancy) { occupancy->work_done(); };
  const std::unique_ptr<Occupancy, decltype(signal)> done(&core_->occupancy, signal);
  end_ = core_->trainer->run(*this);
}

void TrainTask::tell(TrainEvent event) {
  // The trainer waits with its next snapshot until this one has been written.
  const bool checkpoint = std::holds_alternative<CheckpointRequest>(event);
  core_->events.push(std::move(event));
  announce(/*at_once=*/checkpoint);
}

Napi::Value TrainTask::result(Napi::Env env) { return from_run_state(env, end_); }

void TrainTask::deliver(Napi::Env env, const Napi::Function& callback) {
  std::vector<TrainEvent> events = core_->events.take();
  if (events.empty()) return;
  const auto convert = [&](auto& event) -> Napi::Object {
    using Event = std::decay_t<decltype(event)>;
    if constexpr (std::is_same_v<Event, StepRecord>) {
      return from_step(env, event);
    } else if constexpr (std::is_same_v<Event, ValidationRecord>) {
      return from_validation(env, event);
    } else if constexpr (std::is_same_v<Event, AppliedCommand>) {
      return from_command(env, event);
    } else if constexpr (std::is_same_v<Event, Notice>) {
      return from_notice(env, event);
    } else if constexpr (std::is_same_v<Event, TensorLook>) {
      return from_look(env, event);
    } else {
      Napi::Object object = from_checkpoint(env, event);
      object.Set("snapshot", NativeSnapshot::create(env, core_, std::move(event.snapshot)));
      return object;
    }
  };
  Napi::Array array = Napi::Array::New(env, events.size());
  for (uint32_t i = 0; i < events.size(); ++i) array.Set(i, std::visit(convert, events[i]));
  callback.Call({array});
}

}  // namespace alexnet::addon
