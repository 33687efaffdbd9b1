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
  // Everything a pass makes is kept, for look_at() and what follows it: CPU and fp32 only, slower.
  bool views = false;
};

/// A result inside the net: of a layer's convolution or product (op 0), or of the n-th op of its "then" list
/// (op n).
struct InnerPlace {
  int64_t layer = 0, op = 0;
};

/// The top left pixel of a square in a crop.
struct Corner {
  int64_t top = 0, left = 0;
};

/// How active the units of one layer are over a sample of images. A unit is a map (all its pixels taken
/// together) or a unit of a fully connected layer; all arrays are [units].
struct LayerActivity {
  std::string layer;
  int64_t images = 0;
  int64_t values = 0;                   // of each unit in one image: height * width, or 1
  std::vector<double> mean, deviation;  // after the activation
  std::vector<float> largest;
  std::vector<double> zero_share;       // of its values that are exactly 0
  std::vector<double> saturated_share;  // tanh, sigmoid: within 2.5 % of the range of an end of it
  std::vector<int64_t> active_images;   // in which some value is not 0 (ReLU) or not saturated (others)

  /// Units that no image of the sample makes active.
  int64_t dead() const;
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
  /// A pack of other classes. `class_of`: the net's class for each of the pack's, -1 for those that it does
  /// not know, whose images are left out: the result's images are the others, in their order.
  EvaluationResult evaluate_known(const PackReader& pack, std::span<const int32_t> class_of, int crops,
                                  const EvaluationProgress& progress, Ties ties = Ties::kFirst);

  /// Features of the centre crops: what the classifier reads, [count, feature_count()], with dropout as at
  /// test (paper section 6.1: distances between photos are taken there).
  int64_t feature_count() const;
  void features(std::span<const uint8_t* const> records, float* out);

  /// Every layer with an activation, over the centre crops of a sample. `progress` as in evaluate().
  std::vector<LayerActivity> activity(std::span<const uint8_t* const> records,
                                      const std::function<bool(int64_t, int64_t)>& progress = {});

  /// Softmax of the centre crop with a square of `side` pixels at each of the corners set to the mean (an
  /// input of 0): [corners, classes]. A square may reach beyond the crop. `progress` as in evaluate().
  /// Source: Zeiler and Fergus 2014, section 4.2.
  void occlude(const uint8_t* record, std::span<const Corner> corners, int64_t side, float* out,
               const std::function<bool(int64_t, int64_t)>& progress = {});

  /// With options.views. Takes in a record's centre crop; `probabilities` is [classes].
  void look_at(const uint8_t* record, float* probabilities);
  /// The shape of a place. Throws kInvalidArgument where the net has no such place.
  Shape shape_of(const InnerPlace& place) const;
  /// After look_at(): the maps of a place, [channels, height, width].
  std::vector<float> maps(const InnerPlace& place) const;
  /// After look_at(): the gradient of a class's logit to the maps of a place, [channels, height, width].
  /// A ReLU's slope at 0 is 0.
  std::vector<float> class_gradient(int64_t label, const InnerPlace& place);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alexnet
