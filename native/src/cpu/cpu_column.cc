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
using columns::Corner;
using columns::InputFormat;
using columns::LayerUpdate;
using columns::Parameter;
using columns::PassContext;
using columns::Place;
using columns::Share;

namespace {

float as_float(float value) { return value; }
float as_float(Bf16 value) { return std::bit_cast<float>(uint32_t{value.bits} << 16); }

template <class T>
class CpuColumn : public Column {
 public:
  CpuColumn(const NetPlan& plan, const Share& share, const CpuColumnOptions& options);

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
    layers_[layer]->backward(input_gradient, /*parameters=*/!update.frozen);
    if (!update.frozen && !share_.sums(plan_.layers[layer])) layers_[layer]->update(update);
  }
  void reduce(size_t layer, std::span<Column* const> all) override;
  void connect(std::span<Column* const> replicas) override {
    replicas_.assign(replicas.begin(), replicas.end());
  }
  void sum_gradients(size_t layer) override;
  void update(size_t layer, const LayerUpdate& update) override { layers_[layer]->update(update); }
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
  const LayerPlan& classifier_plan() const { return plan_.layers.back(); }

  const NetPlan& plan_;
  const Share share_;
  const CpuColumnOptions options_;
  const Onednn onednn_;
  Layout layout_;
  ProductScratch scratch_;
  std::vector<std::unique_ptr<Layer<T>>> layers_;
  std::vector<Joined> joined_;  // by layer; empty where it does not gather
  ConvLayer<T>* first_ = nullptr;
  FcLayer<T>* classifier_ = nullptr;
  std::vector<Column*> replicas_;  // this column's
  Batch batch_data_;
  Buffer<float> joined_logits_, joined_gradient_;
};

template <class T>
CpuColumn<T>::CpuColumn(const NetPlan& plan, const Share& share, const CpuColumnOptions& options)
    : plan_(plan), share_(share), options_(options), layout_(preferred_layout<T>(onednn_)) {
  const size_t count = plan.layers.size();
  joined_.resize(count);
  for (size_t l = 0; l < count; ++l) {
    Port<T> input = l == 0 ? Port<T>{} : layers_[l - 1]->output();
    if (share.gathers(plan.layers[l])) {
      join(l, input);
      input = joined_[l].port;
    }
    if (plan.layers[l].spec.kind == LayerKind::kConv) {
      const bool flatten = plan.layers[l + 1].spec.kind == LayerKind::kFc;
      auto layer = std::make_unique<ConvLayer<T>>(onednn_, plan, l, share, layout_, options.purpose(),
                                                  input.maps, flatten);
      if (l == 0) first_ = layer.get();
      layers_.push_back(std::move(layer));
    } else {
      auto layer = std::make_unique<FcLayer<T>>(onednn_, plan, l, share, options.purpose(), input, scratch_);
      classifier_ = layer.get();
      layers_.push_back(std::move(layer));
    }
  }
  const int64_t logits = share.rows(classifier_plan()).size() * plan.spec.classes;
  joined_logits_ = Buffer<float>(logits);
  if (has_gradients(options.purpose())) joined_gradient_ = Buffer<float>(logits);
}

