// The kernels on plain arrays.
#include "cpu/kernels/dispatch.h"

namespace alexnet::cpu {

template <class T>
void activation_forward(const T* x, T* y, int64_t count, Activation activation) {
  ALEXNET_DISPATCH(activation_forward(x, y, count, activation));
}

template <class T>
void activation_backward_from_output(const T* y, const T* dy, T* dx, int64_t count, Activation activation) {
  ALEXNET_DISPATCH(activation_backward_from_output(y, dy, dx, count, activation));
}

template <class T>
void dropout_forward(const T* x, T* y, uint8_t* kept, int64_t images, int64_t features, int64_t row_stride,
                     const DropoutDraw& draw) {
  ALEXNET_DISPATCH(dropout_forward(x, y, kept, images, features, row_stride, draw));
}

template <class T>
void dropout_backward(const T* dy, T* dx, const uint8_t* kept, int64_t images, int64_t features,
                      int64_t row_stride, float scale) {
  ALEXNET_DISPATCH(dropout_backward(dy, dx, kept, images, features, row_stride, scale));
}

void to_bf16(const float* from, Bf16* to, int64_t count) { ALEXNET_DISPATCH(to_bf16(from, to, count)); }
void to_float(const Bf16* from, float* to, int64_t count) { ALEXNET_DISPATCH(to_float(from, to, count)); }

template <class T>
void add(const T* from, T* to, int64_t count) {
  ALEXNET_DISPATCH(add(from, to, count));
}

template <class T>
void column_sums(const T* x, int64_t rows, int64_t features, int64_t row_stride, float* sums) {
  ALEXNET_DISPATCH(column_sums(x, rows, features, row_stride, sums));
}

void sgd_update(float* w, float* v, const float* g, int64_t count, const SgdStep& step, Bf16* w_bf16) {
  ALEXNET_DISPATCH(sgd_update(w, v, g, count, step, w_bf16));
}

bool all_finite(const float* x, int64_t count) { ALEXNET_DISPATCH(all_finite(x, count)); }

#define ALEXNET_INSTANTIATE(T)                                                                          \
  template void activation_forward(const T*, T*, int64_t, Activation);                                  \
  template void activation_backward_from_output(const T*, const T*, T*, int64_t, Activation);           \
  template void dropout_forward(const T*, T*, uint8_t*, int64_t, int64_t, int64_t, const DropoutDraw&); \
  template void dropout_backward(const T*, T*, const uint8_t*, int64_t, int64_t, int64_t, float);       \
  template void add(const T*, T*, int64_t);                                                             \
  template void column_sums(const T*, int64_t, int64_t, int64_t, float*);
ALEXNET_INSTANTIATE(float)
ALEXNET_INSTANTIATE(Bf16)

}  // namespace alexnet::cpu
