// How a list of devices shares a net's work.
#pragma once

#include "alexnet/run_config.h"

namespace alexnet {

/// `replicas` groups of `devices` each, in the list's order. What each of them computes: columns/share.h.
struct DeviceLayout {
  int64_t batch = 0;  // rows of a step, over all replicas
  int devices = 1;    // of a replica: 1, all its columns on one, or one a column
  int replicas = 1;
  bool splits_fc = false;  // the hybrid: fully connected layers are split over all columns of all replicas
  /// Columns are made one after the other: on a GPU that is named twice, so that one that finds no memory
  /// knows what the earlier ones have; on CPUs, since oneDNN's cache of primitives is not safe from several
  /// threads.
  bool one_by_one = false;

  /// Whether one device has all columns of a replica.
  bool together() const { return devices == 1; }
  /// Which device of the list, from 0, has a column's place among all columns of all replicas, replica by
  /// replica, of a net of so many columns (see columns/share.h).
  int device_at(int place, int columns) const {
    return place / columns * devices + (together() ? 0 : place % columns);
  }
  /// `list`, of a number a device, place by place.
  std::vector<int> by_place(const std::vector<int>& list, int columns) const;
};

/// Throws Error(kInvalidConfig) naming the field, and what would work, for a list of devices, a net or a
/// batch that this kind of sharing cannot use. A device may be named twice.
DeviceLayout layout_devices(const NetSpec& net, Parallelism parallelism,
                            const std::vector<std::string>& devices, int64_t batch);

}  // namespace alexnet
