#include "cpu/cpu_column.h"

#include <omp.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "alexnet/error.h"
#include "cpu/conv_layer.h"
#include "cpu/fc_layer.h"

namespace alexnet::cpu {

using columns::Batch;
using columns::BatchTotals;
using columns::Column;
using columns::InputFormat;
using columns::LayerUpdate;
using columns::Parameter;
using columns::PassContext;
using columns::Place;

namespace {

float as_float(float value) { return value; }
float as_float(Bf16 value) { return std::bit_cast<float>(uint32_t{value.bits} << 16); }

template <class T>
class CpuColumn : public Column {
 public:
  CpuColumn(const NetPlan& plan, int column, const CpuColumnOptions& options);

  InputFormat input_format() const override {
    return {first_->image_channels_last() ? InputLayout::kNhwc : InputLayout::kNchw,
            sizeof(T) == 2 ? InputType::kBfloat16 : InputType::kFloat32};
  }
  void set_batch(const Batch& batch) override {
    batch_data_ = batch;
    first_->set_image(static_cast<const T*>(batch.images));
  }
  void gather(size_t layer, std::span<Column* const> all) override;
  void forward(size_t layer, const PassContext& context) override { layers_[layer]->forward(context); }
  BatchTotals loss(std::span<Column* const> all, bool gradient) override;
  const float* logits() const override { return joined_logits_.data(); }
  void backward(size_t layer, const LayerUpdate& update, bool input_gradient) override {
    layers_[layer]->backward(update, input_gradient);
  }
  void reduce(size_t layer, std::span<Column* const> all) override;
  void write(size_t layer, Parameter parameter, std::span<const float> values) override {
    layers_[layer]->write(parameter, values);
  }
  void read(size_t layer, Parameter parameter, std::span<float> values) const override {
    layers_[layer]->read(parameter, values);
  }
  void read_place(const Place& place, bool gradient, int64_t images, std::span<float> out) const override;
  void seed_gradient(std::span<const float> logit_gradient) override;
  bool all_finite() const override {
    return std::all_of(layers_.begin(), layers_.end(), [](const auto& layer) { return layer->all_finite(); });
  }

 private:
  /// The joined input of a layer that gathers.
  struct Joined {
    Port<T> port;
    Buffer<T> data, gradient;
  };

  void join(size_t layer, const Port<T>& lower);
  /// This column's part of [batch, classes] becomes the classifier's gradient.
  void take_logit_gradient(const float* joined);
  static CpuColumn& same(Column* column) { return static_cast<CpuColumn&>(*column); }

