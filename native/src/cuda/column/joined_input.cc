#include "cuda/column/joined_input.h"

namespace alexnet::cuda {

template <class T>
JoinedInput<T>::JoinedInput(const DeviceContext& context, Arena& arena, const NetPlan& plan, size_t layer,
                            const Maps<T>& own, const std::vector<int>& devices, bool training)
    : context_(context),
      maps_(make_maps<T>(arena, own.view.images, plan.layers[layer].in.channels, own.view.height,
                         own.view.width, training)),
      gradient_ready_(context) {
  for (int c = 0; c < plan.spec.columns; ++c) {
    channels_.push_back(column_range(plan.layers[layer].in.channels, plan.spec.columns, c));
    const bool remote = devices[static_cast<size_t>(c)] != context.device();
    outbox_.push_back(training && remote ? arena.take<T>(dense_view(c).count(), Growth::kWithBatch)
                                         : Block<T>());
  }
}

template <class T>
MapView JoinedInput<T>::dense_view(int column) const {
  const MapView& view = maps_.view;
  return channels_last_view(view.images, channels_[static_cast<size_t>(column)].size(), view.height,
                            view.width);
}

template <class T>
void JoinedInput<T>::lay_out_gradient() const {
  for (int c = 0; c < static_cast<int>(outbox_.size()); ++c) {
    const Block<T>& outbox = outbox_[static_cast<size_t>(c)];
    if (outbox.count() == 0) continue;
    const Part<T> part = gradient_of(c, /*dense=*/false);
    copy_map<T, T>(context_.compute(), part.data, part.view, outbox.data(), dense_view(c));
  }
}

template <class T>
Part<T> JoinedInput<T>::gradient_of(int column, bool dense) const {
  const auto c = static_cast<size_t>(column);
  if (dense) return {outbox_[c].data(), dense_view(column), &gradient_ready_};
  return {maps_.gradient.data() + channels_[c].begin, channels_of(maps_.view, channels_[c].size()),
          &gradient_ready_};
}

template class JoinedInput<float>;
template class JoinedInput<Bf16>;

}  // namespace alexnet::cuda
