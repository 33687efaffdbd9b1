// Overlapping max-pooling (paper section 3.4), alone or over values that are normalised on the way. A thread
// goes down a strip of windows of one map column: windows of 3 every 2 share a row, which is read, and
// normalised, once. Of equal values the first of the window in row order wins; a window that ends beyond the
// map covers what exists.
#pragma once

#include <algorithm>
#include <optional>

#include "cuda/kernels/lrn.h"

namespace alexnet::cuda {

/// What a pooling reads that does nothing on the way.
template <class T, int kWidth>
struct Plain {
  Map<const T> x;

  ALEXNET_HD Floats<kWidth> get(int64_t image, int32_t pixel, int32_t channel) const {
    return load<kWidth>(address<kWidth>(x, image, pixel, channel));
  }
};

/// The best of a window so far and where it is.
template <int kWidth>
struct Best {
  Floats<kWidth> value;
  uint8_t place[kWidth];

  ALEXNET_HD void begin(const Floats<kWidth>& v) {
    value = v;
    ALEXNET_UNROLL
    for (int i = 0; i < kWidth; ++i) place[i] = 0;
  }
  ALEXNET_HD void take(const Floats<kWidth>& v, int32_t at) {
    ALEXNET_UNROLL
    for (int i = 0; i < kWidth; ++i) {
      if (v.v[i] > value.v[i]) {
        value.v[i] = v.v[i];
        place[i] = static_cast<uint8_t>(at);
      }
    }
  }
};

template <class T, int kWidth, class Source, bool kThreeByTwo>
struct PoolForward {
  Source source;
  Map<T> y;
  Map<uint8_t> winners;  // data null: not wanted
  int32_t in_height, in_width, out_height, out_width, size, stride;
  int32_t rows;  // of windows in a strip
  bool relu_after;
  Order<kWidth> order;  // of strips: strip / out_width is the band of rows, strip % out_width the column

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const MapPlace place = order(index);
    const int32_t column = place.pixel % out_width, first = place.pixel / out_width * rows;
    const int32_t last = first + rows < out_height ? first + rows : out_height;
    if constexpr (kThreeByTwo)
      strip(image, place.channel, column, first, last);
    else
      for (int32_t row = first; row < last; ++row) window(image, place.channel, column, row);
  }

 private:
  ALEXNET_HD Floats<kWidth> at(int64_t image, int32_t channel, int32_t h, int32_t w) const {
    return source.get(image, h * in_width + w, channel);
  }

  ALEXNET_HD void put(int64_t image, int32_t channel, int32_t row, int32_t column, Best<kWidth> best) const {
    const int32_t window = row * out_width + column;
    relu_where(relu_after, best.value);
    store<kWidth>(address<kWidth>(y, image, window, channel), best.value);
    if (!winners.data) return;
    Packed<uint8_t, kWidth> places;
    ALEXNET_UNROLL
    for (int i = 0; i < kWidth; ++i) places.v[i] = best.place[i];
    store_packed<kWidth>(address<kWidth>(winners, image, window, channel), places);
  }

  ALEXNET_HD void window(int64_t image, int32_t channel, int32_t column, int32_t row) const {
    const int32_t top = row * stride, left = column * stride;
    const int32_t row_count = top + size < in_height ? size : in_height - top;
    const int32_t column_count = left + size < in_width ? size : in_width - left;
    Best<kWidth> best;
    best.begin(at(image, channel, top, left));
    for (int32_t i = 0; i < row_count; ++i)
      for (int32_t j = i == 0 ? 1 : 0; j < column_count; ++j)
        best.take(at(image, channel, top + i, left + j), i * size + j);
    put(image, channel, row, column, best);
  }

  /// The window rows of 3 every 2: row 2r is the last of window r - 1 and the first of window r.
  ALEXNET_HD void strip(int64_t image, int32_t channel, int32_t column, int32_t first, int32_t last) const {
    const int32_t left = 2 * column;
    const int32_t columns = left + 3 <= in_width ? 3 : in_width - left;
    Best<kWidth> best, next;
    best.begin(zeros<kWidth>());
    next = best;
    for (int32_t h = 2 * first; h <= 2 * last && h < in_height; ++h) {
      const int32_t row = h / 2;
      const bool shared = h % 2 == 0;
      for (int32_t j = 0; j < columns; ++j) {
        const Floats<kWidth> v = at(image, channel, h, left + j);
        if (!shared) {
          best.take(v, 3 + j);
          continue;
        }
        if (row > first) best.take(v, 6 + j);
        if (j == 0)
          next.begin(v);
        else
          next.take(v, j);
      }
      if (!shared) continue;
      if (row > first) put(image, channel, row - 1, column, best);
      best = next;
    }
    // The last window has no third row where the map ends before it.
    if (2 * last >= in_height) put(image, channel, last - 1, column, best);
  }
};

