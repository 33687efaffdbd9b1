// The net's input on the device: equal to the CPU's loader to the bit, in every arrangement.
#include "cuda/kernels/input.h"

#include "cuda/kernels/weights.h"
#include "maps_testing.h"

namespace alexnet::cuda::testing {
namespace {

Vector<uint8_t> make_records(int64_t count) {
  Vector<uint8_t> records(static_cast<size_t>(count * kRecordBytes));
  std::mt19937 draw(1);
  for (uint8_t& byte : records) byte = static_cast<uint8_t>(draw() >> 24);
  return records;
}

Preprocessing make_preprocessing(MeanMode mean, bool follows, int64_t crop) {
  Preprocessing pre;
  pre.crop_size = crop;
  pre.mean = mean;
  pre.mean_follows_crop = follows;
  pre.mean_rgb = {127.305f, 119.715f, 104.913f};
  pre.gain = {1 / 1.1f, 0.5f, 2.25f};
  pre.colour_deviations = {121.7801, 37.0939, 19.7208};
  pre.colour_axes = {-.5635, -.5762, -.5920, -.7126, -.0235, .7012, .4180, -.8170, .3973};
  if (mean == MeanMode::kImage) {
    pre.mean_image.resize(static_cast<size_t>(kRecordBytes));
    for (size_t i = 0; i < pre.mean_image.size(); ++i)
      pre.mean_image[i] = 90 + 60 * std::sin(0.001f * static_cast<float>(i));
  }
  return pre;
}

/// An NCHW input rearranged as a format wants it, by the format's definition.
template <class T>
Vector<T> arranged(const Vector<T>& nchw, const NetInputFormat& f) {
  Vector<T> out(static_cast<size_t>(f.image_values()), T{});
  const int64_t n = f.size;
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t y = 0; y < n; ++y) {
      for (int64_t x = 0; x < n; ++x) {
        int64_t place = (c * n + y) * n + x;
        const T value = nchw[static_cast<size_t>(place)];
        if (f.arrangement == InputArrangement::kChannelsLast) place = (y * n + x) * f.channels + c;
        if (f.arrangement == InputArrangement::kSpaceToDepth) {
          const int64_t row = y + f.pad, column = x + f.pad, b = f.block;
          if (row / b >= f.blocks_a_row || column / b >= f.blocks_a_row) continue;
          place = (((row / b * f.blocks_a_row + column / b) * b + row % b) * b + column % b) * 3 + c;
        }
        out[static_cast<size_t>(place)] = value;
      }
    }
  }
  return out;
}

std::vector<NetInputFormat> formats(int64_t size) {
  return {{InputArrangement::kChannelsLast, size, 3, 0, 0, 0},
          {InputArrangement::kChannelsLast, size, 4, 0, 0, 0},
          {InputArrangement::kChannelsLast, size, 8, 0, 0, 0},
          {InputArrangement::kPlanar, size, 3, 0, 0, 0},
          {InputArrangement::kSpaceToDepth, size, 3, 4, 2, (size + 4 + 3) / 4},
          {InputArrangement::kSpaceToDepth, size, 3, 4, 0, (size - 5) / 4},
          {InputArrangement::kSpaceToDepth, size, 3, 3, 1, (size + 2) / 3},
          {InputArrangement::kSpaceToDepth, size, 3, 1, 2, size + 4}};
}

