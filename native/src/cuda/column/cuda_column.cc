#include "cuda/column/cuda_column.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <utility>

#include "cuda/column/batch_input.h"
#include "cuda/column/conv_layer.h"
#include "cuda/column/exchange.h"
#include "cuda/column/fc_layer.h"
#include "cuda/column/joined_input.h"
#include "cuda/column/layer_clock.h"
#include "cuda/column/loss_head.h"
#include "cuda/column/parameter_update.h"

namespace alexnet::cuda {

using columns::Batch;
using columns::BatchTotals;
using columns::Column;
using columns::FinishedPass;
using columns::InputFormat;
using columns::LayerUpdate;
using columns::PassContext;

namespace {

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
  static bool is_velocity(columns::Parameter parameter) {
    return parameter == columns::Parameter::kWeightVelocity || parameter == columns::Parameter::kBiasVelocity;
  }
  const Parameter<T>& parameter_of(size_t layer, columns::Parameter parameter) const {
    const bool weights =
        parameter == columns::Parameter::kWeight || parameter == columns::Parameter::kWeightVelocity;
    return weights ? layers_[layer]->weights() : layers_[layer]->biases();
  }
  static CudaColumn& same(Column* column) { return static_cast<CudaColumn&>(*column); }
  int columns() const { return plan_.spec.columns; }
  BatchInput<T>& input_of() const { return leader_ ? *leader_->own_input_ : *own_input_; }
  size_t last() const { return plan_.layers.size() - 1; }

  void build_layers();
  void build_exchange();
  void allocate();
  void bind();
  /// Whether other columns read what this layer gives: its maps, or the logits.
  bool published(size_t layer) const { return layer == last() || plan_.layers[layer + 1].gathers; }

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
  std::vector<std::unique_ptr<JoinedInput<T>>> joined_;  // by layer; null where it does not gather
  std::vector<std::unique_ptr<Event>> output_ready_;     // by layer; null where it is not published
  std::unique_ptr<Exchange> exchange_;

  LossHead loss_;
  ParameterUpdate update_;
  Block<float> staging_;  // for parameters in canonical layout
  Block<std::byte> workspace_;

