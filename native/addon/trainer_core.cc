#include "trainer_core.h"

#include <utility>

namespace alexnet::addon {

void TrainerCore::abandon() noexcept {
  if (occupancy.closed()) return;  // done before, and close() may be freeing the trainer right now
  events.discard();
  for (const std::weak_ptr<SnapshotHandle>& weak : snapshots) {
    if (const auto handle = weak.lock()) handle->snapshot.reset();
  }
  snapshots.clear();
  if (trainer) trainer->abort();
}

std::shared_ptr<SnapshotHandle> TrainerCore::hold(std::shared_ptr<Snapshot> snapshot) {
  std::erase_if(snapshots, [](const std::weak_ptr<SnapshotHandle>& weak) { return weak.expired(); });
  auto handle = std::make_shared<SnapshotHandle>(SnapshotHandle{std::move(snapshot)});
  snapshots.push_back(handle);
  return handle;
}

}  // namespace alexnet::addon
