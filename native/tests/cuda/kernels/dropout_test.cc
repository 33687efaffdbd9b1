// Dropout by counter: the units that stay are those of spec/dropout.h, bit for bit.
#include "cuda/kernels/dropout.h"

#include "alexnet/random.h"
#include "maps_testing.h"
#include "spec/dropout.h"

namespace alexnet::cuda::testing {
namespace {

constexpr uint64_t kSeed = 0x123456789ABCDEF0ull;

TEST_CASE("the device's draws are those of the streams") {
  for (const uint64_t index : {uint64_t{0}, uint64_t{7}, uint64_t{0x123456789}, ~uint64_t{0}}) {
    for (const uint32_t b : {0u, 3u, 70000u}) {
      const RandomStream stream{kSeed, RandomPurpose::kCrop, 0xFFFFFFFEu, b};
      const auto expected = stream.words(index);
      const Words got = stream_words(kSeed, RandomPurpose::kCrop, 0xFFFFFFFEu, b, index);
      for (size_t i = 0; i < 4; ++i) CHECK(got.w[i] == expected[i]);
    }
  }
}

struct Case {
  Extent extent;
  int64_t total, offset, first_image;
  double p;
};

template <class T>
void check_dropout(const Case& c, std::optional<Activation> activation) {
  const Vector<uint32_t> step{77};
  const uint32_t layer = 5;
  const float scale = 1.5f;
  const Values x = random_values<T>(c.extent.count(), -1, 1, 1);
  const Values output = random_values<T>(c.extent.count(), -1, 1, 2);
  const DropoutDraw draw{c.p, scale, kSeed, layer, step.data(), c.total, c.offset, c.first_image};
  const auto features = static_cast<size_t>(c.extent.shape().count());
  Values forward(x.size());
  size_t kept = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const auto element =
        (static_cast<uint64_t>(c.first_image) + i / features) * static_cast<uint64_t>(c.total) +
        static_cast<uint64_t>(c.offset) + i % features;
    const bool keep = dropout_keep(kSeed, step[0], layer, element, c.p);
    kept += keep;
    forward[i] = keep ? rounded<T>(x[i] * scale) : 0;
  }
  if (c.p == 0) CHECK(kept == x.size());
  for (const Layout layout : kLayouts) {
    CAPTURE(layout_name(layout));
    CAPTURE(c.p);
    const Stored<T> from(c.extent, layout, x), out(c.extent, layout, output);
    Stored<T> y(c.extent, layout), dx(c.extent, layout);
    launch::dropout_forward(from.data(), from.view, y.data(), y.view, draw);
    CHECK(y.values() == forward);
    launch::dropout_backward(from.data(), from.view, out.data(), out.view, dx.data(), dx.view, draw,
                             activation);
    CHECK(worst_error(dx.values(), through(activation, output, forward), 0.01) < 2 * tolerance<T>());
  }
}

TEST_CASE("dropout keeps the same units as the rule, for rows and for maps, forward and back") {
  const Case cases[] = {
      {{3, 64, 1, 1}, 64, 0, 0, 0.5},    {{2, 64, 1, 1}, 131, 67, 4, 0.5}, {{2, 13, 1, 1}, 29, 3, 0, 0.3},
      {{2, 16, 3, 5}, 480, 240, 1, 0.5}, {{2, 5, 2, 2}, 21, 1, 0, 0.9},    {{1, 64, 1, 1}, 64, 0, 0, 0.0},
  };
  for (const Case& c : cases) {
    check_dropout<float>(c, Activation::kRelu);
    check_dropout<Bf16>(c, Activation::kTanh);
    check_dropout<float>(c, std::nullopt);
  }
}

TEST_CASE("a unit whose draw equals the share is kept, the next share drops it") {
  const Vector<uint32_t> step{0};
  const Extent one{1, 8, 1, 1};
  const double own = dropout_uniform(kSeed, 0, 1, 2);
  const Stored<float> x(one, Layout::kChannelsLast, Values(8, 1.0));
  const auto kept = [&](double p) {
    Stored<float> y(one, Layout::kChannelsLast);
    const DropoutDraw draw{p, 1, kSeed, 1, step.data(), 8, 0, 0};
    launch::dropout_forward(x.data(), x.view, y.data(), y.view, draw);
    return y.values()[2] != 0;
  };
  CHECK(kept(own));
  CHECK_FALSE(kept(std::nextafter(own, 1.0)));
}

TEST_CASE("a share of one, and a draw without a step, are refused") {
  const Vector<uint32_t> step{0};
  Stored<float> x({1, 8, 1, 1}, Layout::kChannelsLast);
  const auto call = [&](double p, const uint32_t* at) {
    const DropoutDraw draw{p, 1, kSeed, 1, at, 8, 0, 0};
    return refused([&] {
      launch::dropout_forward(static_cast<const float*>(x.data()), x.view, x.data(), x.view, draw);
    });
  };
  CHECK_FALSE(call(0.5, step.data()));
  CHECK(call(1.0, step.data()));
  CHECK(call(0.5, nullptr));
}

}  // namespace
}  // namespace alexnet::cuda::testing
