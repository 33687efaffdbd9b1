// bfloat16 on the host and, by the same function, on the device.
#include "maps_testing.h"

namespace alexnet::cuda::testing {
namespace {

TEST_CASE("every bfloat16 survives the way to float and back") {
  int wrong = 0;
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const Bf16 value{static_cast<uint16_t>(bits)}, back = from_float<Bf16>(to_float(value));
    const bool nan = std::isnan(to_float(value));
    wrong += nan ? !std::isnan(to_float(back)) : back.bits != value.bits;
  }
  CHECK(wrong == 0);
}

TEST_CASE("a float becomes the nearest bfloat16, on a tie the even one") {
  std::mt19937 draw(1);
  int wrong = 0;
  for (int i = 0; i < 200000; ++i) {
    uint32_t bits = draw();
    if (i % 4 == 0) bits = (bits & 0xFFFF0000u) | 0x8000u;  // a tie
    const float value = float_of(bits);
    if (!is_finite(value) || std::abs(value) > 3e38f) continue;
    const float low = float_of(bits & 0xFFFF0000u), high = float_of((bits & 0xFFFF0000u) + 0x10000u);
    const double below = std::abs(double{value} - low), above = std::abs(double{high} - value);
    const bool down = below < above || (below == above && (bits >> 16) % 2 == 0);
    wrong += to_float(from_float<Bf16>(value)) != (down ? low : high);
  }
  CHECK(wrong == 0);
  CHECK(std::isinf(to_float(from_float<Bf16>(3.4e38f))));
  CHECK(std::isnan(to_float(from_float<Bf16>(float_of(0x7F800001u)))));  // would round to infinity
  CHECK(std::isnan(to_float(from_float<Bf16>(float_of(0xFFFFFFFFu)))));  // would round to zero
}

TEST_CASE("a byte's sign becomes all bits of its half") {
  for (uint32_t signs = 0; signs < 16; ++signs) {
    uint32_t bytes = 0x7F00017F;
    for (uint32_t i = 0; i < 4; ++i) bytes |= (signs >> i & 1) << (8 * i + 7);
    const auto half = [&](uint32_t byte) { return (signs >> byte & 1) != 0 ? 0xFFFFu : 0u; };
    CHECK(halves_of_signs(bytes, false) == (half(0) | half(1) << 16));
    CHECK(halves_of_signs(bytes, true) == (half(2) | half(3) << 16));
  }
}

TEST_CASE("NaN and infinities are not finite") {
  CHECK(is_finite(3.4e38f));
  CHECK(is_finite(-0.0f));
  CHECK_FALSE(is_finite(INFINITY));
  CHECK_FALSE(is_finite(-INFINITY));
  CHECK_FALSE(is_finite(NAN));
}

}  // namespace
}  // namespace alexnet::cuda::testing
