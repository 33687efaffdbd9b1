#include "cuda/column/cuda_column.h"

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "cuda/column/batch_input.h"
#include "cuda/column/conv_layer.h"
#include "cuda/column/exchange.h"
#include "cuda/column/fc_layer.h"
#include "cuda/column/layer_clock.h"

namespace alexnet::cuda {

using columns::Batch;
using columns::BatchTotals;
using columns::Column;
using columns::FinishedPass;
using columns::InputFormat;
using columns::LayerUpdate;
using columns::PassContext;

namespace {

/// A column's part of something that is joined: what it is, where, and when it is there.
template <class V>
struct Part {
  const V* data;
  MapView view;
  const Event* ready;
};

class ProfiledColumn : public Column {
 public:
  virtual const std::vector<float>& layer_times() const = 0;
};

template <class T>
class CudaColumn : public ProfiledColumn {
 public:
  CudaColumn(const NetPlan& plan, const CudaColumnOptions& options);
  ~CudaColumn() override {
    // Nothing may be freed that the device still works on.
    if (context_.given_up()) return;
    cudaSetDevice(context_.device());
    cudaStreamSynchronize(context_.upload());
    cudaStreamSynchronize(context_.exchange());
    cudaStreamSynchronize(context_.compute());
  }

  InputFormat input_format() const override {
    return {InputLayout::kNhwc, sizeof(T) == 2 ? InputType::kBfloat16 : InputType::kFloat32};
  }
  void set_batch(const Batch& batch) override;
  void prefetch(const Batch& next) override;
  void gather(size_t layer, std::span<Column* const> all) override;
  void forward(size_t layer, const PassContext& context) override;
  BatchTotals loss(std::span<Column* const> all, bool gradient) override;
  bool deferred() const override { return true; }
  FinishedPass finish() override;
  const float* logits() const override;
  void backward(size_t layer, const LayerUpdate& update, bool input_gradient) override;
  void reduce(size_t layer, std::span<Column* const> all) override;
  void write(size_t layer, columns::Parameter parameter, std::span<const float> values) override;
  void read(size_t layer, columns::Parameter parameter, std::span<float> values) const override;
  bool all_finite() const override;
  const std::vector<float>& layer_times() const override { return clock_.times(); }

 private:
  /// The joined input of a layer that gathers.
  struct Joined {
    Maps<T> maps;
    std::vector<Block<T>>
        outbox;  // by column: its part of the gradient, dense, where it is on another device
    std::unique_ptr<Event> gradient_ready;
  };

  static CudaColumn& same(Column* column) { return static_cast<CudaColumn&>(*column); }
  int columns() const { return plan_.spec.columns; }
  BatchInput<T>& input_of() const { return leader_ ? *leader_->own_input_ : *own_input_; }
  size_t last() const { return plan_.layers.size() - 1; }
  /// Column `column`'s channels of layer's output.
  Range channels(size_t layer, int column) const {
    return column_range(plan_.layers[layer].out.channels, columns(), column);
  }

  void build_layers();
  void build_exchange();
  void build_update();
  void allocate();
  void bind();
  void join_input(Joined& joined, const Maps<T>& own);
  /// Whether other columns read what this layer gives: its maps, or the logits.
  bool published(size_t layer) const { return layer == last() || plan_.layers[layer + 1].gathers; }

  /// Writes every column's part side by side into `to`.
  template <class V>
  void join(const std::function<Part<V>(int)>& part_of, V* to, const MapView& view);
  void upload_rates();
  void update_parameters();

  const NetPlan& plan_;
  const CudaColumnOptions options_;
  const CudaColumn* const leader_;  // brings the batch; null: this one does
  DeviceContext context_;
  Arena arena_;
  LayerClock clock_;

  Block<uint32_t> step_;
  std::unique_ptr<BatchInput<T>> own_input_;  // null where another column brings the batch
  std::vector<std::unique_ptr<Layer<T>>> layers_;
  FcLayer<T>* classifier_ = nullptr;
  std::vector<Joined> joined_;                        // by layer; empty where it does not gather
  std::vector<std::unique_ptr<Event>> output_ready_;  // by layer; null where it is not published
  std::unique_ptr<Exchange> exchange_;

  Block<float> joined_logits_;
  Block<RowLoss> rows_;
  Block<LossTotals> totals_;
  Block<uint32_t> loss_not_finite_, weights_not_finite_;
  Block<float> staging_;  // for parameters in canonical layout
  Block<std::byte> workspace_;

