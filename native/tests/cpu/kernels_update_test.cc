// The update rule of the paper's section 5, and the search for values that are not finite.
#include "kernels_testing.h"

namespace alexnet::testing {
namespace {

std::vector<float> random_values(size_t count, unsigned seed) {
  std::vector<float> values(count);
  std::mt19937 draw(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (float& v : values) v = uniform(draw);
  return values;
}

TEST_CASE("three steps equal v <- m v - d lr w - lr g, w <- w + v in double") {
  const SgdStep step{0.01f, 0.9f, 0.0005f};
  for (const size_t count : {size_t{5}, size_t{16}, size_t{70001}}) {
    for (Isa isa : isas()) {
      check_threads([&] {
        std::vector<float> w = random_values(count, 1), v = random_values(count, 2);
        std::vector<double> w_exact(w.begin(), w.end()), v_exact(v.begin(), v.end());
        std::vector<Bf16> rounded(count + 1, Bf16{0x1234});
        for (unsigned s = 0; s < 3; ++s) {
          const std::vector<float> g = random_values(count, 3 + s);
          ALEXNET_ON(isa, sgd_update(w.data(), v.data(), g.data(), static_cast<int64_t>(count), step,
                                     s == 2 ? rounded.data() : nullptr));
          for (size_t i = 0; i < count; ++i) {
            v_exact[i] = 0.9 * v_exact[i] - 0.0005 * 0.01 * w_exact[i] - 0.01 * g[i];
            w_exact[i] += v_exact[i];
          }
        }
        double worst = 0;
        int64_t wrong = rounded.back().bits != 0x1234;
        for (size_t i = 0; i < count; ++i) {
          worst = std::max({worst, std::abs(w[i] - w_exact[i]), std::abs(v[i] - v_exact[i])});
          Bf16 expected;
          put(&expected, w[i]);
          wrong += rounded[i].bits != expected.bits;
        }
        CHECK(worst < 2e-6);  // values up to 4, a few roundings of 2^-24 each
        CHECK(wrong == 0);
        w.insert(w.end(), v.begin(), v.end());
        return w;
      });
    }
  }
}

TEST_CASE("a rate of zero freezes the weights and lets the velocity die away") {
  std::vector<float> w = random_values(100, 1), v(100, 0.0f);
  const std::vector<float> g = random_values(100, 2), before = w;
  for (Isa isa : isas()) {
    ALEXNET_ON(isa, sgd_update(w.data(), v.data(), g.data(), 100, {0.0f, 0.9f, 0.0005f}));
    CHECK(w == before);
  }
}

TEST_CASE("one value that is not finite is found wherever it lies") {
  for (Isa isa : isas()) {
    for (const size_t count : {size_t{1}, size_t{50}, size_t{50003}}) {
      std::vector<float> x = random_values(count, 3);
      x[0] = 3e38f;  // large, but finite
      const auto finite = [&] {
        bool result = false;
        switch (isa) {
          case Isa::kBaseline:
            result = baseline::all_finite(x.data(), static_cast<int64_t>(count));
            break;
          case Isa::kAvx2:
            result = avx2::all_finite(x.data(), static_cast<int64_t>(count));
            break;
          case Isa::kAvx512:
            result = avx512::all_finite(x.data(), static_cast<int64_t>(count));
            break;
        }
        return result;
      };
      CHECK(finite());
      for (const size_t place : {size_t{0}, count / 2, count - 1}) {
        for (const float bad : {INFINITY, -INFINITY, NAN}) {
          const float before = x[place];
          x[place] = bad;
          CHECK_FALSE(finite());
          x[place] = before;
        }
      }
    }
    CHECK(cpu::all_finite(nullptr, 0));
  }
}

}  // namespace
}  // namespace alexnet::testing
