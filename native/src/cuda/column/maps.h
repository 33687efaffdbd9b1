// A batch of feature maps on the device and, in training, the gradient of the loss with respect to them.
#pragma once

#include "cuda/column/arena.h"
#include "cuda/kernels/map_view.h"

namespace alexnet::cuda {

/// Dense, channels last; fully connected layers' units are maps of one pixel.
template <class T>
struct Maps {
  MapView view;
  Block<T> data, gradient;  // gradient: empty where no backward pass follows
};

template <class T>
Maps<T> make_maps(Arena& arena, int64_t batch, int64_t channels, int64_t height, int64_t width,
                  bool training) {
  Maps<T> maps;
  maps.view = channels_last_view(batch, channels, height, width);
  maps.data = arena.take<T>(maps.view.count(), Growth::kWithBatch);
  if (training) maps.gradient = arena.take<T>(maps.view.count(), Growth::kWithBatch);
  return maps;
}

}  // namespace alexnet::cuda