/// dx = each dy brought to its window's winner, times f' of the activation whose output x is. A ReLU after
/// the pooling is kRelu here: it lets through what had a positive x.
template <class T, int kWidth, class Gradient>
struct PoolBackward {
  Map<const T> x;  // data null where derivative is kOne
  Gradient gradient;
  Map<T> dx;
  int32_t width;
  Derivative derivative;
  Order<kWidth> order;

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const MapPlace place = order(index);
    const auto gradient_at = gradient.at(image, place.pixel / width, place.pixel % width);
    Floats<kWidth> v = gradient_at.template operator()<kWidth>(place.channel);
    if (derivative != Derivative::kOne)
      v = times_derivative(derivative, v,
                           load<kWidth>(address<kWidth>(x, image, place.pixel, place.channel)));
    store<kWidth>(address<kWidth>(dx, image, place.pixel, place.channel), v);
  }
};

/// Rows of windows in a strip: long strips read a shared row once, short ones keep the device busy.
inline int32_t strip_rows(int64_t threads_of_a_row, int64_t rows) {
  constexpr int64_t kBusy = 300'000;  // more than any device runs at a time
  int64_t length = rows;
  while (length > 2 && threads_of_a_row * ((rows + length - 1) / length) < kBusy) length = (length + 1) / 2;
  return static_cast<int32_t>(length);
}

template <class Run, class T, int kWidth, class Source>
void run_pool_from(const Run& run, const Source& source, const MapView& x_view, T* y, const MapView& y_view,
                   uint8_t* winners, const PoolSpec& pool, bool relu_after) {
  const int64_t row_threads = y_view.images * y_view.width * (y_view.channels / kWidth);
  const int32_t rows = strip_rows(row_threads, y_view.height);
  const int64_t strips = (y_view.height + rows - 1) / rows * y_view.width;
  const auto go = [&]<bool kThreeByTwo>() {
    const PoolForward<T, kWidth, Source, kThreeByTwo> op{source,
                                                         map_of(y, y_view),
                                                         map_of(winners, dense_like(y_view)),
                                                         static_cast<int32_t>(x_view.height),
                                                         static_cast<int32_t>(x_view.width),
                                                         static_cast<int32_t>(y_view.height),
                                                         static_cast<int32_t>(y_view.width),
                                                         static_cast<int32_t>(pool.size),
                                                         static_cast<int32_t>(pool.stride),
                                                         rows,
                                                         relu_after,
                                                         order_of<kWidth>(y_view, strips)};
    run.each(op, y_view.images, threads_of<kWidth>(y_view, strips));
  };
  if (pool.size == 3 && pool.stride == 2)
    go.template operator()<true>();
  else
    go.template operator()<false>();
}

template <class Run, class T>
void run_pool_forward(const Run& run, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                      uint8_t* winners, const PoolSpec& pool, bool relu_after) {
  check_pool(x_view, y_view, pool);
  threads_of<1>(x_view, x_view.pixels());
  with_width(fits_vectors(x, x_view) && fits_vectors(y, y_view, winners), [&]<int kWidth>() {
    const Plain<T, kWidth> source{map_of(x, x_view)};
    run_pool_from<Run, T, kWidth>(run, source, x_view, y, y_view, winners, pool, relu_after);
  });
}

template <class Run, class T>
void run_lrn_pool_forward(const Run& run, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                          uint8_t* winners, const LrnSpec& lrn, const PoolSpec& pool, bool relu_after) {
  check_lrn(lrn);
  check_pool(x_view, y_view, pool);
  threads_of<1>(x_view, x_view.pixels());
  const bool vectors = is_usual(lrn) && fits_vectors(x, x_view) && fits_vectors(y, y_view, winners);
  with_width(vectors, [&]<int kWidth>() {
    const auto source = normalised<T, kWidth>(x, x_view, lrn);
    run_pool_from<Run, T, kWidth>(run, source, x_view, y, y_view, winners, pool, relu_after);
  });
}

template <class Run, class T>
void run_pool_backward(const Run& run, const T* x, const MapView& x_view, const T* dy, const MapView& dy_view,
                       const uint8_t* winners, T* dx, const MapView& dx_view, const PoolSpec& pool,
                       std::optional<Activation> activation) {
  check_alike(x_view, dx_view, /*same_size=*/true);
  check_pool(dx_view, dy_view, pool);
  if (activation && !x)
    throw Error(ErrorCode::kInvalidArgument, "an activation's derivative needs the activation's output");
  const bool x_fits = !activation || fits_vectors(x, x_view);
  const bool vectors = x_fits && fits_vectors(dy, dy_view, winners) && fits_vectors(dx, dx_view);
  with_pooled_gradient(dy, dy_view, winners, pool, [&]<class Gradient>(const Gradient& gradient) {
    with_width(vectors, [&]<int kWidth>() {
      const PoolBackward<T, kWidth, Gradient> op{
          map_of(x, x_view),         gradient,
          map_of(dx, dx_view),       static_cast<int32_t>(dx_view.width),
          derivative_of(activation), order_of<kWidth>(dx_view, dx_view.pixels())};
      run.each(op, dx_view.images, threads_of<kWidth>(dx_view, dx_view.pixels()));
    });
  });
}

}  // namespace alexnet::cuda
