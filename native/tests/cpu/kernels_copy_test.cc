// Conversions to Bf16, copies between layouts and columns, sums.
#include "kernels_norm_reference.h"

namespace alexnet::testing {
namespace {

float from_bits(uint32_t bits) {
  float f;
  std::memcpy(&f, &bits, sizeof f);
  return f;
}

TEST_CASE("conversion to bf16 rounds to nearest, ties to even, over the whole range") {
  std::vector<float> x;
  for (uint32_t upper = 0; upper < 0x10000; upper += 37) {
    for (uint32_t lower : {0u, 1u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu}) {
      x.push_back(from_bits(upper << 16 | lower));
    }
  }
  x.insert(x.end(),
           {from_bits(0x7F7F8000), INFINITY, -INFINITY, from_bits(0x7F800001), from_bits(0xFFFFFFFF)});
  const auto count = static_cast<int64_t>(x.size());
  for (Isa isa : isas()) {
    std::vector<Bf16> y(x.size());
    std::vector<float> back(x.size());
    ALEXNET_ON(isa, to_bf16(x.data(), y.data(), count));
    ALEXNET_ON(isa, to_float(y.data(), back.data(), count));
    int64_t wrong = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      if (std::isnan(x[i])) {
        wrong += !std::isnan(back[i]);
      } else if (std::isinf(x[i]) || std::abs(x[i]) > from_bits(0x7F7F7FFF)) {
        wrong += !std::isinf(back[i]) || std::signbit(back[i]) != std::signbit(x[i]);
      } else {
        Bf16 expected;
        put(&expected, x[i]);
        wrong += y[i].bits != expected.bits;
        wrong += back[i] != as_double(y[i]);
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("maps are copied between layouts and types") {
  const Maps x = random_maps<Bf16>(2, 20, 3, 5, -1, 1, 1);
  on_every_path([&](Isa isa, Layout in, Layout out) {
    const Stored<Bf16> half(x, in);
    Stored<float> single(2, 20, 3, 5, out);
    ALEXNET_ON(isa, copy_map(half.data(), half.view, single.data(), single.view));
    CHECK(single.maps().values == x.values);
    Stored<Bf16> half_again(2, 20, 3, 5, in);
    ALEXNET_ON(isa, copy_map(single.data(), single.view, half_again.data(), half_again.view));
    CHECK(half_again.maps().values == x.values);
    Stored<float> single_again(2, 20, 3, 5, in);
    ALEXNET_ON(isa, copy_map(single.data(), single.view, single_again.data(), single_again.view));
    CHECK(single_again.maps().values == x.values);
    Stored<Bf16> third(2, 20, 3, 5, out);
    ALEXNET_ON(isa, copy_map(half.data(), half.view, third.data(), third.view));
    CHECK(third.maps().values == x.values);
  });
}

TEST_CASE("two columns are joined and split again") {
  const Maps left = random_maps<float>(2, 48, 3, 4, -1, 1, 2),
             right = random_maps<float>(2, 48, 3, 4, -1, 1, 3);
  for (const bool channels_last : {false, true}) {
    const MapView joined =
        channels_last ? cpu::channels_last_view(2, 96, 3, 4) : cpu::blocked_view(2, 96, 3, 4);
    const MapView part = cpu::channels_of(joined, 48);
    std::vector<float> memory(static_cast<size_t>(joined.padded_count()), 9.0f);
    const Stored<float> a(left, Layout::kBlocked), b(right, Layout::kChannelsLast);
    cpu::copy_map(a.data(), a.view, memory.data(), part);
    cpu::copy_map(b.data(), b.view, memory.data() + 3 * joined.block_stride, part);
    int64_t wrong = 0;
    each_value(left, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
      wrong += memory[static_cast<size_t>(joined.offset(n, c / 16, h, w) + c % 16)] != left.at(n, c, h, w);
      wrong +=
          memory[static_cast<size_t>(joined.offset(n, 3 + c / 16, h, w) + c % 16)] != right.at(n, c, h, w);
    });
    CHECK(wrong == 0);
    Stored<float> back(2, 48, 3, 4, Layout::kBlocked);
    cpu::copy_map(memory.data() + 3 * joined.block_stride, part, back.data(), back.view);
    CHECK(back.maps().values == right.values);
  }
}

template <class T>
void check_add() {
  const Maps x = random_maps<T>(2, 20, 3, 5, -1, 1, 4), y = random_maps<T>(2, 20, 3, 5, -1, 1, 5);
  Maps expected = x;
  for (size_t i = 0; i < expected.values.size(); ++i) {
    T sum;
    put(&sum, static_cast<float>(x.values[i]) + static_cast<float>(y.values[i]));
    expected.values[i] = as_double(sum);
  }
  on_every_path([&](Isa isa, Layout in, Layout out) {
    const Stored<T> from(x, in);
    Stored<T> to(y, out);
    ALEXNET_ON(isa, add_map(from.data(), from.view, to.data(), to.view));
    CHECK(to.maps().values == expected.values);
  });
  std::vector<T> a(x.values.size()), b(x.values.size());
  for (Isa isa : isas()) {
    for (size_t i = 0; i < a.size(); ++i) put(&a[i], x.values[i]), put(&b[i], y.values[i]);
    ALEXNET_ON(isa, add(a.data(), b.data(), static_cast<int64_t>(a.size())));
    int64_t wrong = 0;
    for (size_t i = 0; i < a.size(); ++i) wrong += as_double(b[i]) != expected.values[i];
    CHECK(wrong == 0);
  }
}

TEST_CASE("gradients of a map that both columns read are added") {
  check_add<float>();
  check_add<Bf16>();
}

template <class T>
void check_sums(int64_t rows, int64_t features) {
  const Maps x = random_maps<T>(1, 1, rows, features + 3, -1, 1, 6);
  std::vector<T> stored(x.values.size());
  for (size_t i = 0; i < stored.size(); ++i) put(&stored[i], x.values[i]);
  for (Isa isa : isas()) {
    check_threads([&] {
      std::vector<float> sums(static_cast<size_t>(features) + 1, 77.0f);
      ALEXNET_ON(isa, column_sums(stored.data(), rows, features, features + 3, sums.data()));
      CHECK(sums.back() == 77.0f);
      double worst = 0;
      for (int64_t f = 0; f < features; ++f) {
        double expected = 0;
        for (int64_t r = 0; r < rows; ++r) expected += x.at(0, 0, r, f);
        worst = std::max(worst, std::abs(sums[static_cast<size_t>(f)] - expected));
      }
      CHECK(worst < 1e-5);  // 128 float additions of values below 1
      return sums;
    });
  }
}

TEST_CASE("sums over rows are right and the same for any team") {
  check_sums<float>(128, 1000);
  check_sums<Bf16>(128, 2048);
  check_sums<float>(1, 5);
}

}  // namespace
}  // namespace alexnet::testing
