// Response normalisation inside each map.
#include "cuda/kernels/spatial_norm.h"

#include "maps_testing.h"

namespace alexnet::cuda::testing {
namespace {

template <class T>
void check_spatial_norm(const Extent& extent, const SpatialNormSpec& norm, std::optional<Activation> before) {
  const Values x = random_values<T>(extent.count(), -1, 1, 1),
               dy = random_values<T>(extent.count(), -1, 1, 2);
  const Values expected = reference::spatial_norm_forward(x, extent.images, extent.shape(), norm);
  const Values dx_expected =
      through(before, x, reference::spatial_norm_backward(x, dy, extent.images, extent.shape(), norm));
  const auto image = static_cast<int64_t>(extent.count()) / extent.images;
  for (const Layout layout : kLayouts) {
    CAPTURE(norm.size);
    CAPTURE(layout_name(layout));
    const Stored<T> from(extent, layout, x), gradient(extent, layout, dy);
    Stored<T> y(extent, layout);
    launch::spatial_norm_forward(from.data(), from.view, y.data(), y.view, norm);
    CHECK(worst_error(y.values(), expected, 0.01) < tolerance<T>());
    for (const int64_t images : {int64_t{1}, int64_t{2}, extent.images + 1}) {  // that fit working memory
      Stored<T> dx(extent, layout);
      Vector<float> shares(static_cast<size_t>(images * image));
      launch::spatial_norm_backward(from.data(), from.view, gradient.data(), gradient.view, dx.data(),
                                    dx.view, norm, before, shares.data(), images * image);
      CHECK(worst_error(dx.values(), dx_expected, 0.1) < tolerance<T>());
    }
  }
}

TEST_CASE("the spatial norm and its gradient equal the reference, in parts as well") {
  const SpatialNormSpec five{5, 1.0, 0.02, 0.75};
  check_spatial_norm<float>({3, 16, 7, 6}, five, std::nullopt);
  check_spatial_norm<Bf16>({3, 16, 7, 6}, five, Activation::kRelu);
  check_spatial_norm<float>({3, 5, 4, 9}, {3, 2.0, 0.1, 0.6}, Activation::kTanh);
  check_spatial_norm<float>({3, 8, 2, 3}, {9, 1.0, 0.1, 0.75}, std::nullopt);  // wider than the map
}

TEST_CASE("working memory that holds no image is refused") {
  const Extent extent{1, 8, 3, 3};
  Stored<float> x(extent, Layout::kChannelsLast), dx(extent, Layout::kChannelsLast);
  Vector<float> shares(71);
  CHECK(refused([&] {
    launch::spatial_norm_backward(static_cast<const float*>(x.data()), x.view,
                                  static_cast<const float*>(x.data()), x.view, dx.data(), dx.view,
                                  SpatialNormSpec{}, std::nullopt, shares.data(), 71);
  }));
}

}  // namespace
}  // namespace alexnet::cuda::testing
