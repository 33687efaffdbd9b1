// Predictor: a trained net that answers; no gradients.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "alexnet/net_spec.h"
#include "alexnet/run_config.h"
#include "alexnet/sampling.h"
#include "alexnet/trainer.h"

namespace alexnet {

struct PredictorOptions {
  NetSpec net;
  Preprocessing preprocessing;
  std::vector<std::string> devices{"cpu"};
  Precision precision = Precision::kFp32;
  int threads = 0;
  int64_t batch = 1;  // inputs (crops) at once; larger is faster for many photos and needs more memory
};

/// Sums over a split; per-class and confusion counts by label.
struct EvaluationResult {
  int64_t images = 0;
  double loss = 0, top1_error = 0, top5_error = 0;
  std::vector<int64_t> confusion;                      // [classes, classes]: row true, column answered
  std::vector<int64_t> class_images, class_top5_hits;  // [classes]
  std::vector<int32_t> top5;                           // [images, 5], -1 where there are fewer classes
  std::vector<float> top5_probability;                 // [images, 5]
  std::vector<float> true_probability;                 // [images]
};

class Predictor {
 public:
  /// Throws kInvalidSpec, kDeviceUnavailable, kOutOfMemory.
  explicit Predictor(const PredictorOptions& options);
  ~Predictor();
  Predictor(const Predictor&) = delete;
  Predictor& operator=(const Predictor&) = delete;

  const NetPlan& plan() const;
  /// Weights and biases only. Every tensor must be loaded before the first prediction (kInvalidArgument).
  const std::vector<TensorInfo>& tensors() const;
  void load(const std::string& tensor, int64_t offset, std::span<const float> values);

  /// Softmax of each record: [count, classes] at `out`; with 10 crops the mean of the ten softmaxes.
  /// `records[i]` is 256x256x3 bytes. crops is 1 or 10.
  void predict(std::span<const uint8_t* const> records, int crops, float* out);
  /// Softmax of each of the ten crops by itself, in the order of ten_crop_samples(): [count, 10, classes].
  void predict_crops(std::span<const uint8_t* const> records, float* out);
  /// Logits of the centre crop: [count, classes].
  void logits(std::span<const uint8_t* const> records, float* out);

  /// A whole pack. `progress(done, total)` returns false to stop (kCancelled).
  EvaluationResult evaluate(const PackReader& pack, int crops,
                            const std::function<bool(int64_t, int64_t)>& progress);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alexnet