template <class T>
bool same_bits(const Vector<T>& a, const Vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

template <class T>
void check_input(const Preprocessing& pre, const Vector<uint8_t>& records) {
  const auto last = static_cast<int32_t>(kPackSize - pre.crop_size);
  std::vector<Sample> samples(3);
  for (size_t i = 0; i < 3; ++i) {
    samples[i].top = std::min<int32_t>(last, static_cast<int32_t>(5 * i));
    samples[i].left = std::min<int32_t>(last, 29 - static_cast<int32_t>(7 * i));
    samples[i].mirror = i == 1;
    samples[i].colour = {3.25f, -11.5f, 0.1f * static_cast<float>(i)};
  }
  const Vector<int32_t> labels{4, 0, -1};
  const InputType type = std::is_same_v<T, float> ? InputType::kFloat32 : InputType::kBfloat16;
  // Whole records, the first given twice; and the crops alone, beginning with number 4.
  Vector<RecordDraw> of_records, of_crops;
  Vector<uint8_t> crops(static_cast<size_t>(3 * pre.crop_size * pre.crop_size * 3), 0xEE);
  for (size_t i = 0; i < 3; ++i) {
    const Sample& s = samples[i];
    of_records.push_back(record_draw(static_cast<int32_t>(i), s));
    of_crops.push_back(record_draw(static_cast<int32_t>(4 + i), s));
    const auto size = static_cast<size_t>(pre.crop_size);
    for (size_t y = 0; y < size; ++y)
      std::copy_n(records.data() + i * kRecordBytes +
                      ((static_cast<size_t>(s.top) + y) * kPackSize + static_cast<size_t>(s.left)) * 3,
                  size * 3, crops.data() + (i * size + y) * size * 3);
  }
  for (const NetInputFormat& format : formats(pre.crop_size)) {
    CAPTURE(static_cast<int>(format.arrangement));
    CAPTURE(format.channels);
    CAPTURE(format.pad);
    const auto image = static_cast<size_t>(format.image_values());
    Vector<T> expected, got(3 * image + 1), from_image(3 * image), made;
    got.back() = from_float<T>(77);
    for (size_t i = 0; i < 3; ++i) {
      Vector<T> nchw(static_cast<size_t>(3 * pre.crop_size * pre.crop_size), T{});
      if (labels[i] >= 0)
        alexnet::write_input(records.data() + static_cast<int64_t>(i) * kRecordBytes, samples[i], pre,
                             InputLayout::kNchw, type, nchw.data());
      made.insert(made.end(), nchw.begin(), nchw.end());
      const Vector<T> one = arranged(nchw, format);
      expected.insert(expected.end(), one.begin(), one.end());
    }
    const Vector<float> mean_image(pre.mean_image.begin(), pre.mean_image.end());
    const float* mean = pre.mean == MeanMode::kImage ? mean_image.data() : nullptr;
    // Rows are told by their labels, or by how many there are.
    launch::write_input(RecordPieces{records.data(), kPackSize, 0}, of_records.data(), labels.data(),
                        int64_t{3}, int64_t{3}, pre, mean, got.data(), format);
    CHECK(to_float(got.back()) == 77);
    got.pop_back();
    CHECK(same_bits(got, expected));
    std::fill(got.begin(), got.end(), from_float<T>(77));
    launch::write_input(RecordPieces{crops.data(), pre.crop_size, 4}, of_crops.data(),
                        static_cast<const int32_t*>(nullptr), int64_t{2}, int64_t{3}, pre, mean, got.data(),
                        format);
    CHECK(same_bits(got, expected));
    launch::arrange_input(static_cast<const T*>(made.data()), InputLayout::kNchw,
                          static_cast<const int32_t*>(nullptr), 3, from_image.data(), format);
    CHECK(same_bits(from_image, expected));
  }
}

TEST_CASE("inputs equal the loader's to the bit in every arrangement, type, mean and crop") {
  const Vector<uint8_t> records = make_records(3);
  for (const MeanMode mean : {MeanMode::kNone, MeanMode::kRgb, MeanMode::kImage}) {
    for (const bool follows : {false, true}) {
      CAPTURE(static_cast<int>(mean));
      CAPTURE(follows);
      check_input<float>(make_preprocessing(mean, follows, 61), records);
      check_input<Bf16>(make_preprocessing(mean, follows, 61), records);
    }
  }
  check_input<Bf16>(make_preprocessing(MeanMode::kImage, true, 224), records);
  check_input<float>(make_preprocessing(MeanMode::kImage, false, 256), records);
}

TEST_CASE("inputs made channels last are arranged too") {
  const NetInputFormat planar{InputArrangement::kPlanar, 5, 3, 0, 0, 0};
  Vector<float> nhwc(75), out(75);
  for (size_t i = 0; i < nhwc.size(); ++i) nhwc[i] = static_cast<float>(i);
  launch::arrange_input(static_cast<const float*>(nhwc.data()), InputLayout::kNhwc,
                        static_cast<const int32_t*>(nullptr), 1, out.data(), planar);
  for (size_t c = 0; c < 3; ++c)
    for (size_t p = 0; p < 25; ++p) CHECK(out[c * 25 + p] == nhwc[p * 3 + c]);
}

TEST_CASE("a convolution over blocks of the input equals the one over its pixels") {
  const int64_t size = 30, kernel = 11, stride = 4, pad = 2, out = 1 + (size + 2 * pad - kernel) / stride;
  const int64_t blocks = out + (kernel + stride - 1) / stride - 1;
  const Values x = random_values<float>(static_cast<size_t>(3 * size * size), -1, 1, 1);
  const Values w = random_values<float>(static_cast<size_t>(2 * 3 * kernel * kernel), -1, 1, 2);
  const Values bias{0.5, -0.25};
  const Values expected = reference::linear_forward(
      x, w, bias, {1, {3, size, size}, {2, out, out}, kernel, kernel, stride, pad, 1});

  const NetInputFormat format{InputArrangement::kSpaceToDepth, size, 3, stride, pad, blocks};
  const Vector<float> image(x.begin(), x.end()), canonical(w.begin(), w.end());
  Vector<float> deep(static_cast<size_t>(format.image_values())), last(canonical.size());
  Vector<float> cut(2 * 3 * 3 * 48);
  launch::arrange_input(image.data(), InputLayout::kNchw, static_cast<const int32_t*>(nullptr), 1,
                        deep.data(), format);
  launch::weights_to_channels_last(canonical.data(), last.data(), 2, 3, kernel * kernel, 1);
  launch::weights_to_blocks(static_cast<const float*>(last.data()), cut.data(), 2, kernel, stride, 3);
  // To the reference's order: channels first.
  const auto planar = [](const Vector<float>& from, int64_t outer, int64_t pixels) {
    Values to(from.size());
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t p = 0; p < pixels; ++p)
        for (int64_t c = 0; c < 48; ++c)
          to[static_cast<size_t>((o * 48 + c) * pixels + p)] =
              from[static_cast<size_t>((o * pixels + p) * 48 + c)];
    return to;
  };
  const Values got = reference::linear_forward(planar(deep, 1, blocks * blocks), planar(cut, 2, 9), bias,
                                               {1, {48, blocks, blocks}, {2, out, out}, 3, 3, 1, 0, 1});
  CHECK(worst_error(got, expected, 0.1) < 1e-12);  // the same products in another order, in double
}

