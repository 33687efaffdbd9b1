#include "train/preprocessing.h"

#include <algorithm>
#include <cmath>

namespace alexnet::train {

Preprocessing make_preprocessing(const PackStatistics& statistics, const RunConfig& config) {
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
  return pre;
}

}  // namespace alexnet::train
