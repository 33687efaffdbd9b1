// Copies and sums: maps between layouts and columns, arrays between float and Bf16, bias gradients.
#include "cpu/kernels/isa_kernels.h"
#include "cpu/kernels/map_loops.h"

namespace alexnet::ALEXNET_ISA {
namespace {

template <class From, class To>
void convert(const From* from, To* to, int64_t count) {
  for_each_sixteen(
      count, [&](int64_t i) ALEXNET_LAMBDA { store(to + i, load(from + i)); },
      [&](int64_t i, int64_t n) { store_first(to + i, load_first(from + i, n), n); });
}

}  // namespace

template <class From, class To>
void copy_map(const From* from, const MapView& from_view, To* to, const MapView& to_view) {
  for_each_pixel(from_view, [&](int64_t image, int64_t b, int64_t h, int64_t w) ALEXNET_LAMBDA {
    store(to + to_view.offset(image, b, h, w), load(from + from_view.offset(image, b, h, w)));
  });
}

template <class T>
void add_map(const T* from, const MapView& from_view, T* to, const MapView& to_view) {
  for_each_pixel(from_view, [&](int64_t image, int64_t b, int64_t h, int64_t w) ALEXNET_LAMBDA {
    T* sum = to + to_view.offset(image, b, h, w);
    store(sum, load(sum) + load(from + from_view.offset(image, b, h, w)));
  });
}

void to_bf16(const float* from, Bf16* to, int64_t count) { convert(from, to, count); }
void to_float(const Bf16* from, float* to, int64_t count) { convert(from, to, count); }

template <class T>
void add(const T* from, T* to, int64_t count) {
  for_each_sixteen(
      count, [&](int64_t i) ALEXNET_LAMBDA { store(to + i, load(to + i) + load(from + i)); },
      [&](int64_t i, int64_t n) { store_first(to + i, load_first(to + i, n) + load_first(from + i, n), n); });
}

template <class T>
void column_sums(const T* x, int64_t rows, int64_t features, int64_t row_stride, float* sums) {
  const int64_t groups = (features + 15) / 16;
  const auto ranges = [&](int64_t begin, int64_t end, int) {
    for (int64_t f = begin * 16; f < end * 16; f += 16) {
      const int64_t lanes = features - f;
      F16 sum = splat(0.0f);
      for (int64_t r = 0; r < rows; ++r) {
        const T* from = x + r * row_stride + f;
        sum = sum + (lanes >= 16 ? load(from) : load_first(from, lanes));
      }
      if (lanes >= 16) {
        store(sums + f, sum);
      } else {
        store_first(sums + f, sum, lanes);
      }
    }
  };
  parallel_ranges(groups, cpu::team_size(groups * rows / 512), ranges);
}

template void copy_map(const float*, const MapView&, float*, const MapView&);
template void copy_map(const float*, const MapView&, Bf16*, const MapView&);
template void copy_map(const Bf16*, const MapView&, float*, const MapView&);
template void copy_map(const Bf16*, const MapView&, Bf16*, const MapView&);
template void add_map(const float*, const MapView&, float*, const MapView&);
template void add_map(const Bf16*, const MapView&, Bf16*, const MapView&);
template void add(const float*, float*, int64_t);
template void add(const Bf16*, Bf16*, int64_t);
template void column_sums(const float*, int64_t, int64_t, int64_t, float*);
template void column_sums(const Bf16*, int64_t, int64_t, int64_t, float*);

}  // namespace alexnet::ALEXNET_ISA
