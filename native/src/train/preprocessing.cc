#include "train/preprocessing.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "alexnet/error.h"

namespace alexnet::train {

Preprocessing make_preprocessing(const PackStatistics& statistics, const RunConfig& config,
                                 const std::optional<Preprocessing>& input) {
  Preprocessing pre;
  pre.crop_size = config.net.input_size;
  pre.mean = config.augmentation.mean;
  pre.mean_follows_crop = config.augmentation.mean_follows_crop;
  pre.mean_image = statistics.mean_image;
  for (size_t i = 0; i < 3; ++i) {
    pre.mean_rgb[i] = static_cast<float>(statistics.mean_rgb[i]);
    pre.gain[i] = static_cast<float>(config.input_gain);
    // Along an axis the deviation is the root of the eigenvalue, as in the original code; the paper's text
    // read literally would add noise of over a thousand grey levels.
    pre.colour_deviations[i] = std::sqrt(std::max(0.0, statistics.eigenvalues[i]));
  }
  pre.colour_axes = statistics.eigenvectors;
  if (!input) return pre;
  if (input->crop_size != pre.crop_size) {
    throw Error(ErrorCode::kInvalidConfig,
                "the model's input is " + std::to_string(input->crop_size) + " pixels wide, the net's " +
                    std::to_string(pre.crop_size),
                R"({"field":"net.inputSize"})");
  }
  pre.mean = input->mean;
  pre.mean_follows_crop = input->mean_follows_crop;
  pre.mean_image = input->mean_image;
  pre.mean_rgb = input->mean_rgb;
  pre.gain = input->gain;
  return pre;
}

}  // namespace alexnet::train