  const NetPlan& plan_;
  const int column_;
  const CpuColumnOptions options_;
  const Onednn onednn_;
  Layout layout_;
  ProductScratch scratch_;
  std::vector<std::unique_ptr<Layer<T>>> layers_;
  std::vector<Joined> joined_;  // by layer; empty where it does not gather
  ConvLayer<T>* first_ = nullptr;
  FcLayer<T>* classifier_ = nullptr;
  Batch batch_data_;
  Buffer<float> joined_logits_, joined_gradient_;
};

template <class T>
CpuColumn<T>::CpuColumn(const NetPlan& plan, int column, const CpuColumnOptions& options)
    : plan_(plan), column_(column), options_(options), layout_(preferred_layout<T>(onednn_)) {
  const size_t count = plan.layers.size();
  joined_.resize(count);
  for (size_t l = 0; l < count; ++l) {
    Port<T> input = l == 0 ? Port<T>{} : layers_[l - 1]->output();
    if (plan.layers[l].gathers) {
      join(l, input);
      input = joined_[l].port;
    }
    if (plan.layers[l].spec.kind == LayerKind::kConv) {
      const bool flatten = plan.layers[l + 1].spec.kind == LayerKind::kFc;
      auto layer = std::make_unique<ConvLayer<T>>(onednn_, plan, l, column, options.batch, layout_,
                                                  options.purpose(), input.maps, flatten);
      if (l == 0) first_ = layer.get();
      layers_.push_back(std::move(layer));
    } else {
      auto layer = std::make_unique<FcLayer<T>>(onednn_, plan, l, column, options.batch, options.purpose(),
                                                input, scratch_);
      classifier_ = layer.get();
      layers_.push_back(std::move(layer));
    }
  }
  joined_logits_ = Buffer<float>(options.batch * plan.spec.classes);
  if (has_gradients(options.purpose())) joined_gradient_ = Buffer<float>(options.batch * plan.spec.classes);
}

template <class T>
void CpuColumn<T>::join(size_t layer, const Port<T>& lower) {
  Joined& joined = joined_[layer];
  Port<T>& port = joined.port;
  int64_t count = 0;
  if (lower.flat) {
    port.flat = true;
    port.features = plan_.layers[layer].in.count();
    count = options_.batch * port.features;
  } else {
    const MapView& part = lower.maps.view;
    const int64_t channels = part.blocks * kBlock * plan_.spec.columns;
    port.maps.view = map_view(layout_, options_.batch, channels, part.height, part.width);
    count = port.maps.view.padded_count();
  }
  joined.data = Buffer<T>(count);
  port.data = port.maps.data = joined.data.data();
  if (has_gradients(options_.purpose())) {
    joined.gradient = Buffer<T>(count);
    port.gradient = port.maps.gradient = joined.gradient.data();
  }
}

/// Copies rows of `features` values between arrays with rows of different length.
template <class T>
void copy_rows(const T* from, int64_t from_stride, T* to, int64_t to_stride, int64_t rows, int64_t features) {
#pragma omp parallel for
  for (int64_t r = 0; r < rows; ++r) std::copy_n(from + r * from_stride, features, to + r * to_stride);
}

template <class T>
void CpuColumn<T>::gather(size_t layer, std::span<Column* const> all) {
  Port<T>& to = joined_[layer].port;
  int64_t begin = 0;  // feature or block
  for (Column* column : all) {
    const Port<T>& from = same(column).layers_[layer - 1]->output();
    if (to.flat) {
      copy_rows(from.data, from.features, to.data + begin, to.features, options_.batch, from.features);
      begin += from.features;
    } else {
      const MapView part = channels_of(to.maps.view, from.maps.view.channels);
      copy_map(from.maps.data, from.maps.view, to.maps.data + begin * to.maps.view.block_stride, part);
      begin += part.blocks;
    }
  }
}

template <class T>
void CpuColumn<T>::reduce(size_t layer, std::span<Column* const> all) {
  const Port<T>& to = layers_[layer - 1]->output();
  // The part of every column's joined gradient that belongs to this column, columns in order.
  bool first = true;
  for (Column* column : all) {
    const Port<T>& from = same(column).joined_[layer].port;
    if (to.flat) {
      const T* part = from.gradient + column_ * to.features;
      if (first)
        copy_rows(part, from.features, to.gradient, to.features, options_.batch, to.features);
      else
        for (int64_t r = 0; r < options_.batch; ++r)
          add(part + r * from.features, to.gradient + r * to.features, to.features);
    } else {
      const MapView& own = to.maps.view;
      const MapView part = channels_of(from.maps.view, own.channels);
      const T* data = from.maps.gradient + column_ * own.blocks * from.maps.view.block_stride;
      if (first)
        copy_map(data, part, to.maps.gradient, own);
      else
        add_map(data, part, to.maps.gradient, own);
    }
    first = false;
  }
}

template <class T>
BatchTotals CpuColumn<T>::loss(std::span<Column* const> all, bool gradient) {
  const int64_t classes = plan_.spec.classes, batch = options_.batch;
  for (size_t c = 0; c < all.size(); ++c) {
    const Range range = column_range(classes, plan_.spec.columns, static_cast<int>(c));
    copy_rows(same(all[c]).classifier_->logits(), range.size(), joined_logits_.data() + range.begin, classes,
              batch, range.size());
  }
  if (!batch_data_.labels) return {};
  const double scale = batch_data_.valid > 0 ? 1.0 / static_cast<double>(batch_data_.valid) : 0.0;
  const LossTotals totals =
      softmax_cross_entropy<float>(joined_logits_.data(), batch_data_.labels, batch, classes, classes, scale,
                                   gradient ? joined_gradient_.data() : nullptr, nullptr, nullptr, nullptr);
  if (gradient) take_logit_gradient(joined_gradient_.data());
  return {totals.loss, totals.top1_hits, totals.top5_hits, totals.images};
}

template <class T>
void CpuColumn<T>::take_logit_gradient(const float* joined) {
  const int64_t classes = plan_.spec.classes;
  const Range own = column_range(classes, plan_.spec.columns, column_);
  T* to = classifier_->output().gradient;
  for (int64_t r = 0; r < options_.batch; ++r) {
    const float* from = joined + r * classes + own.begin;
    if constexpr (sizeof(T) == 2)
      to_bf16(from, to + r * own.size(), own.size());
    else
      std::copy_n(from, own.size(), to + r * own.size());
  }
}

template <class T>
void CpuColumn<T>::seed_gradient(std::span<const float> logit_gradient) {
  if (!has_gradients(options_.purpose()) ||
      static_cast<int64_t>(logit_gradient.size()) != options_.batch * plan_.spec.classes)
    throw Error(ErrorCode::kInvalidArgument, "no backward pass can begin with this gradient here");
  take_logit_gradient(logit_gradient.data());
}

template <class T>
void CpuColumn<T>::read_place(const Place& place, bool gradient, int64_t images, std::span<float> out) const {
  const bool is_classifier = place.layer + 1 == layers_.size();
  if (is_classifier && place.op == 0 && !gradient) {
    std::copy_n(classifier_->logits(), out.size(), out.data());
    return;
  }
  const Port<T> port = layers_[place.layer]->place(place.op);
  const T* from = gradient ? port.gradient : port.data;
  if (!from || (gradient && !keeps_all(options_.purpose())))
    throw Error(ErrorCode::kInvalidArgument,
                plan_.layers[place.layer].spec.name +
                    ": what is asked for is not kept here, where neighbouring steps are computed as one");
  if (port.flat) {
    for (int64_t i = 0; i < images * port.features; ++i) out[static_cast<size_t>(i)] = as_float(from[i]);
    return;
  }
  const MapView& view = port.maps.view;
  const int64_t pixels = view.height * view.width;
#pragma omp parallel for
  for (int64_t row = 0; row < images * view.channels; ++row) {
    const int64_t image = row / view.channels, channel = row % view.channels;
    float* to = out.data() + row * pixels;
    for (int64_t y = 0; y < view.height; ++y) {
      const T* line = from + view.offset(image, channel / kBlock, y, 0) + channel % kBlock;
      for (int64_t x = 0; x < view.width; ++x) *to++ = as_float(line[x * view.pixel_stride]);
    }
  }
}

}  // namespace

std::unique_ptr<Column> make_cpu_column(const NetPlan& plan, int column, const CpuColumnOptions& options) {
  omp_set_num_threads(std::max(1, options.threads));
  if (options.bf16) return std::make_unique<CpuColumn<Bf16>>(plan, column, options);
  return std::make_unique<CpuColumn<float>>(plan, column, options);
}

}  // namespace alexnet::cpu
