// The device's time in each layer of a pass; does nothing unless it is switched on.
#pragma once

#include <memory>
#include <vector>

#include "cuda/column/context.h"
#include "cuda/column/passes.h"

namespace alexnet::cuda {

class LayerClock {
 public:
  LayerClock(const DeviceContext& context, size_t layers, bool on) : context_(context), times_(2 * layers) {
    if (!on) return;
    for (size_t i = 0; i < kPassesAtOnce * 2 * layers; ++i)
      spans_.push_back(
          {std::make_unique<Event>(context, true), std::make_unique<Event>(context, true), false});
  }

  bool on() const { return !spans_.empty(); }
  void begin_pass(size_t slot) {
    slot_ = slot;
    if (!on()) return;
    for (size_t i = 0; i < times_.size(); ++i) spans_[slot * times_.size() + i].used = false;
  }
  /// `backward`: of the layer's backward pass.
  void begin(size_t layer, bool backward) {
    if (on()) at(layer, backward).begin->record(context_.compute());
  }
  void end(size_t layer, bool backward) {
    if (!on()) return;
    at(layer, backward).end->record(context_.compute());
    at(layer, backward).used = true;
  }
  /// After the pass.
  void read(size_t slot) {
    for (size_t i = 0; on() && i < times_.size(); ++i) {
      const Span& span = spans_[slot * times_.size() + i];
      times_[i] = span.used ? span.end->since(*span.begin) : 0.0f;
    }
  }
  /// Milliseconds, [2, layers].
  const std::vector<float>& times() const { return times_; }

 private:
  struct Span {
    std::unique_ptr<Event> begin, end;
    bool used;
  };
  Span& at(size_t layer, bool backward) {
    return spans_[slot_ * times_.size() + layer + (backward ? times_.size() / 2 : 0)];
  }

  const DeviceContext& context_;
  std::vector<Span> spans_;  // by slot, direction, layer
  size_t slot_ = 0;
  std::vector<float> times_;
};

}  // namespace alexnet::cuda