TEST_CASE("formats and preprocessings that do not fit are refused") {
  const Vector<uint8_t> record(static_cast<size_t>(kRecordBytes));
  const Vector<RecordDraw> draw(1);
  Vector<float> out(256 * 256 * 8);
  const auto call = [&](const Preprocessing& pre, const float* mean, const NetInputFormat& format,
                        int64_t side = kPackSize) {
    return refused([&] {
      launch::write_input(RecordPieces{record.data(), side, 0}, draw.data(),
                          static_cast<const int32_t*>(nullptr), int64_t{1}, int64_t{1}, pre, mean, out.data(),
                          format);
    });
  };
  const Preprocessing none = make_preprocessing(MeanMode::kNone, true, 8);
  const NetInputFormat good{InputArrangement::kChannelsLast, 8, 4, 0, 0, 0};
  CHECK_FALSE(call(none, nullptr, good));
  CHECK_FALSE(call(none, nullptr, good, 8));
  CHECK(call(none, nullptr, good, 9));
  CHECK(call(none, out.data(), good));
  CHECK(call(make_preprocessing(MeanMode::kImage, true, 8), nullptr, good));
  CHECK(call(make_preprocessing(MeanMode::kNone, true, 9), nullptr, good));
  CHECK(call(none, nullptr, {InputArrangement::kChannelsLast, 8, 5, 0, 0, 0}));
  CHECK(call(none, nullptr, {InputArrangement::kPlanar, 8, 4, 0, 0, 0}));
  CHECK(call(none, nullptr, {InputArrangement::kSpaceToDepth, 8, 3, 0, 0, 0}));
}

}  // namespace
}  // namespace alexnet::cuda::testing
