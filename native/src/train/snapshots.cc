#include "train/snapshots.h"

#include <utility>

namespace alexnet::train {

bool SnapshotGate::enter(const std::function<bool()>& give_up) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !taken_ || give_up(); });
  if (taken_) return false;
  taken_ = true;
  return true;
}

void SnapshotGate::leave() {
  const std::lock_guard lock(mutex_);
  taken_ = false;
  changed_.notify_all();
}

void SnapshotGate::wake() {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

namespace {

class CopiedSnapshot : public Snapshot {
 public:
  CopiedSnapshot(std::shared_ptr<SnapshotGate> gate, int64_t step, std::string state)
      : gate_(std::move(gate)), step_(step), state_(std::move(state)) {}
  ~CopiedSnapshot() override {
    tensors_.clear();
    gate_->leave();
  }

  int64_t step() const override { return step_; }
  const std::string& state() const override { return state_; }
  const std::vector<TensorInfo>& tensors() const override { return infos_; }
  std::span<const float> tensor(size_t index) const override { return tensors_.at(index); }

  void copy(const columns::ColumnTeam& team, const ParameterStore& parameters) {
    infos_ = parameters.infos();
    for (size_t i = 0; i < infos_.size(); ++i) tensors_.push_back(parameters.read(team, i));
  }

 private:
  const std::shared_ptr<SnapshotGate> gate_;
  const int64_t step_;
  const std::string state_;
  std::vector<TensorInfo> infos_;
  std::vector<std::vector<float>> tensors_;
};

}  // namespace

std::shared_ptr<Snapshot> take_snapshot(const std::shared_ptr<SnapshotGate>& gate,
                                        const columns::ColumnTeam& team, const ParameterStore& parameters,
                                        int64_t step, std::string state) {
  auto snapshot = std::make_shared<CopiedSnapshot>(gate, step, std::move(state));
  snapshot->copy(team, parameters);
  return snapshot;
}

}  // namespace alexnet::train
