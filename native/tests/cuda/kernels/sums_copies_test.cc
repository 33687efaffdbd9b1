// Sums over rows, copies between layouts, types and columns' halves.
#include "cuda/kernels/channels.h"
#include "cuda/kernels/loss.h"
#include "cuda/kernels/sum_rows.h"
#include "maps_testing.h"

namespace alexnet::cuda::testing {
namespace {

template <class T>
void check_sum(int64_t rows, int64_t channels, int64_t stride) {
  CAPTURE(rows);
  CAPTURE(channels);
  const Values x = random_values<T>(static_cast<size_t>(rows * stride), -1, 1, 1);
  Vector<T> stored;
  for (const double v : x) stored.push_back(from_float<T>(static_cast<float>(v)));
  Values expected(static_cast<size_t>(channels));
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < channels; ++c)
      expected[static_cast<size_t>(c)] += x[static_cast<size_t>(r * stride + c)];
  Vector<float> work(static_cast<size_t>(row_sum_blocks(rows) * channels)), sums(expected.size() + 1, 5);
  launch::sum_rows(stored.data(), rows, channels, stride, work.data(), sums.data());
  CHECK(sums.back() == 5);
  sums.pop_back();
  // Both types are summed in float: n values of at most 1 cannot err more than n roundings of the sum.
  CHECK(worst_error({sums.begin(), sums.end()}, expected, 1) < 1e-5);
}

TEST_CASE("sums over rows equal plain sums for few and many rows and channels") {
  check_sum<float>(1, 1, 1);
  check_sum<Bf16>(1, 8, 8);
  check_sum<float>(31, 48, 48);
  check_sum<Bf16>(5000, 48, 48);
  check_sum<Bf16>(2000, 48, 96);  // one column's half of a joined map
  check_sum<float>(40000, 3, 3);
  check_sum<float>(65, 500, 500);
  check_sum<Bf16>(64, 4096, 4096);  // more groups than a block has threads
  check_sum<float>(33, 1000, 1003);
}

#if !defined(ALEXNET_ON_DEVICE)
TEST_CASE("sums and losses do not depend on the order of a block's threads") {
  const Values x = random_values<float>(3000 * 48, -3, 3, 1);
  const std::vector<float> stored(x.begin(), x.end());
  const std::vector<int32_t> labels(100, 7);
  const auto run = [&](bool backwards) {
    const OnHost host{backwards};
    std::vector<float> work(static_cast<size_t>(row_sum_blocks(3000) * 48)), result(48 + 100 * 400);
    run_sum_rows(host, stored.data(), 3000, 48, 48, work.data(), result.data());
    std::vector<RowLoss> rows(100);
    std::vector<LossTotals> totals(1);
    const LossGradient<float> gradient{result.data() + 48, 400, 0, 400, nullptr};
    run_softmax_cross_entropy(host, stored.data(), 400, labels.data(), 100, 400, gradient, rows.data(),
                              totals.data(), static_cast<uint32_t*>(nullptr),
                              static_cast<const uint32_t*>(nullptr));
    result.push_back(static_cast<float>(totals[0].loss));
    result.push_back(static_cast<float>(totals[0].top5_hits));
    return result;
  };
  CHECK(run(true) == run(false));
}
#endif

template <class From, class To>
void check_copy(const Extent& extent) {
  const Values x = random_values<From>(extent.count(), -1, 1, 1);
  Values expected = x;
  for (double& v : expected) v = rounded<To>(v);
  for (const Layout in : kLayouts) {
    for (const Layout out : kLayouts) {
      CAPTURE(layout_name(in));
      CAPTURE(layout_name(out));
      const Stored<From> from(extent, in, x);
      Stored<To> to(extent, out);
      launch::copy_map(from.data(), from.view, to.data(), to.view);
      CHECK(to.values() == expected);
    }
  }
}

TEST_CASE("copies keep every value between layouts and round once between types") {
  for (const Extent& extent : {Extent{2, 16, 3, 5}, Extent{2, 13, 2, 3}, Extent{3, 24, 1, 1}}) {
    check_copy<float, float>(extent);
    check_copy<float, Bf16>(extent);
    check_copy<Bf16, float>(extent);
    check_copy<Bf16, Bf16>(extent);
  }
}

TEST_CASE("a copy to bfloat16 rounds ties, tiny values, infinities and NaN as the host does") {
  const Extent extent{1, 8, 50, 50};
  Values x;
  std::mt19937 draw(5);
  for (size_t i = 0; i < extent.count(); ++i) {
    uint32_t bits = draw();
    if (i % 3 == 0) bits = (bits & 0xFFFF0000u) | 0x8000u;  // a tie
    if (i % 7 == 0) bits &= 0x807FFFFFu;                    // a subnormal
    if (i % 11 == 0) bits |= 0x7F800000u;                   // an infinity or NaN
    x.push_back(float_of(bits));
  }
  for (const Layout layout : {Layout::kChannelsLast, Layout::kPlanar}) {  // in pairs and one by one
    const Stored<float> from(extent, layout, x);
    Stored<Bf16> to(extent, layout);
    launch::copy_map(from.data(), from.view, to.data(), to.view);
    const Values got = to.values();
    int wrong = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double expected = rounded<Bf16>(x[i]);
      wrong += std::isnan(expected) ? !std::isnan(got[i]) : got[i] != expected;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("arrays of any length become bfloat16 and float again") {
  for (const size_t count : {size_t{1}, size_t{8}, size_t{1000}, size_t{12345}}) {
    const Values x = random_values<Bf16>(count, -1, 1, 6);
    const Vector<float> from(x.begin(), x.end());
    Vector<Bf16> halves(count + 1, Bf16{0x1234});
    Vector<float> back(count + 1, 5);
    launch::convert(from.data(), halves.data(), static_cast<int64_t>(count));
    launch::convert(static_cast<const Bf16*>(halves.data()), back.data(), static_cast<int64_t>(count));
    CHECK(std::equal(from.begin(), from.end(), back.begin()));
    CHECK(halves.back().bits == 0x1234);
    CHECK(back.back() == 5);
  }
}

TEST_CASE("two halves join into a map and are split off again") {
  const Extent half{2, 24, 3, 2}, whole{2, 48, 3, 2};
  const Values a = random_values<Bf16>(half.count(), -1, 1, 1),
               b = random_values<Bf16>(half.count(), -1, 1, 2);
  const Stored<Bf16> first(half, Layout::kChannelsLast, a), second(half, Layout::kChannelsLast, b);
  Stored<Bf16> joined(whole, Layout::kChannelsLast), back(half, Layout::kChannelsLast);
  const MapView part = channels_of(joined.view, 24);
  launch::copy_map(first.data(), first.view, joined.data(), part);
  launch::copy_map(second.data(), second.view, joined.data() + 24, part);
  const Values values = joined.values();
  for (size_t n = 0; n < 2; ++n) {
    for (size_t i = 0; i < 24 * 6; ++i) {
      REQUIRE(values[n * 288 + i] == a[n * 144 + i]);
      REQUIRE(values[n * 288 + 144 + i] == b[n * 144 + i]);
    }
  }
  launch::copy_map(static_cast<const Bf16*>(joined.data() + 24), part, back.data(), back.view);
  CHECK(back.values() == b);
}

template <class T>
void check_add(const Extent& extent) {
  const Values a = random_values<T>(extent.count(), -1, 1, 1), b = random_values<T>(extent.count(), -1, 1, 2);
  Values expected = a;
  for (size_t i = 0; i < a.size(); ++i) expected[i] = rounded<T>(a[i] + b[i]);
  for (const Layout in : kLayouts) {
    for (const Layout out : kLayouts) {
      Stored<T> first(extent, in, a), to(extent, out);
      const Stored<T> second(extent, in, b);
      const T* from = first.data();
      launch::add_maps(from, first.view, second.data(), second.view, to.data(), to.view);
      CHECK(to.values() == expected);
      launch::add_maps(from, first.view, second.data(), second.view, first.data(), first.view);
      CHECK(first.values() == expected);
    }
  }
}

TEST_CASE("two columns' gradients are added in float, in place as well") {
  check_add<float>({2, 16, 3, 3});
  check_add<Bf16>({2, 16, 3, 3});
  check_add<Bf16>({2, 7, 3, 3});
}

TEST_CASE("maps and rows that do not fit are refused") {
  Stored<float> a({1, 8, 2, 2}, Layout::kChannelsLast), b({1, 8, 2, 3}, Layout::kChannelsLast);
  const float* from = a.data();
  CHECK(refused([&] { launch::copy_map(from, a.view, b.data(), b.view); }));
  CHECK(refused([&] { launch::add_maps(from, a.view, from, a.view, b.data(), b.view); }));
  MapView wide = a.view;  // beyond what a kernel counts in an image
  wide.pixel_stride = int64_t{1} << 30;
  CHECK(refused([&] { launch::copy_map(from, a.view, a.data(), wide); }));
  Vector<float> sums(8), work(8);
  CHECK(refused([&] { launch::sum_rows(from, 4, 8, 7, work.data(), sums.data()); }));
}

}  // namespace
}  // namespace alexnet::cuda::testing
