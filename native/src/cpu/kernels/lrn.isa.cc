// Local response normalisation that stands alone, e.g. after pooling or before the activation.
#include "cpu/kernels/isa_kernels.h"
#include "cpu/kernels/lrn_pixel.h"
#include "cpu/kernels/parallel.h"

namespace alexnet::ALEXNET_ISA {

template <class T>
void lrn_forward(const T* x, const MapView& x_view, T* y, const MapView& y_view, const LrnSpec& lrn) {
  const int threads = cpu::team_size(x_view.images * x_view.height);
  const cpu::Scratch scratch(threads, lrn_memory(lrn, x_view.blocks));
  with_lrn_pixel(lrn, [&]<class Pixel>() {
    const auto rows = [&](int64_t image, int64_t first, int64_t last, int thread) {
      const Pixel pixel(lrn, x_view.blocks, scratch.of_thread(thread));
      for (int64_t h = first; h < last; ++h) {
        for (int64_t w = 0; w < x_view.width; ++w) {
          const T* from = x + x_view.offset(image, 0, h, w);
          T* to = y + y_view.offset(image, 0, h, w);
          pixel.forward([&](int64_t b) ALEXNET_LAMBDA { return load(from + b * x_view.block_stride); },
                        [&](int64_t b, const F16& v)
                            ALEXNET_LAMBDA { store(to + b * y_view.block_stride, v); });
        }
      }
    };
    parallel_rows(x_view.images, x_view.height, threads, rows);
  });
}

template <class T>
void lrn_backward(const T* x, const MapView& x_view, const T* dy, const MapView& dy_view, T* dx,
                  const MapView& dx_view, const LrnSpec& lrn, std::optional<Activation> activation) {
  const Derivative derivative = derivative_of(activation);
  const int threads = cpu::team_size(x_view.images * x_view.height);
  const cpu::Scratch scratch(threads, lrn_memory(lrn, x_view.blocks));
  with_lrn_pixel(lrn, [&]<class Pixel>() {
    const auto rows = [&](int64_t image, int64_t first, int64_t last, int thread) {
      const Pixel pixel(lrn, x_view.blocks, scratch.of_thread(thread));
      for (int64_t h = first; h < last; ++h) {
        for (int64_t w = 0; w < x_view.width; ++w) {
          const T* output = x + x_view.offset(image, 0, h, w);
          const T* from = dy + dy_view.offset(image, 0, h, w);
          T* to = dx + dx_view.offset(image, 0, h, w);
          pixel.backward([&](int64_t b) ALEXNET_LAMBDA { return load(output + b * x_view.block_stride); },
                         [&](int64_t b) ALEXNET_LAMBDA { return load(from + b * dy_view.block_stride); },
                         [&](int64_t b, const F16& a, const F16& v) ALEXNET_LAMBDA {
                           store(to + b * dx_view.block_stride, times_derivative(derivative, v, a));
                         });
        }
      }
    };
    parallel_rows(x_view.images, x_view.height, threads, rows);
  });
}

#define ALEXNET_INSTANTIATE(T)                                                                       \
  template void lrn_forward(const T*, const MapView&, T*, const MapView&, const LrnSpec&);           \
  template void lrn_backward(const T*, const MapView&, const T*, const MapView&, T*, const MapView&, \
                             const LrnSpec&, std::optional<Activation>);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)

}  // namespace alexnet::ALEXNET_ISA
