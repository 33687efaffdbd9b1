// Predictor: a trained net that answers; no gradients.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "alexnet/evaluation.h"
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

  /// A whole pack; kCancelled where `progress` says stop. Every answer is added to `sums` where there are
  /// some; they must be of this pack's images and classes.
  EvaluationResult evaluate(const PackReader& pack, int crops, const EvaluationProgress& progress,
                            AnswerSums* sums = nullptr, Ties ties = Ties::kFirst);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alexnet
