// The preprocessing of a training run, made from its data set's statistics.
#pragma once

#include <optional>

#include "alexnet/pack.h"
#include "alexnet/run_config.h"

namespace alexnet::train {

/// `input`, where given, says what is subtracted and the gains; the colours' axes are the data set's all the
/// same. Throws kInvalidConfig where its crops are not the net's.
Preprocessing make_preprocessing(const PackStatistics& statistics, const RunConfig& config,
                                 const std::optional<Preprocessing>& input = {});

}  // namespace alexnet::train
