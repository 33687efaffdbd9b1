// What a layer reads that reads every column: their maps side by side, and on the way back the gradient of
// them, of which every column fetches its part.
#pragma once

#include <vector>

#include "columns/share.h"
#include "cuda/column/exchange.h"
#include "cuda/column/maps.h"

namespace alexnet::cuda {

template <class T>
class JoinedInput {
 public:
  /// `own`: this column's output of the layer below; `others`: the shares of all that are joined, this one's
  /// among them, and `devices` theirs. `in_pieces`: what an image has of a column lies in one piece, rather
  /// than side by side in every pixel.
  JoinedInput(const DeviceContext& context, Arena& arena, const NetPlan& plan, size_t layer,
              const columns::Share& share, const Maps<T>& own, const std::vector<columns::Share>& others,
              const std::vector<int>& devices, bool training, bool in_pieces);

  const Maps<T>& maps() const { return maps_; }

  /// After the gradient's kernels: lays out other devices' parts for their copies.
  void lay_out_gradient() const;
  /// After that: other columns may read it.
  void publish_gradient() const { gradient_ready_.record(context_.compute()); }
  /// The part of the gradient that belongs to the column at an index of `others`; `dense`: laid out for a
  /// copy to another device.
  Part<T> gradient_of(size_t index, bool dense) const;
  /// Where that column's output lies in maps(), in values, and how.
  int64_t offset_of(size_t index) const {
    return places_[index].row * maps_.view.image_stride +
           places_[index].channels.begin * (in_pieces_ ? maps_.view.pixels() : 1);
  }
  MapView view_of(size_t index) const;

 private:
  /// A column's part of what is joined.
  struct Place {
    int64_t row, rows;
    Range channels;
  };
  MapView dense_view(size_t index) const;

  const DeviceContext& context_;
  const bool in_pieces_;
  Maps<T> maps_;
  std::vector<Place> places_;     // by index
  std::vector<Block<T>> outbox_;  // by index; empty for columns on this device
  Event gradient_ready_;
};

}  // namespace alexnet::cuda
