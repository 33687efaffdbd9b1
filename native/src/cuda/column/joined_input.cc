#include "cuda/column/joined_input.h"

namespace alexnet::cuda {

template <class T>
JoinedInput<T>::JoinedInput(const DeviceContext& context, Arena& arena, const NetPlan& plan, size_t layer,
                            const columns::Share& share, const Maps<T>& own,
                            const std::vector<columns::Share>& others, const std::vector<int>& devices,
                            bool training, Arrangement arrangement)
    : context_(context),
      arrangement_(arrangement),
      maps_(make_maps<T>(arena, share.rows(plan.layers[layer]).size(), plan.layers[layer].in.channels,
                         own.view.height, own.view.width, training)),
      gradient_ready_(context) {
  const LayerPlan &lower = plan.layers[layer - 1], &here = plan.layers[layer];
  for (size_t i = 0; i < others.size(); ++i) {
    places_.push_back({columns::corner_of(others[i], lower, here).row, others[i].rows(lower).size(),
                       others[i].width(lower)});
    const bool laid_out = devices[i] != context.device() && arrangement != Arrangement::kBatchPieces;
    outbox_.push_back(training && laid_out ? arena.take<T>(dense_view(i).count(), Growth::kWithBatch)
                                           : Block<T>());
  }
}

template <class T>
MapView JoinedInput<T>::dense_view(size_t index) const {
  const Place& place = places_[index];
  return channels_last_view(place.rows, place.channels.size(), maps_.view.height, maps_.view.width);
}

template <class T>
int64_t JoinedInput<T>::offset_of(size_t index) const {
  const Place& place = places_[index];
  const int64_t row = place.row * maps_.view.image_stride;
  switch (arrangement_) {
    case Arrangement::kSideBySide:
      return row + place.channels.begin;
    case Arrangement::kImagePieces:
      return row + place.channels.begin * maps_.view.pixels();
    case Arrangement::kBatchPieces:
      break;
  }
  return place.channels.begin * maps_.view.pixels() * maps_.view.images;
}

template <class T>
MapView JoinedInput<T>::view_of(size_t index) const {
  if (arrangement_ == Arrangement::kBatchPieces) return dense_view(index);
  MapView view = arrangement_ == Arrangement::kImagePieces
                     ? dense_view(index)
                     : channels_of(maps_.view, places_[index].channels.size());
  view.images = places_[index].rows;
  view.image_stride = maps_.view.image_stride;
  return view;
}

template <class T>
void JoinedInput<T>::lay_out_gradient() const {
  for (size_t i = 0; i < outbox_.size(); ++i) {
    if (outbox_[i].count() == 0) continue;
    const Part<T> part = gradient_of(i, /*dense=*/false);
    copy_map<T, T>(context_.compute(), part.data, part.view, outbox_[i].data(), dense_view(i));
  }
}

template <class T>
Part<T> JoinedInput<T>::gradient_of(size_t index, bool dense) const {
  if (dense && arrangement_ != Arrangement::kBatchPieces)
    return {outbox_[index].data(), dense_view(index), &gradient_ready_};
  return {maps_.gradient.data() + offset_of(index), view_of(index), &gradient_ready_};
}

template class JoinedInput<float>;
template class JoinedInput<Bf16>;

}  // namespace alexnet::cuda
