// A NetSpec as the interface's plain structs, and back.
#pragma once

#include <vector>

#include "alexnet/net_spec.h"
#include "cuda/interface.h"

namespace alexnet::cuda {

/// Holds what `net` points to; keep it until the call that reads it has returned. Points into `spec`.
class FlatNet {
 public:
  explicit FlatNet(const NetSpec& spec);
  FlatNet(const FlatNet&) = delete;
  FlatNet& operator=(const FlatNet&) = delete;

  const PluginNet* net() const { return &net_; }

 private:
  std::vector<std::vector<PluginOp>> ops_;
  std::vector<PluginLayer> layers_;
  PluginNet net_{};
};

/// The other way round. Initial weights, rates and decays are not carried.
NetSpec unflatten(const PluginNet& net);

}  // namespace alexnet::cuda
