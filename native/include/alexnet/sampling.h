// From a packed record to the net's input: crop, mirror, colour noise, mean, gain (paper section 4.1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "alexnet/pack.h"

namespace alexnet {

enum class CropMode { kRandom, kCentre };
enum class MeanMode { kNone, kRgb, kImage };

/// "augmentation" of a run configuration plus the preprocessing that belongs to a model.
struct AugmentationSpec {
  CropMode crop = CropMode::kRandom;
  bool mirror = true;
  double colour_noise = 0.1;  // sigma of the coefficients; 0: off
  MeanMode mean = MeanMode::kImage;
  // false: the mean image's centre lies under every crop, also under mirrored ones (the original code).
  bool mean_follows_crop = true;
};

/// input = (pixel + noise - mean) * gain, per channel, pixel on the 0..255 scale.
struct Preprocessing {
  int64_t crop_size = 224;
  MeanMode mean = MeanMode::kImage;
  bool mean_follows_crop = true;
  std::vector<float> mean_image;    // [256, 256, 3], kImage
  std::array<float, 3> mean_rgb{};  // kRgb
  std::array<float, 3> gain{1, 1, 1};
  std::array<double, 3> colour_deviations{};  // standard deviations along the axes: sqrt of eigenvalues
  std::array<double, 9> colour_axes{};        // row i: axis i
};

/// One image's draw.
struct Sample {
  int32_t top = 0, left = 0;
  bool mirror = false;
  std::array<float, 3> colour{};  // added to R, G, B
};

/// One row of a batch that is handed over as bytes: a Sample of one of the batch's pieces of memory. Plain,
/// as devices read it.
struct RecordDraw {
  int32_t piece = 0;
  int32_t top = 0, left = 0;
  int32_t mirror = 0;
  float colour[3] = {0, 0, 0};
};

inline RecordDraw record_draw(int32_t piece, const Sample& sample) {
  return {
      piece, sample.top, sample.left, sample.mirror, {sample.colour[0], sample.colour[1], sample.colour[2]}};
}

/// The training draw for an image: keyed by (seed, epoch, image index) only.
/// Crop offsets are uniform over all 256 - crop_size + 1 positions.
Sample training_sample(const AugmentationSpec& spec, const Preprocessing& pre, uint64_t seed, uint32_t epoch,
                       uint64_t image_index);

/// The centre crop, not mirrored, no colour noise.
Sample centre_sample(const Preprocessing& pre);

/// The ten test crops (section 4.1): centre, then four corners, then the same mirrored.
std::array<Sample, 10> ten_crop_samples(const Preprocessing& pre);

enum class InputLayout { kNchw, kNhwc };
enum class InputType { kFloat32, kBfloat16 };

/// Writes one input of 3 x crop x crop values at `out` (float or bfloat16 bits).
void write_input(const uint8_t* record, const Sample& sample, const Preprocessing& pre, InputLayout layout,
                 InputType type, void* out);

/// What one input is made of.
struct RecordSample {
  const uint8_t* record = nullptr;  // [256, 256, 3]
  Sample sample;
};

/// Writes several inputs, one behind the other: faster than one at a time.
void write_inputs(std::span<const RecordSample> samples, const Preprocessing& pre, InputLayout layout,
                  InputType type, void* out);

/// The bytes that the inputs are made of: [samples, crop, crop, 3], neither mirrored nor coloured.
void copy_crops(std::span<const RecordSample> samples, int64_t crop_size, std::byte* out);

/// The order in which the images of an epoch are visited: a permutation of 0..count-1 keyed by
/// (seed, epoch), or the identity without shuffle.
std::vector<uint32_t> epoch_order(uint64_t seed, uint32_t epoch, uint32_t count, bool shuffle);

}  // namespace alexnet
