// The preprocessing of a training run, made from its data set's statistics.
#pragma once

#include "alexnet/pack.h"
#include "alexnet/run_config.h"

namespace alexnet::train {

Preprocessing make_preprocessing(const PackStatistics& statistics, const RunConfig& config);

}  // namespace alexnet::train
