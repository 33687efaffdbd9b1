// Launches the kernels of channels.h and sum_rows.h.
#include "cuda/kernels/channels.h"
#include "cuda/kernels/kernels.h"
#include "cuda/kernels/on_device.cuh"
#include "cuda/kernels/sum_rows.h"

namespace alexnet::cuda {

template <class T>
void sum_rows(Stream stream, const T* x, int64_t rows, int64_t channels, int64_t row_stride, float* work,
              float* sums) {
  run_sum_rows(OnDevice{stream, "sum_rows"}, x, rows, channels, row_stride, work, sums);
}

int64_t sum_rows_work(int64_t rows, int64_t channels) { return row_sum_blocks(rows) * channels; }

template <class From, class To>
void copy_map(Stream stream, const From* from, const MapView& from_view, To* to, const MapView& to_view) {
  run_copy_map(OnDevice{stream, "copy_map"}, from, from_view, to, to_view);
}

template <class T>
void add_maps(Stream stream, const T* first, const MapView& first_view, const T* second,
              const MapView& second_view, T* to, const MapView& to_view) {
  run_add_maps(OnDevice{stream, "add_maps"}, first, first_view, second, second_view, to, to_view);
}

template <class From, class To>
void convert(Stream stream, const From* from, To* to, int64_t count) {
  run_convert(OnDevice{stream, "convert"}, from, to, count);
}

#define ALEXNET_INSTANTIATE(T)                                                                            \
  template void sum_rows(Stream, const T*, int64_t, int64_t, int64_t, float*, float*);                    \
  template void add_maps(Stream, const T*, const MapView&, const T*, const MapView&, T*, const MapView&); \
  template void copy_map(Stream, const T*, const MapView&, float*, const MapView&);                       \
  template void copy_map(Stream, const T*, const MapView&, Bf16*, const MapView&);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)
#undef ALEXNET_INSTANTIATE
template void convert(Stream, const float*, Bf16*, int64_t);
template void convert(Stream, const Bf16*, float*, int64_t);

}  // namespace alexnet::cuda
