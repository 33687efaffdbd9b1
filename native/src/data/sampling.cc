#include "alexnet/sampling.h"

#include <numeric>
#include <utility>

#include "alexnet/error.h"
#include "alexnet/random.h"
#include "data/input_kernel.h"
#include "isa.h"

namespace alexnet {
namespace {

void check_crop_size(const Preprocessing& pre) {
  if (pre.crop_size < 1 || pre.crop_size > kPackSize)
    throw Error(ErrorCode::kInvalidArgument, "the crop size must be 1 to " + std::to_string(kPackSize) +
                                                 ", not " + std::to_string(pre.crop_size));
}

int64_t input_bytes(int64_t crop_size, InputType type) {
  return 3 * crop_size * crop_size * (type == InputType::kBfloat16 ? 2 : 4);
}

data::InputJob input_job(const RecordSample& from, const Preprocessing& pre, InputLayout layout,
                         InputType type, void* out) {
  const Sample& sample = from.sample;
  check_crop_size(pre);
  const int64_t last = kPackSize - pre.crop_size;
  if (sample.top < 0 || sample.left < 0 || sample.top > last || sample.left > last)
    throw Error(ErrorCode::kInvalidArgument, "the crop lies outside the record");
  data::InputJob job{};
  job.record = from.record;
  job.size = pre.crop_size;
  job.top = sample.top;
  job.left = sample.left;
  job.mirror = sample.mirror;
  for (size_t c = 0; c < 3; ++c) {
    job.offset[c] = pre.mean == MeanMode::kRgb ? sample.colour[c] - pre.mean_rgb[c] : sample.colour[c];
    job.gain[c] = pre.gain[c];
  }
  if (pre.mean == MeanMode::kImage) {
    if (pre.mean_image.size() != static_cast<size_t>(kRecordBytes))
      throw Error(ErrorCode::kInvalidArgument, "the mean image must have 256 x 256 x 3 values");
    job.mean = pre.mean_image.data();
    job.mean_top = pre.mean_follows_crop ? sample.top : last / 2;
    job.mean_left = pre.mean_follows_crop ? sample.left : last / 2;
    job.mean_mirrors = pre.mean_follows_crop;
  }
  job.nhwc = layout == InputLayout::kNhwc;
  job.bfloat16 = type == InputType::kBfloat16;
  job.out = out;
  return job;
}

}  // namespace

Sample training_sample(const AugmentationSpec& spec, const Preprocessing& pre, uint64_t seed, uint32_t epoch,
                       uint64_t image_index) {
  Sample sample = centre_sample(pre);
  if (spec.crop == CropMode::kRandom) {
    const auto words = RandomStream{seed, RandomPurpose::kCrop, epoch}.words(image_index);
    const auto positions = static_cast<uint32_t>(kPackSize - pre.crop_size + 1);
    sample.top = static_cast<int32_t>(uniform_below(words[0], positions));
    sample.left = static_cast<int32_t>(uniform_below(words[1], positions));
  }
  if (spec.mirror) {
    const auto words = RandomStream{seed, RandomPurpose::kMirror, epoch}.words(image_index);
    sample.mirror = uniform_below(words[0], 2) == 1;
  }
  if (spec.colour_noise > 0) {
    const auto words = RandomStream{seed, RandomPurpose::kColour, epoch}.words(image_index);
    const auto first = gaussian_pair(words[0], words[1]), second = gaussian_pair(words[2], words[3]);
    const double alphas[3] = {first[0], first[1], second[0]};
    std::array<double, 3> colour{};
    for (size_t axis = 0; axis < 3; ++axis) {
      const double length = spec.colour_noise * alphas[axis] * pre.colour_deviations[axis];
      for (size_t c = 0; c < 3; ++c) colour[c] += length * pre.colour_axes[axis * 3 + c];
    }
    for (size_t c = 0; c < 3; ++c) sample.colour[c] = static_cast<float>(colour[c]);
  }
  return sample;
}

Sample centre_sample(const Preprocessing& pre) {
  check_crop_size(pre);
  Sample sample;
  sample.top = sample.left = static_cast<int32_t>((kPackSize - pre.crop_size) / 2);
  return sample;
}

std::array<Sample, 10> ten_crop_samples(const Preprocessing& pre) {
  std::array<Sample, 10> samples;
  samples[0] = centre_sample(pre);
  const auto last = static_cast<int32_t>(kPackSize - pre.crop_size);
  for (size_t corner = 0; corner < 4; ++corner) {  // top left, top right, bottom left, bottom right
    samples[1 + corner].top = corner < 2 ? 0 : last;
    samples[1 + corner].left = corner % 2 == 0 ? 0 : last;
  }
  for (size_t i = 0; i < 5; ++i) {
    samples[5 + i] = samples[i];
    samples[5 + i].mirror = true;
  }
  return samples;
}

void write_input(const uint8_t* record, const Sample& sample, const Preprocessing& pre, InputLayout layout,
                 InputType type, void* out) {
  const RecordSample one{record, sample};
  write_inputs({&one, 1}, pre, layout, type, out);
}

void write_inputs(std::span<const RecordSample> samples, const Preprocessing& pre, InputLayout layout,
                  InputType type, void* out) {
  std::vector<data::InputJob> jobs;
  jobs.reserve(samples.size());
  for (const RecordSample& sample : samples) {
    jobs.push_back(input_job(sample, pre, layout, type, out));
    out = static_cast<std::byte*>(out) + input_bytes(pre.crop_size, type);
  }
  const auto count = static_cast<int64_t>(jobs.size());
  switch (current_isa()) {
    case Isa::kAvx512:
      return avx512::write_inputs(jobs.data(), count);
    case Isa::kAvx2:
      return avx2::write_inputs(jobs.data(), count);
    case Isa::kBaseline:
      return baseline::write_inputs(jobs.data(), count);
  }
}

std::vector<uint32_t> epoch_order(uint64_t seed, uint32_t epoch, uint32_t count, bool shuffle) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  if (!shuffle) return order;
  // Fisher-Yates; each block of four positions takes the four words of one draw.
  const RandomStream stream{seed, RandomPurpose::kShuffle, epoch};
  std::array<uint32_t, 4> words{};
  for (uint32_t i = count; i-- > 1;) {
    if (i % 4 == 3 || i == count - 1) words = stream.words(i / 4);
    std::swap(order[i], order[uniform_below(words[i % 4], i + 1)]);
  }
  return order;
}

}  // namespace alexnet
