// What a net on the CPU is for, and so what its layers keep.
#pragma once

namespace alexnet::cpu {

/// kAnswer: forward alone; neighbouring ops are fused and work in place. kView: every op's result is kept
/// apart, and gradients can be asked for; no parameter is updated. kTrain: forward, backward, update.
enum class Purpose { kAnswer, kView, kTrain };

constexpr bool has_gradients(Purpose purpose) { return purpose != Purpose::kAnswer; }
constexpr bool has_updates(Purpose purpose) { return purpose == Purpose::kTrain; }
constexpr bool keeps_all(Purpose purpose) { return purpose == Purpose::kView; }

}  // namespace alexnet::cpu