  Event done_;
  Pinned<uint32_t> host_step_;
};

template <class T>
CudaColumn<T>::CudaColumn(const NetPlan& plan, const CudaColumnOptions& options)
    : plan_(plan),
      options_(options),
      leader_(static_cast<const CudaColumn*>(options.input_from)),
      context_(options.devices[static_cast<size_t>(options.column)]),
      arena_(context_),
      clock_(context_, plan.layers.size(), std::getenv("ALEXNET_CUDA_PROFILE") != nullptr),
      loss_(context_, arena_, options.batch, plan.spec.classes),
      update_(context_, arena_, plan.layers.size()),
      done_(context_),
      host_step_(context_, 1) {
  build_layers();
  build_exchange();
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
      joined_[l] =
          std::make_unique<JoinedInput<T>>(context_, arena_, plan_, l, input, options_.devices, training);
      input = joined_[l]->maps();
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
void CudaColumn<T>::build_exchange() {
  const int64_t batch = options_.batch, classes = plan_.spec.classes;
  int64_t largest = column_range(classes, columns(), 0).size() * batch * static_cast<int64_t>(sizeof(float));
  int joins = 1;
  for (size_t l = 1; l < plan_.layers.size(); ++l) {
    if (!plan_.layers[l].gathers) continue;
    joins += 2;
    const Shape& in = plan_.layers[l].in;
    const int64_t part = column_range(in.channels, columns(), 0).size() * in.height * in.width;
    largest = std::max(largest, part * batch * static_cast<int64_t>(sizeof(T)));
  }
  exchange_ = std::make_unique<Exchange>(context_, arena_, options_.column, options_.devices, largest,
                                         joins * columns());
}

template <class T>
void CudaColumn<T>::bind() {
  std::vector<ParameterEntry> entries;
  for (const auto& layer : layers_) {
    layer->bind(workspace_.data());
    for (const ParameterEntry& entry : layer->entries()) entries.push_back(entry);
  }
  update_.bind(std::move(entries));
}

template <class T>
void CudaColumn<T>::set_batch(const Batch& batch) {
  context_.use();
  exchange_->begin_pass();
  clock_.begin_pass();
  update_.begin_pass();
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
void CudaColumn<T>::gather(size_t layer, std::span<Column* const> all) {
  context_.use();
  const Maps<T>& to = joined_[layer]->maps();
  exchange_->join<T>(
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
  exchange_->join<float>(
      [&](int c) -> Part<float> {
        const CudaColumn& other = same(all[static_cast<size_t>(c)]);
        const int64_t own = column_range(classes, columns(), c).size();
        return {other.classifier_->logits().data(), channels_last_view(batch, own, 1, 1),
                other.output_ready_[last()].get()};
      },
      loss_.joined(), loss_.view());
  loss_.clear();
  if (!input_of().labels()) return {};
  LossGradient<T> to;
  if (gradient) {
    const Range own = column_range(classes, columns(), options_.column);
    to = {classifier_->logits_gradient(), own.size(), own.begin, own.size(), nullptr};
  }
  loss_.run<T>(input_of().labels(), to);
  return {};
}

template <class T>
const float* CudaColumn<T>::logits() const {
  context_.use();
  return loss_.on_host();
}

template <class T>
void CudaColumn<T>::backward(size_t layer, const LayerUpdate& update, bool input_gradient) {
  context_.use();
  clock_.begin(layer, true);
  layers_[layer]->backward_data(input_gradient);
  // What the others need goes out before this column's own weights take their time.
  if (input_gradient && joined_[layer]) joined_[layer]->publish_gradient();
  if (!update.frozen) layers_[layer]->backward_weights();
  clock_.end(layer, true);
  update_.set(layer, update);
  // The lowest layer that learns needs no gradient of its input: after it all gradients are there.
  if (!input_gradient) update_parameters();
}

/// All parameters at once. Where the loss is not finite the kernel changes nothing.
template <class T>
void CudaColumn<T>::update_parameters() {
  update_.run(loss_.not_finite());
  for (size_t l = 0; l < layers_.size(); ++l)
    if (!update_.frozen(l)) layers_[l]->refresh();
}

template <class T>
void CudaColumn<T>::reduce(size_t layer, std::span<Column* const> all) {
  context_.use();
  const auto stream = context_.compute();
  const Maps<T>& to = layers_[layer - 1]->output();
  // In the columns' order on every device, so that all of them round alike.
  std::vector<Part<T>> parts;
  for (int c = 0; c < columns(); ++c) {
    const JoinedInput<T>& joined = *same(all[static_cast<size_t>(c)]).joined_[layer];
    const Part<T> part = joined.gradient_of(options_.column, /*dense=*/exchange_->remote(c));
    if (exchange_->remote(c)) {
      parts.push_back({exchange_->fetch(c, part.data, part.view.count(), *part.ready), part.view, nullptr});
    } else {
      if (c != options_.column) part.ready->hold(stream);
      parts.push_back(part);
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
FinishedPass CudaColumn<T>::finish() {
  context_.use();
  done_.record(context_.compute());
  context_.wait(done_.get());
  if (own_input_) context_.wait(own_input_->prefetched().get());
  clock_.read();
  return {loss_.totals(), exchange_->milliseconds()};
}

template <class T>
void CudaColumn<T>::write(size_t layer, columns::Parameter parameter, std::span<const float> values) {
  context_.use();
  parameter_of(layer, parameter).write(context_, is_velocity(parameter), values, staging_.data());
  if (!is_velocity(parameter)) layers_[layer]->refresh();
}

template <class T>
void CudaColumn<T>::read(size_t layer, columns::Parameter parameter, std::span<float> values) const {
  context_.use();
  parameter_of(layer, parameter).read(context_, is_velocity(parameter), values, staging_.data());
}

template <class T>
bool CudaColumn<T>::all_finite() const {
  context_.use();
  return update_.all_finite();
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
