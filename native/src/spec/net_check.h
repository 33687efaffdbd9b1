// The rules a net description must keep whatever its shapes are: ranges, names, order of layers.
#pragma once

#include "alexnet/net_spec.h"

namespace alexnet::spec {

/// Throws Error(kInvalidSpec) naming layer, field and reason at the first rule that is broken.
void check_net_spec(const NetSpec& net);

/// The rules of one normalisation or pooling, for a layer or (layer empty) for the net's default.
void check_lrn(const LrnSpec& lrn, const std::string& layer);
void check_spatial_norm(const SpatialNormSpec& norm, const std::string& layer);
void check_pool(const PoolSpec& pool, const std::string& layer);
void check_dropout(double dropout, const std::string& layer);
void check_init(const InitSpec& init, const std::string& layer);

/// The word for an op in a layer's "then" list.
const char* op_name(OpKind kind);

}  // namespace alexnet::spec
