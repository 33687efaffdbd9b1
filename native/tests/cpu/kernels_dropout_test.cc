// Dropout's draws against random.h, on rows and on maps.
#include "alexnet/random.h"
#include "kernels_norm_reference.h"

namespace alexnet::testing {
namespace {

DropoutDraw draw_of(double p, int64_t total, int64_t offset) {
  DropoutDraw draw;
  draw.drop_probability = p;
  draw.scale = 2.0f;
  draw.seed = 0x123456789ABCDEFull;
  draw.step = 4711;
  draw.layer = 6;
  draw.total_features = total;
  draw.feature_offset = offset;
  draw.first_image = 3;
  return draw;
}

bool expected_kept(const DropoutDraw& draw, int64_t image, int64_t feature) {
  const RandomStream stream{draw.seed, RandomPurpose::kDropout, draw.step, draw.layer};
  const auto element =
      static_cast<uint64_t>((draw.first_image + image) * draw.total_features + draw.feature_offset + feature);
  return uniform01(stream.words(element / 4)[element % 4]) >= draw.drop_probability;
}

template <class T>
void check_rows(const DropoutDraw& draw, int64_t features) {
  constexpr int64_t kImages = 3;
  const int64_t row_stride = features + 8;
  const Maps x = random_maps<T>(1, 1, kImages, row_stride, -1, 1, 1);
  std::vector<T> stored(x.values.size());
  for (size_t i = 0; i < stored.size(); ++i) put(&stored[i], x.values[i]);
  CAPTURE(features);
  for (Isa isa : isas()) {
    std::vector<T> y = stored, dx = stored;
    std::vector<uint8_t> kept(static_cast<size_t>(kImages * features), 9);
    ALEXNET_ON(isa, dropout_forward(y.data(), y.data(), kept.data(), kImages, features, row_stride, draw));
    ALEXNET_ON(isa, dropout_backward(stored.data(), dx.data(), kept.data(), kImages, features, row_stride,
                                     draw.scale));
    int64_t wrong = 0;
    for (int64_t n = 0; n < kImages; ++n) {
      for (int64_t f = 0; f < row_stride; ++f) {
        const auto i = static_cast<size_t>(n * row_stride + f);
        double expected = as_double(stored[i]);  // between the rows nothing changes
        if (f < features) {
          const bool keep = expected_kept(draw, n, f);
          wrong += kept[static_cast<size_t>(n * features + f)] != keep;
          expected = keep ? 2 * expected : 0;  // a doubling is exact in both types
        }
        wrong += as_double(y[i]) != expected;
        wrong += as_double(dx[i]) != expected;
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("rows keep the units that the stream names") {
  check_rows<float>(draw_of(0.5, 4096, 2048), 2048);
  check_rows<Bf16>(draw_of(0.5, 4096, 0), 2048);
  check_rows<float>(draw_of(0.3, 1501, 201), 1300);  // no multiple of 4 anywhere
  check_rows<Bf16>(draw_of(0.7, 19, 2), 17);
}

TEST_CASE("no unit is dropped at p 0, and a p between two draws rounds the right way") {
  std::vector<float> x(64, 1.0f), y(64);
  std::vector<uint8_t> kept(64);
  for (Isa isa : isas()) {
    ALEXNET_ON(isa, dropout_forward(x.data(), y.data(), kept.data(), 1, 64, 64, draw_of(0, 64, 0)));
    CHECK(kept == std::vector<uint8_t>(64, 1));
    // A probability equal to one unit's own draw keeps that unit; the next larger one drops it.
    const DropoutDraw any = draw_of(0.5, 64, 0);
    const RandomStream stream{any.seed, RandomPurpose::kDropout, any.step, any.layer};
    const double own = uniform01(stream.words(3 * 64 / 4)[0]);
    ALEXNET_ON(isa, dropout_forward(x.data(), y.data(), kept.data(), 1, 64, 64, draw_of(own, 64, 0)));
    CHECK(kept[0] == 1);
    ALEXNET_ON(isa, dropout_forward(x.data(), y.data(), kept.data(), 1, 64, 64,
                                    draw_of(std::nextafter(own, 1.0), 64, 0)));
    CHECK(kept[0] == 0);
  }
}

template <class T>
void check_maps(int64_t channels, int64_t height, int64_t width) {
  constexpr int64_t kImages = 2;
  const int64_t features = channels * height * width;
  const DropoutDraw draw = draw_of(0.5, 2 * features + 3, features + 1);
  const Maps x = random_maps<T>(kImages, channels, height, width, -1, 1, 2);
  Maps expected = x;
  each_value(x, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
    const bool keep = expected_kept(draw, n, (c * height + h) * width + w);
    expected.at(n, c, h, w) = keep ? 2 * x.at(n, c, h, w) : 0;
  });
  on_every_path([&](Isa isa, Layout in, Layout out) {
    const Stored<T> stored(x, in);
    Stored<T> y(kImages, channels, height, width, out), dx(kImages, channels, height, width, out);
    std::vector<uint8_t> kept(static_cast<size_t>(y.view.padded_count()), 9);
    ALEXNET_ON(isa, dropout_forward(stored.data(), stored.view, y.data(), y.view, kept.data(), draw));
    CHECK(y.maps().values == expected.values);
    ALEXNET_ON(isa,
               dropout_backward(stored.data(), stored.view, dx.data(), dx.view, kept.data(), draw.scale));
    CHECK(dx.maps().values == expected.values);
  });
}

TEST_CASE("maps keep the units that the stream names by channel, row, column") {
  check_maps<float>(48, 6, 6);
  check_maps<Bf16>(20, 3, 5);
}

TEST_CASE("dropout gives the same bits for one, two and three threads") {
  std::vector<float> x(5 * 3000, 1.5f);
  const Maps maps = random_maps<float>(2, 40, 3, 3, -1, 1, 3);
  for (Isa isa : isas()) {
    check_threads([&] {
      std::vector<float> y(x.size());
      std::vector<uint8_t> kept(x.size());
      ALEXNET_ON(isa, dropout_forward(x.data(), y.data(), kept.data(), 5, 3000, 3000, draw_of(0.5, 3000, 0)));
      return y;
    });
    check_threads([&] {
      const Stored<float> stored(maps, Layout::kBlocked);
      Stored<float> y(2, 40, 3, 3, Layout::kBlocked);
      std::vector<uint8_t> kept(static_cast<size_t>(y.view.padded_count()));
      ALEXNET_ON(isa, dropout_forward(stored.data(), stored.view, y.data(), y.view, kept.data(),
                                      draw_of(0.5, 360, 0)));
      return y.memory();
    });
  }
}

}  // namespace
}  // namespace alexnet::testing
