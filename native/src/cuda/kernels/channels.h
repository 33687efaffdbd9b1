// Copies between columns and between types: the halves of a joined map, their gradients' sum, fp32 to bf16.
#pragma once

#include "cuda/kernels/maps.h"

namespace alexnet::cuda {

/// to = from, value by value, between layouts and types.
template <class From, class To, int kWidth>
struct CopyMap {
  Map<const From> from;
  Map<To> to;
  Order<kWidth> order;

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const MapPlace place = order(index);
    const Floats<kWidth> v = load<kWidth>(address<kWidth>(from, image, place.pixel, place.channel));
    store<kWidth>(address<kWidth>(to, image, place.pixel, place.channel), v);
  }
};

/// to = first + second, added in float.
template <class T, int kWidth>
struct AddMaps {
  Map<const T> first, second;
  Map<T> to;
  Order<kWidth> order;

  ALEXNET_HD void operator()(int64_t image, int32_t index) const {
    const MapPlace place = order(index);
    Floats<kWidth> v = load<kWidth>(address<kWidth>(first, image, place.pixel, place.channel));
    const Floats<kWidth> w = load<kWidth>(address<kWidth>(second, image, place.pixel, place.channel));
    ALEXNET_UNROLL
    for (int i = 0; i < kWidth; ++i) v.v[i] += w.v[i];
    store<kWidth>(address<kWidth>(to, image, place.pixel, place.channel), v);
  }
};

inline void check_same_shape(const MapView& a, const MapView& b) {
  if (a.images != b.images || a.channels != b.channels || a.height != b.height || a.width != b.width)
    throw Error(ErrorCode::kInvalidArgument, "maps of different shapes cannot be copied or added");
}

template <class Run, class From, class To>
void run_copy_map(const Run& run, const From* from, const MapView& from_view, To* to,
                  const MapView& to_view) {
  check_same_shape(from_view, to_view);
  with_width(fits_vectors(from, from_view) && fits_vectors(to, to_view), [&]<int kWidth>() {
    const CopyMap<From, To, kWidth> op{map_of(from, from_view), map_of(to, to_view),
                                       order_of<kWidth>(to_view, to_view.pixels())};
    run.each(op, to_view.images, threads_of<kWidth>(to_view, to_view.pixels()));
  });
}

/// An array is a map of one pixel.
template <class Run, class From, class To>
void run_convert(const Run& run, const From* from, To* to, int64_t count) {
  const MapView array = channels_last_view(1, count, 1, 1);
  run_copy_map(run, from, array, to, array);
}

template <class Run, class T>
void run_add_maps(const Run& run, const T* first, const MapView& first_view, const T* second,
                  const MapView& second_view, T* to, const MapView& to_view) {
  check_same_shape(first_view, to_view);
  check_same_shape(second_view, to_view);
  const bool vectors =
      fits_vectors(first, first_view) && fits_vectors(second, second_view) && fits_vectors(to, to_view);
  with_width(vectors, [&]<int kWidth>() {
    const AddMaps<T, kWidth> op{map_of(first, first_view), map_of(second, second_view), map_of(to, to_view),
                                order_of<kWidth>(to_view, to_view.pixels())};
    run.each(op, to_view.images, threads_of<kWidth>(to_view, to_view.pixels()));
  });
}

}  // namespace alexnet::cuda
