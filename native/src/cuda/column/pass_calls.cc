#include "cuda/column/pass_calls.h"

#include <utility>

namespace alexnet::cuda {

namespace {

/// What a key begins with.
enum Call : uint64_t {
  kForwardEarly,
  kForward,
  kForwardRest,
  kLoss,
  kBackwardData,
  kLayOut,
  kBackwardWeights,
  kUpdate
};

}  // namespace

template <class T>
void PassCalls<T>::forward_early(size_t layer) {
  graphs_.add({kForwardEarly, layer}, [this, layer] {
    clock_.begin(layer, /*backward=*/false);
    layers_[layer]->forward_early();
  });
}

template <class T>
void PassCalls<T>::forward(size_t layer, bool begun) {
  graphs_.add({begun ? kForwardRest : kForward, layer, pass_.training, pass_.seed},
              [this, layer, begun, pass = pass_] {
                if (!begun) clock_.begin(layer, /*backward=*/false);
                layers_[layer]->forward(pass);
                clock_.end(layer, /*backward=*/false);
              });
}

template <class T>
void PassCalls<T>::loss(bool gradient, std::function<void()> work) {
  graphs_.add({kLoss, gradient}, std::move(work));
}

template <class T>
void PassCalls<T>::backward_data(size_t layer, bool input_gradient) {
  graphs_.add({kBackwardData, layer, input_gradient, pass_.training, pass_.seed},
              [this, layer, input_gradient, pass = pass_] {
                clock_.begin(layer, /*backward=*/true);
                layers_[layer]->backward_data(pass, input_gradient);
              });
}

template <class T>
void PassCalls<T>::lay_out_gradient(size_t layer, const JoinedInput<T>& joined) {
  graphs_.add({kLayOut, layer}, [&joined] { joined.lay_out_gradient(); });
}

template <class T>
void PassCalls<T>::backward_weights(size_t layer, bool frozen) {
  graphs_.add({kBackwardWeights, layer, frozen}, [this, layer, frozen] {
    if (!frozen) layers_[layer]->backward_weights();
    clock_.end(layer, /*backward=*/true);
  });
}

template <class T>
void PassCalls<T>::update(ParameterUpdate& update, const uint32_t* not_finite) {
  graphs_.add({kUpdate, layers_.size()}, [&update, not_finite] { update.run(not_finite); });
  for (size_t l = 0; l < layers_.size(); ++l)
    if (!update.frozen(l)) graphs_.add({kUpdate, l}, [this, l] { layers_[l]->refresh(); });
}

template class PassCalls<float>;
template class PassCalls<Bf16>;

}  // namespace alexnet::cuda
