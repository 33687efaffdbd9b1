// Inputs made from records: every layout, type, mean and instruction set against the formula itself.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "alexnet/error.h"
#include "alexnet/random.h"
#include "alexnet/sampling.h"
#include "data/input_kernel.h"
#include "isa.h"

namespace {

using namespace alexnet;

std::vector<uint8_t> make_record(uint64_t seed) {
  std::vector<uint8_t> record(kRecordBytes);
  const RandomStream stream{seed, RandomPurpose::kSample};
  for (size_t i = 0; i < record.size(); ++i)
    record[i] = static_cast<uint8_t>(stream.words(i / 4)[i % 4] >> 24);
  return record;
}

Preprocessing make_preprocessing(MeanMode mean, int64_t crop) {
  Preprocessing pre;
  pre.crop_size = crop;
  pre.mean = mean;
  pre.mean_rgb = {127.305f, 119.715f, 104.913f};
  pre.gain = {1 / 1.1f, 0.5f, 2.25f};
  if (mean == MeanMode::kImage) {
    pre.mean_image.resize(kRecordBytes);
    for (size_t i = 0; i < pre.mean_image.size(); ++i)
      pre.mean_image[i] = 90 + 60 * std::sin(0.001f * static_cast<float>(i));
  }
  return pre;
}

/// The NCHW float input by the definition in sampling.h.
std::vector<float> expected_input(const std::vector<uint8_t>& record, const Sample& s,
                                  const Preprocessing& pre) {
  const int64_t n = pre.crop_size, centre = (256 - n) / 2;
  std::vector<float> out(static_cast<size_t>(3 * n * n));
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t y = 0; y < n; ++y) {
      for (int64_t x = 0; x < n; ++x) {
        const int64_t from = s.mirror ? n - 1 - x : x;
        const float pixel = record[((s.top + y) * 256 + s.left + from) * 3 + c];
        float mean = 0;
        if (pre.mean == MeanMode::kRgb) mean = pre.mean_rgb[c];
        if (pre.mean == MeanMode::kImage)
          mean = pre.mean_follows_crop ? pre.mean_image[((s.top + y) * 256 + s.left + from) * 3 + c]
                                       : pre.mean_image[((centre + y) * 256 + centre + x) * 3 + c];
        out[(c * n + y) * n + x] = (pixel + (s.colour[c] - mean)) * pre.gain[c];
      }
    }
  }
  return out;
}

uint16_t to_bfloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t low = bits & 0xFFFF, high = bits >> 16;
  return static_cast<uint16_t>(high + (low > 0x8000 || (low == 0x8000 && high % 2 == 1)));
}

/// What write_input gives, brought back to NCHW order.
template <typename Value>
std::vector<Value> produced(const std::vector<uint8_t>& record, const Sample& sample,
                            const Preprocessing& pre, InputLayout layout, InputType type) {
  const int64_t n = pre.crop_size;
  std::vector<Value> raw(static_cast<size_t>(3 * n * n) + 1), out(static_cast<size_t>(3 * n * n));
  const Value guard = 77;
  raw.back() = guard;
  write_input(record.data(), sample, pre, layout, type, raw.data());
  CHECK(raw.back() == guard);
  for (int64_t c = 0; c < 3; ++c)
    for (int64_t i = 0; i < n * n; ++i)
      out[c * n * n + i] = raw[layout == InputLayout::kNchw ? c * n * n + i : i * 3 + c];
  return out;
}

}  // namespace

TEST_CASE("the input is (pixel + noise - mean) * gain in every layout, type and mean") {
  const std::vector<uint8_t> record = make_record(1);
  for (const int64_t crop : {224, 227, 256, 31, 1}) {
    for (const MeanMode mean : {MeanMode::kNone, MeanMode::kRgb, MeanMode::kImage}) {
      for (const int bits : {0, 1, 2, 3}) {
        Preprocessing pre = make_preprocessing(mean, crop);
        Sample sample;
        sample.top = static_cast<int32_t>(std::min<int64_t>(5, 256 - crop));
        sample.left = static_cast<int32_t>(std::min<int64_t>(29, 256 - crop));
        sample.mirror = bits & 1;
        pre.mean_follows_crop = bits & 2;
        sample.colour = {3.25f, -11.5f, 0.1f};
        CAPTURE(crop);
        CAPTURE(static_cast<int>(mean));
        CAPTURE(bits);
        const std::vector<float> expected = expected_input(record, sample, pre);
        std::vector<uint16_t> halves(expected.size());
        for (size_t i = 0; i < expected.size(); ++i) halves[i] = to_bfloat16(expected[i]);
        for (const InputLayout layout : {InputLayout::kNchw, InputLayout::kNhwc}) {
          // One addition and one multiplication in a fixed order: equal to the last bit.
          CHECK(produced<float>(record, sample, pre, layout, InputType::kFloat32) == expected);
          CHECK(produced<uint16_t>(record, sample, pre, layout, InputType::kBfloat16) == halves);
        }
      }
    }
  }
}

