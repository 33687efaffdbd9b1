// What an evaluation counts, and the softmax outputs of several nets over one split, added up on disk.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "alexnet/pack.h"

namespace alexnet {

/// What an image counts whose true class is as probable as others at the edge of the best one or five.
enum class Ties {
  kFirst,     // a hit or a miss: of equals the lower class comes first
  kFraction,  // the share of the places left among the equals, as the 2012 code counted
};

/// Sums over a split; per-class and confusion counts by label. Ties::kFraction changes the two errors and
/// their intervals alone: the counts, the five best and their order take the lower of equal classes first.
struct EvaluationResult {
  int64_t images = 0;
  double loss = 0, top1_error = 0, top5_error = 0;
  std::array<double, 2> top1_interval{}, top5_interval{};  // 95 %, by bootstrap over the images
  std::vector<int64_t> confusion;                          // [classes, classes]: row true, column answered
  std::vector<int64_t> class_images, class_top5_hits;      // [classes]
  std::vector<int32_t> labels;                             // [images]
  std::vector<int32_t> top5;                               // [images, 5], -1 where there are fewer classes
  std::vector<float> top5_probability;                     // [images, 5]
  std::vector<float> true_probability;                     // [images]
};

/// Told (done, total); false stops the work, which then throws kCancelled.
using EvaluationProgress = std::function<bool(int64_t, int64_t)>;

/// [images, classes] floats in a file without a name: what several nets answered to a split, one net after
/// the other, so that no two of them need to be in memory and nothing is left behind whatever happens. A
/// thousand classes and 50,000 images take 200 MB of disk. One thread at a time.
class AnswerSums {
 public:
  /// Room on `folder`'s disk for the answers to a pack. Throws kDiskFull at once where there is none, kIo.
  AnswerSums(const std::string& folder, int64_t images, int64_t classes);
  ~AnswerSums();
  AnswerSums(const AnswerSums&) = delete;
  AnswerSums& operator=(const AnswerSums&) = delete;

  int64_t images() const;
  int64_t classes() const;
  /// Nets whose answers to every image are in.
  int64_t members() const;

  /// The next net begins: its answers come from the first image on, without a gap.
  void begin_member();
  /// [count, classes] of images [first, first + count). Throws kInvalidArgument out of order, kIo, kDiskFull.
  void add(int64_t first, std::span<const float> probabilities);

  /// The average of the nets' answers against the pack's labels. Throws kInvalidArgument where no net is
  /// whole, or one stopped halfway, or the pack is another; kCancelled.
  EvaluationResult average(const PackReader& pack, const EvaluationProgress& progress,
                           Ties ties = Ties::kFirst);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alexnet
