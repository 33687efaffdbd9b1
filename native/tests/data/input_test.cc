// Inputs made from records: every layout, type, mean and instruction set against the formula itself.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "alexnet/error.h"
#include "alexnet/random.h"
#include "alexnet/sampling.h"
#include "data/crops_kernel.h"
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
  std::vector<void (*)(const data::InputJob*, int64_t)> sets;
  if (current_isa() >= Isa::kAvx2) sets.push_back(avx2::write_inputs);
  if (current_isa() >= Isa::kAvx512) sets.push_back(avx512::write_inputs);
  if (sets.empty()) MESSAGE("this machine has the baseline instructions only");
  const std::vector<uint8_t> record = make_record(2);
  const Preprocessing pre = make_preprocessing(MeanMode::kImage, 224);
  for (const int64_t size : {224, 219, 32, 31}) {
    for (int bits = 0; bits < 32; ++bits) {
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
        job.gain[c] = bits & 16 ? 1 : pre.gain[c];
      }
      const auto run = [&](void (*kernel)(const data::InputJob*, int64_t)) {
        std::vector<uint32_t> out(static_cast<size_t>(3 * size * size), 0xDEADBEEF);
        job.out = out.data();
        kernel(&job, 1);
        return out;
      };
      const std::vector<uint32_t> expected = run(baseline::write_inputs);
      for (const auto set : sets) CHECK(run(set) == expected);
    }
  }
}

TEST_CASE("several inputs made together are those made alone, wherever they lie, and nothing beside them") {
  const std::vector<uint8_t> records[] = {make_record(3), make_record(4)};
  for (const int64_t crop : {224, 227, 240, 33, 5}) {
    for (const bool follows : {true, false}) {
      Preprocessing pre = make_preprocessing(MeanMode::kImage, crop);
      pre.mean_follows_crop = follows;
      std::vector<RecordSample> samples;
      for (int i = 0; i < 7; ++i)  // more than are made at a time, and no multiple of that
        samples.push_back({records[i % 2].data(),
                           {.top = (256 - static_cast<int32_t>(crop)) * i / 6,
                            .left = (3 * i) % (257 - static_cast<int32_t>(crop)),
                            .mirror = i % 3 == 1,
                            .colour = {1.5f * static_cast<float>(i), 0, -2}}});
      for (const InputLayout layout : {InputLayout::kNchw, InputLayout::kNhwc}) {
        for (const InputType type : {InputType::kFloat32, InputType::kBfloat16}) {
          const size_t value = type == InputType::kBfloat16 ? 2 : 4;
          const size_t bytes = static_cast<size_t>(3 * crop * crop) * value;
          for (const size_t offset : {size_t{0}, 64 - value, size_t{20}}) {
            CAPTURE(crop);
            CAPTURE(follows);
            CAPTURE(value);
            CAPTURE(offset);
            const uint8_t guard = 0xA5;
            std::vector<uint8_t> memory(64 + offset + 7 * bytes + 64, guard), expected = memory;
            // Counted from a line's boundary, where it matters to the kernel.
            const size_t to_line = -reinterpret_cast<uintptr_t>(memory.data()) % 64;
            write_inputs(samples, pre, layout, type, memory.data() + to_line + offset);
            for (size_t i = 0; i < samples.size(); ++i) {
              std::vector<float> alone((bytes + 3) / 4);
              write_input(samples[i].record, samples[i].sample, pre, layout, type, alone.data());
              std::memcpy(expected.data() + to_line + offset + i * bytes, alone.data(), bytes);
            }
            CHECK(memory == expected);
          }
        }
      }
    }
  }
}

TEST_CASE("crops are copied as they lie, by every instruction set, and nothing beside them is touched") {
  std::vector<void (*)(const uint8_t* const*, int64_t, int64_t, std::byte*)> sets{baseline::copy_crops};
  if (current_isa() >= Isa::kAvx2) sets.push_back(avx2::copy_crops);
  if (current_isa() >= Isa::kAvx512) sets.push_back(avx512::copy_crops);
  const std::vector<uint8_t> record = make_record(5);
  for (const int64_t size : {224, 227, 256, 20, 1}) {
    std::vector<const uint8_t*> crops;
    for (int64_t i = 0; i < 6; ++i)
      crops.push_back(record.data() + ((256 - size) * i / 5 * 256 + (256 - size) * (5 - i) / 5) * 3);
    for (const size_t offset : {0, 1, 63}) {
      const auto bytes = static_cast<size_t>(3 * size * size);
      std::vector<std::byte> expected(64 + offset + 6 * bytes + 64, std::byte{0xA5});
      std::vector<std::vector<std::byte>> made(sets.size(), expected);
      for (size_t i = 0; i < crops.size(); ++i)
        for (int64_t y = 0; y < size; ++y)
          std::memcpy(expected.data() + 64 + offset + i * bytes + static_cast<size_t>(3 * size * y),
                      crops[i] + y * 256 * 3, static_cast<size_t>(3 * size));
      for (size_t set = 0; set < sets.size(); ++set) {
        sets[set](crops.data(), 6, size, made[set].data() + 64 + offset);
        CAPTURE(size);
        CAPTURE(offset);
        CAPTURE(set);
        CHECK(made[set] == expected);
      }
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
  const auto crop_refused = [&](const Sample& sample, int64_t size) {
    const RecordSample one{record.data(), sample};
    try {
      copy_crops({&one, 1}, size, reinterpret_cast<std::byte*>(out.data()));
    } catch (const Error& error) {
      return error.code() == ErrorCode::kInvalidArgument;
    }
    return false;
  };
  CHECK_FALSE(crop_refused({}, 256));
  CHECK(crop_refused({}, 0));
  CHECK(crop_refused({}, 257));
  CHECK(crop_refused({.top = 33}, 224));
  CHECK(crop_refused({.left = -1}, 224));
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
