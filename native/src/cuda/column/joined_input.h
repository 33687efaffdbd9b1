// What a layer reads that reads every column: their maps side by side, and on the way back the gradient of
// them, of which every column fetches its part.
#pragma once

#include <vector>

#include "columns/share.h"
#include "cuda/column/exchange.h"
#include "cuda/column/maps.h"

namespace alexnet::cuda {

/// How the columns' maps lie together.
enum class Arrangement {
  kSideBySide,   // in every pixel
  kImagePieces,  // what an image has of a column is one piece
  kBatchPieces   // what the batch has of a column is one piece, dense: all columns have the same rows
};

template <class T>
class JoinedInput {
 public:
  /// `own`: this column's output of the layer below; `others`: the shares of all that are joined, this one's
  /// among them, and `devices` theirs.
  JoinedInput(const DeviceContext& context, Arena& arena, const NetPlan& plan, size_t layer,
              const columns::Share& share, const Maps<T>& own, const std::vector<columns::Share>& others,
              const std::vector<int>& devices, bool training, Arrangement arrangement);

  const Maps<T>& maps() const { return maps_; }

  /// After the gradient's kernels: lays out other devices' parts for their copies.
  void lay_out_gradient() const;
  /// After that: other columns may read it.
  void publish_gradient() const { gradient_ready_.record(context_.compute()); }
  /// The part of the gradient that belongs to the column at an index of `others`; `dense`: laid out for a
  /// copy to another device.
  Part<T> gradient_of(size_t index, bool dense) const;
  /// Where that column's output lies in maps(), in values, and how.
  int64_t offset_of(size_t index) const;
  MapView view_of(size_t index) const;

 private:
  /// A column's part of what is joined.
  struct Place {
    int64_t row, rows;
    Range channels;
  };
  MapView dense_view(size_t index) const;

  const DeviceContext& context_;
  const Arrangement arrangement_;
  Maps<T> maps_;
  std::vector<Place> places_;     // by index
  std::vector<Block<T>> outbox_;  // by index; empty for columns on this device, and where parts are dense
  Event gradient_ready_;
};

}  // namespace alexnet::cuda
