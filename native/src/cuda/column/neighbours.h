// Which other columns a column has to do with, by its share and the devices of all: with whom it exchanges
// before which layer, how much, and who is on its device.
#pragma once

#include <vector>

#include "alexnet/net_spec.h"
#include "columns/share.h"

namespace alexnet::cuda {

class Neighbours {
 public:
  /// `devices`: of every column, by its place. `overlap`: see early_features().
  Neighbours(const NetPlan& plan, const columns::Share& share, std::vector<int> devices, bool overlap)
      : plan_(plan), share_(share), devices_(std::move(devices)), overlap_(overlap) {}

  int device() const { return device_of(share_); }
  int device_of(const columns::Share& share) const { return devices_[static_cast<size_t>(share.place())]; }

  /// The devices of all that it ever exchanges with, its own among them, as Exchange counts them.
  std::vector<int> partner_devices() const {
    const auto begin = devices_.begin() + first_partner();
    return {begin, begin + partners()};
  }
  /// Its own number among them.
  int exchange_index() const { return share_.place() - first_partner(); }
  /// Bytes of the largest piece that it fetches from one of them; `value`: bytes of a value.
  int64_t largest_piece(size_t value) const;
  /// How many pieces it fetches in a pass, at most.
  int pieces_a_pass() const;

  /// The shares of the columns that are joined before a layer, and where its own is among them.
  std::vector<columns::Share> joined_shares(const LayerPlan& layer) const;
  size_t joined_index(const LayerPlan& layer) const {
    return static_cast<size_t>(share_.splits(layer) ? share_.place() : share_.column);
  }
  /// The features with which a layer begins before the others are there: see LayerSite::early.
  Range early_features(size_t layer) const;

  /// How many columns are on its device, and how many of them are a replica's second one.
  struct Count {
    int64_t columns = 0, followers = 0;
  };
  Count all_here() const { return count_here(share_.places()); }
  Count earlier_here() const { return count_here(share_.place()); }

 private:
  /// Of those before a place.
  Count count_here(int end) const;
  int first_partner() const { return share_.splits_fc ? 0 : share_.replica * share_.columns; }
  int partners() const { return share_.splits_fc ? share_.places() : share_.columns; }

  const NetPlan& plan_;
  const columns::Share share_;
  const std::vector<int> devices_;
  const bool overlap_;
};

}  // namespace alexnet::cuda
