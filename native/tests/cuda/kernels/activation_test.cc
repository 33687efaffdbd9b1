// Bias and activations on maps, and their way back.
#include "cuda/kernels/activation.h"

#include "maps_testing.h"

namespace alexnet::cuda::testing {
namespace {

template <class T>
void check_activation(const Extent& extent, std::optional<Activation> activation, bool biased) {
  const Values x = random_values<T>(extent.count(), -3, 3, 1),
               dy = random_values<T>(extent.count(), -1, 1, 2);
  Vector<float> bias;
  for (int64_t c = 0; c < extent.channels; ++c) bias.push_back(0.125f * static_cast<float>(c % 7) - 0.25f);
  Values expected = x;
  const auto map = static_cast<size_t>(extent.height * extent.width);
  for (size_t i = 0; biased && i < x.size(); ++i) expected[i] += bias[i / map % bias.size()];
  if (activation) expected = reference::activation_forward(expected, *activation);
  for (const Layout layout : kLayouts) {
    CAPTURE(layout_name(layout));
    const Stored<T> from(extent, layout, x), gradient(extent, layout, dy);
    Stored<T> y(extent, layout), in_place(extent, layout, x), dx(extent, layout);
    const float* added = biased ? bias.data() : nullptr;
    launch::bias_activation(from.data(), from.view, y.data(), y.view, added, activation);
    const Values result = y.values();
    CHECK(worst_error(result, expected, 0.01) < tolerance<T>());
    launch::bias_activation(static_cast<const T*>(in_place.data()), in_place.view, in_place.data(),
                            in_place.view, added, activation);
    CHECK(in_place.values() == result);
    if (!activation) continue;
    launch::activation_backward(static_cast<const T*>(y.data()), y.view, gradient.data(), gradient.view,
                                dx.data(), dx.view, *activation);
    CHECK(worst_error(dx.values(), reference::activation_backward(result, dy, *activation), 0.01) <
          tolerance<T>());
  }
}

TEST_CASE("bias and activation equal the reference, forward, in place and back") {
  for (const Extent& extent : {Extent{2, 16, 3, 5}, Extent{3, 13, 2, 2}, Extent{4, 40, 1, 1}}) {
    for (const auto& activation : kActivations) {
      check_activation<float>(extent, activation, true);
      check_activation<Bf16>(extent, activation, false);
    }
  }
}

TEST_CASE("a ReLU keeps NaN") {
  CHECK(std::isnan(relu(NAN)));
  CHECK(relu(-1.0f) == 0);
  CHECK(relu(2.0f) == 2);
  CHECK(times_derivative(Derivative::kRelu, Floats<1>{{3}}, Floats<1>{{0}}).v[0] ==
        0);  // the slope at 0 is 0
}

}  // namespace
}  // namespace alexnet::cuda::testing
