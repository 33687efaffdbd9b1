#include "cuda/column/neighbours.h"

#include <algorithm>

namespace alexnet::cuda {

using columns::Share;

int64_t Neighbours::largest_piece(size_t value) const {
  // The first shares are the largest.
  const Share first = share_.at(0);
  const auto bytes = [&](const LayerPlan& layer, int64_t pixels, size_t of_a_value) {
    return first.rows(layer).size() * first.width(layer).size() * pixels * static_cast<int64_t>(of_a_value);
  };
  int64_t largest = bytes(plan_.layers.back(), 1, sizeof(float));
  for (size_t l = 1; l < plan_.layers.size(); ++l) {
    const LayerPlan& lower = plan_.layers[l - 1];
    if (share_.gathers(plan_.layers[l]))
      largest = std::max(largest, bytes(lower, lower.out.height * lower.out.width, value));
  }
  return largest;
}

int Neighbours::pieces_a_pass() const {
  int joins = 1;  // the logits; the others there and back
  for (size_t l = 1; l < plan_.layers.size(); ++l) joins += share_.gathers(plan_.layers[l]) ? 2 : 0;
  return joins * partners();
}

std::vector<Share> Neighbours::joined_shares(const LayerPlan& layer) const {
  std::vector<Share> shares;
  const bool all = share_.splits(layer);
  for (int i = 0; i < (all ? share_.places() : share_.columns); ++i)
    shares.push_back(share_.at(all ? i : share_.replica * share_.columns + i));
  return shares;
}

Range Neighbours::early_features(size_t layer) const {
  const LayerPlan& here = plan_.layers[layer];
  // Two columns of equal width, each with all rows: those of a layer that is split over replicas have not.
  const bool halves = layer > 0 && share_.columns == 2 && plan_.layers[layer - 1].spec.width % 2 == 0;
  if (!overlap_ || !halves || !here.gathers || share_.splits(here)) return {};
  const Range own = share_.width(plan_.layers[layer - 1]);
  const int64_t pixels = here.in.height * here.in.width;
  return {own.begin * pixels, own.end * pixels};
}

Neighbours::Count Neighbours::count_here(int end) const {
  Count count;
  for (int p = 0; p < end; ++p) {
    if (device_of(share_.at(p)) != device()) continue;
    ++count.columns;
    count.followers += share_.at(p).column > 0;
  }
  return count;
}

}  // namespace alexnet::cuda