template <class T>
void CpuColumn<T>::join(size_t layer, const Port<T>& lower) {
  Joined& joined = joined_[layer];
  Port<T>& port = joined.port;
  const int64_t rows = share_.rows(plan_.layers[layer]).size();
  int64_t count = 0;
  if (lower.flat) {
    port.flat = true;
    port.features = plan_.layers[layer].in.count();
    count = rows * port.features;
  } else {
    const MapView& part = lower.maps.view;
    const int64_t channels = part.blocks * kBlock * plan_.spec.columns;
    port.maps.view = map_view(layout_, rows, channels, part.height, part.width);
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
  const LayerPlan &lower = plan_.layers[layer - 1], &upper = plan_.layers[layer];
  int64_t block = 0;
  for (Column* column : all) {
    const CpuColumn& other = same(column);
    const Port<T>& from = other.layers_[layer - 1]->output();
    if (to.flat) {
      const Corner corner = corner_of(other.share_, lower, upper);
      copy_rows(from.data, from.features, to.data + corner.row * to.features + corner.feature, to.features,
                other.share_.rows(lower).size(), from.features);
    } else {
      const MapView part = channels_of(to.maps.view, from.maps.view.channels);
      copy_map(from.maps.data, from.maps.view, to.maps.data + block * to.maps.view.block_stride, part);
      block += part.blocks;
    }
  }
}

template <class T>
void CpuColumn<T>::reduce(size_t layer, std::span<Column* const> all) {
  const Port<T>& to = layers_[layer - 1]->output();
  const LayerPlan& lower = plan_.layers[layer - 1];
  const Corner corner = corner_of(share_, lower, plan_.layers[layer]);
  const int64_t rows = share_.rows(lower).size();
  // The part of every column's joined gradient that belongs to this column, columns in order.
  bool first = true;
  for (Column* column : all) {
    const Port<T>& from = same(column).joined_[layer].port;
    if (to.flat) {
      const T* part = from.gradient + corner.row * from.features + corner.feature;
      if (first)
        copy_rows(part, from.features, to.gradient, to.features, rows, to.features);
      else
        for (int64_t r = 0; r < rows; ++r)
          add(part + r * from.features, to.gradient + r * to.features, to.features);
    } else {
      const MapView& own = to.maps.view;
      const MapView part = channels_of(from.maps.view, own.channels);
      const T* data = from.maps.gradient + share_.column * own.blocks * from.maps.view.block_stride;
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
  const int64_t classes = plan_.spec.classes, batch = share_.rows(classifier_plan()).size();
  for (Column* column : all) {
    const Range range = same(column).share_.width(classifier_plan());
    copy_rows(same(column).classifier_->logits(), range.size(), joined_logits_.data() + range.begin, classes,
              batch, range.size());
  }
  if (!batch_data_.labels) return {};
  const double scale = batch_data_.total > 0 ? 1.0 / static_cast<double>(batch_data_.total) : 0.0;
  const LossTotals totals =
      softmax_cross_entropy<float>(joined_logits_.data(), batch_data_.labels, batch, classes, classes, scale,
                                   gradient ? joined_gradient_.data() : nullptr, nullptr, nullptr, nullptr);
  if (gradient) take_logit_gradient(joined_gradient_.data());
  return {totals.loss, totals.top1_hits, totals.top5_hits, totals.images};
}

template <class T>
void CpuColumn<T>::take_logit_gradient(const float* joined) {
  const int64_t classes = plan_.spec.classes;
  const Range own = share_.width(classifier_plan());
  const int64_t batch = share_.rows(classifier_plan()).size();
  T* to = classifier_->output().gradient;
  for (int64_t r = 0; r < batch; ++r) {
    const float* from = joined + r * classes + own.begin;
    if constexpr (sizeof(T) == 2)
      to_bf16(from, to + r * own.size(), own.size());
    else
      std::copy_n(from, own.size(), to + r * own.size());
  }
}

template <class T>
void CpuColumn<T>::seed_gradient(std::span<const float> logit_gradient) {
  if (!has_gradients(options_.purpose()) || static_cast<int64_t>(logit_gradient.size()) !=
                                                share_.rows(classifier_plan()).size() * plan_.spec.classes)
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

/// Adds up this replica's part of the gradients over all replicas, in their order, and gives every one of
/// them the sum: so each value is read and written once, whatever their number.
void add_up(const std::vector<std::span<float>>& gradients, Range part) {
  constexpr int64_t kPiece = 4096;  // the sum's and one gradient's stay in the first cache
#pragma omp parallel for
  for (int64_t begin = part.begin; begin < part.end; begin += kPiece) {
    const int64_t count = std::min(kPiece, part.end - begin);
    float* sum = gradients[0].data() + begin;
    for (size_t r = 1; r < gradients.size(); ++r) {
      const float* other = gradients[r].data() + begin;
      for (int64_t i = 0; i < count; ++i) sum[i] += other[i];
    }
    for (size_t r = 1; r < gradients.size(); ++r) std::copy_n(sum, count, gradients[r].data() + begin);
  }
}

template <class T>
void CpuColumn<T>::sum_gradients(size_t layer) {
  std::vector<std::span<float>> weights, biases;
  for (Column* replica : replicas_) {
    const Gradients gradients = same(replica).layers_[layer]->gradients();
    weights.push_back(gradients.weights);
    biases.push_back(gradients.biases);
  }
  for (const auto& all : {weights, biases})
    add_up(all, column_range(static_cast<int64_t>(all[0].size()), share_.replicas, share_.replica));
}

}  // namespace

std::unique_ptr<Column> make_cpu_column(const NetPlan& plan, const Share& share,
                                        const CpuColumnOptions& options) {
  omp_set_num_threads(std::max(1, options.threads));
  if (options.bf16) return std::make_unique<CpuColumn<Bf16>>(plan, share, options);
  return std::make_unique<CpuColumn<float>>(plan, share, options);
}

}  // namespace alexnet::cpu