TEST_CASE("every instruction set writes the same bits") {
  std::vector<void (*)(const data::InputJob&)> sets;
  if (current_isa() >= Isa::kAvx2) sets.push_back(avx2::write_input);
  if (current_isa() >= Isa::kAvx512) sets.push_back(avx512::write_input);
  if (sets.empty()) MESSAGE("this machine has the baseline instructions only");
  const std::vector<uint8_t> record = make_record(2);
  const Preprocessing pre = make_preprocessing(MeanMode::kImage, 224);
  for (const int64_t size : {224, 219}) {
    for (int bits = 0; bits < 16; ++bits) {
      data::InputJob job{};
      job.record = record.data();
      job.size = size;
      job.top = 3;
      job.left = 17;
      job.mirror = bits & 1;
      job.nhwc = bits & 2;
      job.bfloat16 = bits & 4;
      job.mean_mirrors = bits & 8;
      job.mean = pre.mean_image.data();
      for (int c = 0; c < 3; ++c) {
        job.offset[c] = 1.5f * static_cast<float>(c);
        job.gain[c] = pre.gain[c];
      }
      const auto run = [&](void (*kernel)(const data::InputJob&)) {
        std::vector<uint32_t> out(static_cast<size_t>(3 * size * size), 0xDEADBEEF);
        job.out = out.data();
        kernel(job);
        return out;
      };
      const std::vector<uint32_t> expected = run(baseline::write_input);
      for (const auto set : sets) CHECK(run(set) == expected);
    }
  }
}

TEST_CASE("bfloat16 rounds to the nearest, ties to even") {
  std::vector<uint8_t> record(kRecordBytes, 1);
  Preprocessing pre;
  pre.mean = MeanMode::kNone;
  pre.crop_size = 16;
  // 1 + 2^-8 lies halfway between the neighbours 0x3F80 and 0x3F81, 1 + 3 * 2^-8 between 0x3F81 and 0x3F82.
  const float gains[] = {1 + 0x1p-8f, 1 + 3 * 0x1p-8f, 1 + 0x1p-8f + 0x1p-20f};
  const uint16_t rounded[] = {0x3F80, 0x3F82, 0x3F81};
  for (int i = 0; i < 3; ++i) {
    pre.gain = {gains[i], gains[i], gains[i]};
    std::vector<uint16_t> out(3 * 16 * 16);
    write_input(record.data(), {}, pre, InputLayout::kNchw, InputType::kBfloat16, out.data());
    CHECK(out == std::vector<uint16_t>(3 * 16 * 16, rounded[i]));
  }
}

TEST_CASE("crops and means that do not fit are refused") {
  const std::vector<uint8_t> record(kRecordBytes);
  std::vector<float> out(3 * 256 * 256);
  const auto refused = [&](const Sample& sample, const Preprocessing& pre) {
    try {
      write_input(record.data(), sample, pre, InputLayout::kNchw, InputType::kFloat32, out.data());
    } catch (const Error& error) {
      return error.code() == ErrorCode::kInvalidArgument;
    }
    return false;
  };
  Preprocessing pre = make_preprocessing(MeanMode::kImage, 224);
  Sample sample;
  CHECK_FALSE(refused(sample, pre));
  sample.top = 33;
  CHECK(refused(sample, pre));
  sample.top = -1;
  CHECK(refused(sample, pre));
  sample.top = 0;
  pre.mean_image.pop_back();
  CHECK(refused(sample, pre));
  pre.mean = MeanMode::kNone;
  pre.crop_size = 257;
  CHECK(refused(sample, pre));
  pre.crop_size = 0;
  CHECK(refused(sample, pre));
}
