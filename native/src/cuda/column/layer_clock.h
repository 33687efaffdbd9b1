// The device's time in each layer of a pass; does nothing unless it is switched on.
#pragma once

#include <memory>
#include <vector>

#include "cuda/column/context.h"

namespace alexnet::cuda {

class LayerClock {
 public:
  LayerClock(const DeviceContext& context, size_t layers, bool on) : context_(context), times_(2 * layers) {
    if (!on) return;
    for (size_t i = 0; i < 2 * layers; ++i)
      spans_.push_back(
          {std::make_unique<Event>(context, true), std::make_unique<Event>(context, true), false});
  }

  void begin_pass() {
    for (Span& span : spans_) span.used = false;
  }
  /// `backward`: of the layer's backward pass.
  void begin(size_t layer, bool backward) {
    if (!spans_.empty()) at(layer, backward).begin->record(context_.compute());
  }
  void end(size_t layer, bool backward) {
    if (spans_.empty()) return;
    at(layer, backward).end->record(context_.compute());
    at(layer, backward).used = true;
  }
  /// After the pass.
  void read() {
    for (size_t i = 0; i < spans_.size(); ++i)
      times_[i] = spans_[i].used ? spans_[i].end->since(*spans_[i].begin) : 0.0f;
  }
  /// Milliseconds, [2, layers].
  const std::vector<float>& times() const { return times_; }

 private:
  struct Span {
    std::unique_ptr<Event> begin, end;
    bool used;
  };
  Span& at(size_t layer, bool backward) { return spans_[layer + (backward ? times_.size() / 2 : 0)]; }

  const DeviceContext& context_;
  std::vector<Span> spans_;
  std::vector<float> times_;
};

}  // namespace alexnet::cuda
