// Parameters in the layouts that are multiplied, judged by what the convolution or product then gives.
#include "cuda/kernels/weights.h"

#include <numeric>

#include "maps_testing.h"

namespace alexnet::cuda::testing {
namespace {

Vector<float> numbered(int64_t count) {
  Vector<float> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

TEST_CASE("a kernel goes channels last, as one filter or one for every piece of the channels, and back") {
  const int64_t out = 5, in = 6, taps = 9;
  const Vector<float> canonical = numbered(out * in * taps);
  for (const int64_t pieces : {1, 2, 3}) {
    const int64_t piece = in / pieces;
    Vector<float> last(canonical.size(), -1), back(canonical.size(), -1);
    launch::weights_to_channels_last(canonical.data(), last.data(), out, in, taps, pieces);
    for (int64_t o = 0; o < out; ++o)
      for (int64_t t = 0; t < taps; ++t)
        for (int64_t c = 0; c < in; ++c)
          REQUIRE(last[static_cast<size_t>(((c / piece * out + o) * taps + t) * piece + c % piece)] ==
                  canonical[static_cast<size_t>((o * in + c) * taps + t)]);
    launch::weights_from_channels_last(last.data(), back.data(), out, in, taps, pieces);
    CHECK(back == canonical);
  }
}

TEST_CASE("a product over flattened maps gives the same from channels last") {
  const Extent in{1, 6, 3, 2};
  const int64_t out = 4, taps = 6;
  const Values x = random_values<float>(in.count(), -1, 1, 1);
  const Values w = random_values<float>(static_cast<size_t>(out * 36), -1, 1, 2);
  const Vector<float> canonical(w.begin(), w.end());
  Vector<float> last(canonical.size());
  launch::weights_to_channels_last(canonical.data(), last.data(), out, 6, taps, 1);
  const Stored<float> stored(in, Layout::kChannelsLast, x);
  const Values expected =
      reference::linear_forward(x, w, Values(4), {1, in.shape(), {4, 1, 1}, 3, 2, 1, 0, 1});
  for (size_t o = 0; o < 4; ++o) {
    double sum = 0;
    for (size_t i = 0; i < 36; ++i) sum += double{stored.data()[i]} * last[o * 36 + i];
    CHECK(sum == doctest::Approx(expected[o]).epsilon(1e-12));
  }
}

TEST_CASE("a kernel over blocks keeps every weight, rounds to bfloat16, and drops what lies beyond it") {
  const int64_t out = 3, kernel = 11, block = 4, channels = 3, blocks = 3;
  const Vector<float> canonical = numbered(out * kernel * kernel * channels);
  Vector<float> cut(static_cast<size_t>(out * blocks * blocks * block * block * channels), -1);
  Vector<Bf16> halves(cut.size());
  launch::weights_to_blocks(canonical.data(), cut.data(), out, kernel, block, channels);
  launch::weights_to_blocks(canonical.data(), halves.data(), out, kernel, block, channels);
  double sum = 0;
  int64_t zeros = 0, wrong = 0;
  for (size_t i = 0; i < cut.size(); ++i) {
    sum += cut[i];
    zeros += cut[i] == 0;
    wrong += halves[i].bits != from_float<Bf16>(cut[i]).bits;
  }
  CHECK(sum == std::accumulate(canonical.begin(), canonical.end(), 0.0));
  CHECK(zeros == out * channels * (12 * 12 - 11 * 11));
  CHECK(wrong == 0);
  for (float& v : cut) v = v == 0 ? 1e6f : v;  // a gradient has values there too
  Vector<float> back(canonical.size());
  launch::weights_from_blocks(static_cast<const float*>(cut.data()), back.data(), out, kernel, block,
                              channels);
  CHECK(back == canonical);
}

TEST_CASE("layouts that cannot hold a kernel are refused") {
  float value = 0;
  CHECK(refused([&] { launch::weights_to_channels_last(&value, &value, 1, 8, 1, 3); }));
  CHECK(refused([&] { launch::weights_to_channels_last(&value, &value, 1, 8, 1, 0); }));
  CHECK(refused([&] { launch::weights_to_blocks(&value, &value, 1, 3, 0, 3); }));
}

}  // namespace
}  // namespace alexnet::cuda::testing
