// A NetSpec, and a Preprocessing, as the interface's plain structs, and back.
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

PluginPreprocessing flatten(const Preprocessing& preprocessing);
/// The other way round; what only draws need is not carried.
Preprocessing unflatten(const PluginPreprocessing& flat);

/// The other way round. Initial weights, rates and decays are not carried.
NetSpec unflatten(const PluginNet& net);

}  // namespace alexnet::cuda
