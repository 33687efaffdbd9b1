// The tensors of a net by their names, gathered before they go to the devices.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "alexnet/trainer.h"
#include "columns/team.h"

namespace alexnet::train {

/// Names every tensor of a net ("conv1.weight", "conv1.bias", and with velocities "conv1.weight.velocity",
/// ...), takes their values piece by piece, and hands them to the columns.
class ParameterStore {
 public:
  ParameterStore(const NetPlan& plan, bool velocities);

  const std::vector<TensorInfo>& infos() const { return infos_; }
  /// Throws kNotFound.
  size_t index(const std::string& name) const;

  /// Throws kNotFound, kInvalidArgument (outside the tensor).
  void load(const std::string& name, int64_t offset, std::span<const float> values);

  /// Hands everything to the team. A tensor of which nothing was loaded is drawn by the net's rule (zero
  /// for velocities); `complete`: it is an error instead. One that was loaded in part is an error. After an
  /// error nothing has changed and more can be loaded; otherwise the staged values are freed.
  void commit(columns::ColumnTeam& team, uint64_t seed, bool complete);

  std::vector<float> read(const columns::ColumnTeam& team, size_t index) const;

 private:
  struct Place {
    size_t layer;
    columns::Parameter parameter;
  };
  struct Staged {
    std::vector<float> values;
    std::vector<Range> loaded;  // ascending, with gaps between them
  };

  /// Throws where a tensor was loaded in part or, with `complete`, not at all.
  void check_staged(bool complete) const;

  const NetPlan& plan_;
  std::vector<TensorInfo> infos_;
  std::vector<Place> places_;
  std::vector<Staged> staged_;
};

}  // namespace alexnet::train