  Block<ParameterEntry> entries_;
  Block<ParameterRates> rates_;
  ParameterTable table_;
  std::vector<LayerUpdate> updates_;  // of this pass, by layer; frozen where none came

  Event done_;
  Pinned<uint32_t> host_step_, host_flag_;
  Pinned<LossTotals> host_totals_;
  Pinned<ParameterRates> host_rates_;
  Pinned<float> host_logits_;
};

template <class T>
CudaColumn<T>::CudaColumn(const NetPlan& plan, const CudaColumnOptions& options)
    : plan_(plan),
      options_(options),
      leader_(static_cast<const CudaColumn*>(options.input_from)),
      context_(options.devices[static_cast<size_t>(options.column)]),
      arena_(context_),
      clock_(context_, plan.layers.size(), std::getenv("ALEXNET_CUDA_PROFILE") != nullptr),
      updates_(plan.layers.size()),
      done_(context_),
      host_step_(context_, 1),
      host_flag_(context_, 1),
      host_totals_(context_, 1),
      host_rates_(context_, static_cast<int64_t>(2 * plan.layers.size())),
      host_logits_(context_, options.batch * plan.spec.classes) {
  build_layers();
  build_exchange();
  build_update();
  allocate();
  bind();
}

template <class T>
void CudaColumn<T>::allocate() {
  const auto& devices = options_.devices;
  const auto own = devices.begin() + options_.column;
  const auto made = std::count(devices.begin(), own, *own);
  // An earlier column of another thread is about as large as this one.
  MemoryNeed earlier = arena_.need();
  if (leader_) earlier = leader_->arena_.need();
  if (made == 0) earlier = {};
  arena_.allocate(options_.batch, {earlier.fixed * made, earlier.with_batch * made},
                  static_cast<int>(std::count(own, devices.end(), *own)));
}

template <class T>
void CudaColumn<T>::build_layers() {
  const int64_t batch = options_.batch;
  const bool training = options_.training;
  step_ = arena_.take<uint32_t>(1, Growth::kFixed);
  if (!leader_) own_input_ = std::make_unique<BatchInput<T>>(context_, arena_, plan_, options_.batch);
  joined_.resize(plan_.layers.size());
  int64_t workspace = 0, largest_parameter = 0;
  for (size_t l = 0; l < plan_.layers.size(); ++l) {
    Maps<T> input = l == 0 ? input_of().maps() : layers_[l - 1]->output();
    if (plan_.layers[l].gathers) {
      join_input(joined_[l], input);
      input = joined_[l].maps;
    }
    const LayerSite site{context_,           arena_, plan_, l, options_.column, batch, training,
                         options_.precision, step_};
    if (plan_.layers[l].spec.kind == LayerKind::kConv) {
      layers_.push_back(std::make_unique<ConvLayer<T>>(site, input));
    } else {
      auto layer = std::make_unique<FcLayer<T>>(site, input);
      classifier_ = layer.get();
      layers_.push_back(std::move(layer));
    }
    workspace = std::max(workspace, layers_[l]->workspace_bytes());
    largest_parameter = std::max(largest_parameter, layers_[l]->weights().shape().count());
    output_ready_.push_back(published(l) ? std::make_unique<Event>(context_) : nullptr);
  }
  workspace_ = arena_.take<std::byte>(workspace, Growth::kFixed);
  staging_ = arena_.take<float>(largest_parameter, Growth::kFixed);
}

template <class T>
void CudaColumn<T>::join_input(Joined& joined, const Maps<T>& own) {
  const size_t layer = static_cast<size_t>(&joined - joined_.data());
  const MapView& view = own.view;
  joined.maps = make_maps<T>(arena_, options_.batch, plan_.layers[layer].in.channels, view.height, view.width,
                             options_.training);
  if (!options_.training) return;
  joined.gradient_ready = std::make_unique<Event>(context_);
  for (int c = 0; c < columns(); ++c) {
    const bool remote = options_.devices[static_cast<size_t>(c)] != context_.device();
    const int64_t count = options_.batch * view.pixels() * channels(layer - 1, c).size();
    joined.outbox.push_back(remote ? arena_.take<T>(count, Growth::kWithBatch) : Block<T>());
  }
}

template <class T>
void CudaColumn<T>::build_exchange() {
  const int64_t batch = options_.batch, classes = plan_.spec.classes;
  joined_logits_ = arena_.take<float>(batch * classes, Growth::kWithBatch);
  rows_ = arena_.take<RowLoss>(batch, Growth::kWithBatch);
  totals_ = arena_.take<LossTotals>(1, Growth::kFixed);
  loss_not_finite_ = arena_.take<uint32_t>(1, Growth::kFixed);
  weights_not_finite_ = arena_.take<uint32_t>(1, Growth::kFixed);
  int64_t largest = column_range(classes, columns(), 0).size() * batch * static_cast<int64_t>(sizeof(float));
  int joins = 1;
  for (size_t l = 1; l < plan_.layers.size(); ++l) {
    if (!plan_.layers[l].gathers) continue;
    joins += 2;
    const int64_t pixels = plan_.layers[l].in.height * plan_.layers[l].in.width;
    largest = std::max(largest, channels(l - 1, 0).size() * pixels * batch * static_cast<int64_t>(sizeof(T)));
  }
  exchange_ = std::make_unique<Exchange>(context_, arena_, options_.column, options_.devices, largest,
                                         joins * columns());
}

template <class T>
void CudaColumn<T>::build_update() {
  const auto parameters = static_cast<int64_t>(2 * plan_.layers.size());
  entries_ = arena_.take<ParameterEntry>(parameters, Growth::kFixed);
  rates_ = arena_.take<ParameterRates>(parameters, Growth::kFixed);
}

template <class T>
void CudaColumn<T>::bind() {
  std::vector<ParameterEntry> entries;
  for (const auto& layer : layers_) {
    layer->bind(workspace_.data());
    for (const ParameterEntry& entry : layer->entries()) entries.push_back(entry);
  }
  table_ = make_parameter_table(entries);
  table_.entries = entries_.data();
  const auto stream = context_.compute();
  ALEXNET_CUDA_CHECK(context_.device(),
                     cudaMemcpyAsync(entries_.data(), entries.data(), static_cast<size_t>(entries_.bytes()),
                                     cudaMemcpyHostToDevice, stream));
  ALEXNET_CUDA_CHECK(context_.device(), cudaStreamSynchronize(stream));
}

template <class T>
void CudaColumn<T>::set_batch(const Batch& batch) {
  context_.use();
  exchange_->begin_pass();
  clock_.begin_pass();
  for (LayerUpdate& update : updates_) update = {.frozen = true};
  if (leader_)
    input_of().hold(context_.compute());
  else
    own_input_->set(batch);
}

template <class T>
void CudaColumn<T>::prefetch(const Batch& next) {
  context_.use();
  if (own_input_) own_input_->prefetch(next);
}

template <class T>
template <class V>
void CudaColumn<T>::join(const std::function<Part<V>(int)>& part_of, V* to, const MapView& view) {
  // Copies from other devices run while this device's own part is put in its place.
  std::vector<Part<V>> parts;
  bool local = false;
  for (int c = 0; c < columns(); ++c) {
    Part<V> part = part_of(c);
    if (exchange_->remote(c)) {
      part.data = exchange_->fetch(c, part.data, part.view.count(), *part.ready);
    } else {
      if (c != options_.column) part.ready->hold(context_.compute());
      local = local || c != options_.column;
    }
    parts.push_back(part);
  }
  if (local) exchange_->begin_local();
  for (const bool remote : {false, true}) {
    int64_t begin = 0;
    for (int c = 0; c < columns(); ++c) {
      const Part<V>& part = parts[static_cast<size_t>(c)];
      const int64_t first = begin;
      begin += part.view.channels;
      if (exchange_->remote(c) != remote) continue;
      if (remote) exchange_->await(c);
      copy_map<V, V>(context_.compute(), part.data, part.view, to + first,
                     channels_of(view, part.view.channels));
    }
    if (local && !remote) exchange_->end_local();
  }
  exchange_->release();
}

template <class T>
void CudaColumn<T>::gather(size_t layer, std::span<Column* const> all) {
  context_.use();
  const Maps<T>& to = joined_[layer].maps;
  join<T>(
      [&](int c) -> Part<T> {
        const CudaColumn& other = same(all[static_cast<size_t>(c)]);
        const Maps<T>& output = other.layers_[layer - 1]->output();
        return {output.data.data(), output.view, other.output_ready_[layer - 1].get()};
      },
      to.data.data(), to.view);
}

template <class T>
void CudaColumn<T>::forward(size_t layer, const PassContext& context) {
  context_.use();
  if (layer == 0) {
    *host_step_.data() = context.step;
    ALEXNET_CUDA_CHECK(context_.device(), cudaMemcpyAsync(step_.data(), host_step_.data(), sizeof(uint32_t),
                                                          cudaMemcpyHostToDevice, context_.compute()));
  }
  clock_.begin(layer, false);
  layers_[layer]->forward(context);
  clock_.end(layer, false);
  if (output_ready_[layer]) output_ready_[layer]->record(context_.compute());
}

template <class T>
BatchTotals CudaColumn<T>::loss(std::span<Column* const> all, bool gradient) {
  context_.use();
  const int64_t classes = plan_.spec.classes, batch = options_.batch;
  join<float>(
      [&](int c) -> Part<float> {
        const CudaColumn& other = same(all[static_cast<size_t>(c)]);
        const int64_t own = column_range(classes, columns(), c).size();
        return {other.classifier_->logits().data(), channels_last_view(batch, own, 1, 1),
                other.output_ready_[last()].get()};
      },
      joined_logits_.data(), channels_last_view(batch, classes, 1, 1));
  if (!input_of().labels()) return {};
  LossGradient<T> to;
  if (gradient) {
    const Range own = column_range(classes, columns(), options_.column);
    to = {classifier_->logits_gradient(), own.size(), own.begin, own.size(), nullptr};
  }
  softmax_cross_entropy<T>(context_.compute(), joined_logits_.data(), classes, input_of().labels(), batch,
                           classes, to, rows_.data(), totals_.data(), loss_not_finite_.data());
  return {};
}

template <class T>
const float* CudaColumn<T>::logits() const {
  // Read by whoever asks, between passes: training itself never needs them on the host.
  context_.use();
  ALEXNET_CUDA_CHECK(context_.device(),
                     cudaMemcpy(host_logits_.data(), joined_logits_.data(),
                                static_cast<size_t>(joined_logits_.bytes()), cudaMemcpyDeviceToHost));
  return host_logits_.data();
}

template <class T>
void CudaColumn<T>::backward(size_t layer, const LayerUpdate& update, bool input_gradient) {
  context_.use();
  clock_.begin(layer, true);
  layers_[layer]->backward_data(input_gradient);
  if (input_gradient && plan_.layers[layer].gathers) {
    // What the others need goes out before this column's own weights take their time.
    const Joined& joined = joined_[layer];
    for (int c = 0; c < columns(); ++c) {
      if (!exchange_->remote(c)) continue;
      const Range part = channels(layer - 1, c);
      const MapView& view = joined.maps.view;
      copy_map<T, T>(context_.compute(), joined.maps.gradient.data() + part.begin,
                     channels_of(view, part.size()), joined.outbox[static_cast<size_t>(c)].data(),
                     channels_last_view(view.images, part.size(), view.height, view.width));
    }
    joined.gradient_ready->record(context_.compute());
  }
  if (!update.frozen) layers_[layer]->backward_weights();
  clock_.end(layer, true);
  updates_[layer] = update;
  // The lowest layer that learns needs no gradient of its input: after it all gradients are there.
  if (!input_gradient) update_parameters();
}

/// All parameters at once. Where the loss is not finite the kernel changes nothing.
template <class T>
void CudaColumn<T>::update_parameters() {
  upload_rates();
  sgd_update(context_.compute(), table_, rates_.data(), loss_not_finite_.data(), nullptr);
  for (size_t l = 0; l < layers_.size(); ++l)
    if (!updates_[l].frozen) layers_[l]->refresh();
}

template <class T>
void CudaColumn<T>::reduce(size_t layer, std::span<Column* const> all) {
  context_.use();
  const auto stream = context_.compute();
  const Maps<T>& to = layers_[layer - 1]->output();
  const Range own = channels(layer - 1, options_.column);
  // In the columns' order on every device, so that all of them round alike.
  std::vector<Part<T>> parts;
  for (int c = 0; c < columns(); ++c) {
    const Joined& joined = same(all[static_cast<size_t>(c)]).joined_[layer];
    if (exchange_->remote(c)) {
      const Block<T>& outbox = joined.outbox[static_cast<size_t>(options_.column)];
      parts.push_back(
          {exchange_->fetch(c, static_cast<const T*>(outbox.data()), outbox.count(), *joined.gradient_ready),
           to.view, nullptr});
    } else {
      if (c != options_.column) joined.gradient_ready->hold(stream);
      parts.push_back(
          {joined.maps.gradient.data() + own.begin, channels_of(joined.maps.view, own.size()), nullptr});
    }
  }
  for (int c = 0; c < columns(); ++c)
    if (exchange_->remote(c)) exchange_->await(c);
  T* sum = to.gradient.data();
  add_maps<T>(stream, parts[0].data, parts[0].view, parts[1].data, parts[1].view, sum, to.view);
  for (size_t c = 2; c < parts.size(); ++c)
    add_maps<T>(stream, sum, to.view, parts[c].data, parts[c].view, sum, to.view);
  exchange_->release();
}

template <class T>
void CudaColumn<T>::upload_rates() {
  for (size_t l = 0; l < updates_.size(); ++l) {
    const LayerUpdate& u = updates_[l];
    host_rates_.data()[2 * l] = {u.weight_rate, u.momentum, u.weight_decay, u.frozen};
    host_rates_.data()[2 * l + 1] = {u.bias_rate, u.momentum, u.bias_decay, u.frozen};
  }
  ALEXNET_CUDA_CHECK(context_.device(),
                     cudaMemcpyAsync(rates_.data(), host_rates_.data(), static_cast<size_t>(rates_.bytes()),
                                     cudaMemcpyHostToDevice, context_.compute()));
}

template <class T>
FinishedPass CudaColumn<T>::finish() {
  context_.use();
  const auto stream = context_.compute();
  *host_totals_.data() = {};
  if (input_of().labels())
    ALEXNET_CUDA_CHECK(context_.device(),
                       cudaMemcpyAsync(host_totals_.data(), totals_.data(), sizeof(LossTotals),
                                       cudaMemcpyDeviceToHost, stream));
  done_.record(stream);
  context_.wait(done_.get());
  if (own_input_) context_.wait(own_input_->prefetched().get());
  clock_.read();
  const LossTotals& totals = *host_totals_.data();
  return {{totals.loss, totals.top1_hits, totals.top5_hits, totals.images}, exchange_->milliseconds()};
}

template <class T>
void CudaColumn<T>::write(size_t layer, columns::Parameter parameter, std::span<const float> values) {
  context_.use();
  const bool weights =
      parameter == columns::Parameter::kWeight || parameter == columns::Parameter::kWeightVelocity;
  const bool velocity =
      parameter == columns::Parameter::kWeightVelocity || parameter == columns::Parameter::kBiasVelocity;
  const Parameter<T>& to = weights ? layers_[layer]->weights() : layers_[layer]->biases();
  to.write(context_, velocity, values, staging_.data());
  if (!velocity) layers_[layer]->refresh();
}

template <class T>
void CudaColumn<T>::read(size_t layer, columns::Parameter parameter, std::span<float> values) const {
  context_.use();
  const bool weights =
      parameter == columns::Parameter::kWeight || parameter == columns::Parameter::kWeightVelocity;
  const bool velocity =
      parameter == columns::Parameter::kWeightVelocity || parameter == columns::Parameter::kBiasVelocity;
  const Parameter<T>& from = weights ? layers_[layer]->weights() : layers_[layer]->biases();
  from.read(context_, velocity, values, staging_.data());
}

template <class T>
bool CudaColumn<T>::all_finite() const {
  context_.use();
  const auto stream = context_.compute();
  find_not_finite(stream, table_, weights_not_finite_.data());
  ALEXNET_CUDA_CHECK(context_.device(), cudaMemcpyAsync(host_flag_.data(), weights_not_finite_.data(),
                                                        sizeof(uint32_t), cudaMemcpyDeviceToHost, stream));
  ALEXNET_CUDA_CHECK(context_.device(), cudaStreamSynchronize(stream));
  return *host_flag_.data() == 0;
}

}  // namespace

std::unique_ptr<Column> make_cuda_column(const NetPlan& plan, const CudaColumnOptions& options) {
  if (options.precision == Precision::kBf16) return std::make_unique<CudaColumn<Bf16>>(plan, options);
  return std::make_unique<CudaColumn<float>>(plan, options);
}

void cuda_layer_times(const Column& column, float* milliseconds) {
  const auto& times = static_cast<const ProfiledColumn&>(column).layer_times();
  std::copy(times.begin(), times.end(), milliseconds);
}

}  // namespace alexnet::cuda
