// Which part of a step one column of one replica computes. Three ways to share the work, and their mixtures:
//
// - columns: the net's maps and units are split, as in the paper. One replica.
// - replicas (data parallel): each has the whole net, in one column or two, and its rows of the batch; the
//   gradients are added up over the replicas before every one of them makes the same update.
// - split fully connected layers (the hybrid of Krizhevsky, "One weird trick for parallelizing convolutional
//   neural networks", 2014): convolutions are replicated, each replica with its rows; of the fully connected
//   layers every column of every replica has its own units and computes them for all rows. This is the
//   paper's scheme (a): the last convolution's maps of all rows are joined everywhere before the first fully
//   connected layer. Its schemes (b) and (c) hide that exchange by letting one replica's rows go after the
//   other; (a) is taken because one large product is faster than several small ones, because on GPUs that
//   reach each other directly the exchange is small beside the product, and because nothing then depends on
//   an order of rows.
//
// All of them compute what one device with the whole batch would, up to the rounding of sums.
#pragma once

#include "alexnet/net_spec.h"

namespace alexnet::columns {

struct Share {
  int column = 0, columns = 1;    // of the net
  int replica = 0, replicas = 1;  // that share the batch's rows
  bool splits_fc = false;         // fully connected layers are split over all columns of all replicas
  int64_t batch = 0;              // rows of the whole step

  /// Among all columns of all replicas, replica by replica.
  int place() const { return replica * columns + column; }
  int places() const { return replicas * columns; }
  /// The share of another one of them.
  Share at(int other_place) const {
    Share other = *this;
    other.replica = other_place / columns;
    other.column = other_place % columns;
    return other;
  }

  bool splits(const LayerPlan& layer) const { return splits_fc && layer.spec.kind == LayerKind::kFc; }
  /// The rows of the batch for which it computes the layer: fixed, so that a draw's key is, too. In an
  /// epoch's last batch the last replicas may have rows that only fill it.
  Range rows(const LayerPlan& layer) const {
    return splits(layer) ? Range{0, batch} : column_range(batch, replicas, replica);
  }
  /// Its maps or units of the layer.
  Range width(const LayerPlan& layer) const {
    return splits(layer) ? column_range(layer.spec.width, places(), place())
                         : column_range(layer.spec.width, columns, column);
  }
  /// Whether columns exchange before the layer: those of its replica, or all where the layer is split.
  bool gathers(const LayerPlan& layer) const { return layer.gathers || (splits(layer) && places() > 1); }
  /// Whether the layer's gradients are added up over the replicas.
  bool sums(const LayerPlan& layer) const { return replicas > 1 && !splits(layer); }
};

/// Where a column's output of a layer lies in what the columns' outputs are joined to, the input of the
/// next: its first row, and its first feature (map, row, column) of a row.
struct Corner {
  int64_t row = 0, feature = 0;
};
inline Corner corner_of(const Share& part, const LayerPlan& layer, const LayerPlan& next) {
  return {part.rows(layer).begin - part.rows(next).begin,
          part.width(layer).begin * layer.out.height * layer.out.width};
}

}  // namespace alexnet::columns
