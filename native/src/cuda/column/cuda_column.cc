#include "cuda/column/cuda_column.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "cuda/column/batch_input.h"
#include "cuda/column/conv_layer.h"
#include "cuda/column/exchange.h"
#include "cuda/column/fc_layer.h"
#include "cuda/column/gradient_sum.h"
#include "cuda/column/joined_input.h"
#include "cuda/column/loss_head.h"
#include "cuda/column/neighbours.h"
#include "cuda/column/pass_calls.h"
#include "cuda/settings.h"

namespace alexnet::cuda {

using columns::Batch;
using columns::BatchTotals;
using columns::Column;
using columns::FinishedPass;
using columns::InputFormat;
using columns::LayerUpdate;
using columns::PassContext;
using columns::Share;

namespace {

class ReportingColumn : public Column {
 public:
  virtual const std::vector<float>& layer_times() const = 0;
  virtual const StepGraphs& graphs() const = 0;
  virtual std::vector<LayerEngines> engines() const = 0;
};

template <class T>
class CudaColumn : public ReportingColumn {
 public:
  CudaColumn(const NetPlan& plan, const CudaColumnOptions& options);
  ~CudaColumn() override { settle(); }

  InputFormat input_format() const override {
    return {InputLayout::kNhwc, sizeof(T) == 2 ? InputType::kBfloat16 : InputType::kFloat32};
  }
  bool accept_records(const Preprocessing& preprocessing) override;
  void set_batch(const Batch& batch) override;
  void prefetch(const Batch& next) override;
  void gather(size_t layer, std::span<Column* const> all) override;
  void forward(size_t layer, const PassContext& context) override;
  BatchTotals loss(std::span<Column* const> all, bool gradient) override;
  bool deferred() const override { return true; }
  void end_pass() override;
  FinishedPass finish() override;
  void rest() override;
  const float* logits() const override;
  void backward(size_t layer, const LayerUpdate& update, bool input_gradient) override;
  void reduce(size_t layer, std::span<Column* const> all) override;
  void connect(std::span<Column* const> replicas) override;
  // Over NCCL, too. A sum's kernel waits on its device until every rank has launched its own. Meanwhile
  // whatever allocates, such as a graph that is made or a kernel that is loaded, may have to wait for that
  // kernel, and other threads for that: a rank that comes later would never launch.
  bool sums_meet() const override { return sum_ != nullptr; }
  void sum_gradients(size_t layer) override;
  void update(size_t layer, const LayerUpdate& update) override;
  void abandon() override {
    if (sum_) sum_->abandon();
  }
  void write(size_t layer, columns::Parameter parameter, std::span<const float> values) override;
  void read(size_t layer, columns::Parameter parameter, std::span<float> values) const override;
  bool all_finite() const override;
  const std::vector<float>& layer_times() const override { return clock_.times(); }
  const StepGraphs& graphs() const override { return calls_.graphs(); }
  std::vector<LayerEngines> engines() const override {
    std::vector<LayerEngines> all;
    for (const auto& layer : layers_) all.push_back(layer->engines());
    return all;
  }

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
  const LayerPlan& classifier_plan() const { return plan_.layers.back(); }
  BatchInput<T>& input_of() const { return leader_ ? *leader_->own_input_ : *own_input_; }
  /// Of the pass that is being started.
  size_t slot() const { return slot_of(passes_); }
  size_t last() const { return plan_.layers.size() - 1; }

  /// Nothing may be freed that the device still works on.
  void settle() const {
    if (context_.given_up()) return;
    cudaSetDevice(context_.device());
    for (const auto stream : {context_.upload(), context_.exchange(), context_.compute()})
      cudaStreamSynchronize(stream);
  }
  void build_layers();
  void allocate();
  void bind();
  /// Whether other columns read what this layer gives: its maps, or the logits.
  bool published(size_t layer) const { return layer == last() || share_.gathers(plan_.layers[layer + 1]); }

  void update_parameters();

  const NetPlan& plan_;
  const CudaColumnOptions options_;
  const Share share_;
  const Neighbours neighbours_;
  const CudaColumn* const leader_;  // brings the batch; null: this one does
  DeviceContext context_;
  Arena arena_;
  LayerClock clock_;
  PassCalls<T> calls_;

  // Completed steps; whether a pass is begun before the one before it is finished; 1 / the images of the
  // whole step, a float.
  Block<uint32_t> step_;
  std::unique_ptr<BatchInput<T>> own_input_;  // null where another column brings the batch
  MemoryNeed input_need_;                     // its memory
  std::vector<std::unique_ptr<Layer<T>>> layers_;
  FcLayer<T>* classifier_ = nullptr;
  std::vector<std::unique_ptr<JoinedInput<T>>> joined_;  // by layer; null where it does not gather
  std::vector<std::unique_ptr<Event>> output_ready_;     // by layer; null where it is not published
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<GradientSum> sum_;  // null where there is one replica, or none trains
  bool lowest_ = false;               // the last backward() was that of the lowest layer that learns
  float scale_ = 1;                   // of the gradient of the current batch

  LossHead loss_;
  ParameterUpdate update_;
  Block<float> staging_;  // for parameters in canonical layout
  Block<std::byte> workspace_;

  uint64_t passes_ = 0;                    // ended
  uint64_t running_ = 0;                   // of them, not finished
  std::vector<const CudaColumn*> others_;  // this net's other columns, from the first pass on
  std::array<std::unique_ptr<Event>, kPassesAtOnce> done_;
  Event resting_;
  Pinned<uint32_t> host_step_;
};

template <class T>
CudaColumn<T>::CudaColumn(const NetPlan& plan, const CudaColumnOptions& options)
    : plan_(plan),
      options_(options),
      share_(options.share),
      neighbours_(plan, share_, options.devices, overlap_wanted()),
      leader_(static_cast<const CudaColumn*>(options.input_from)),
      context_(neighbours_.device()),
      arena_(context_),
      clock_(context_, plan.layers.size(), std::getenv("ALEXNET_CUDA_PROFILE") != nullptr),
      // Events that time layers cannot be part of a graph.
      calls_(context_, clock_, layers_, graphs_wanted() && !clock_.on()),
      loss_(context_, arena_, share_.rows(plan.layers.back()).size(), plan.spec.classes),
      update_(context_, arena_, plan.layers.size()),
      resting_(context_),
      host_step_(context_, 3 * kPassesAtOnce) {
  for (auto& event : done_) event = std::make_unique<Event>(context_);
  build_layers();
  exchange_ = std::make_unique<Exchange>(context_, arena_, neighbours_.exchange_index(),
                                         neighbours_.partner_devices(), neighbours_.largest_piece(sizeof(T)),
                                         neighbours_.pieces_a_pass());
  if (options.training && share_.replicas > 1)
    sum_ =
        std::make_unique<GradientSum>(context_, plan.layers.size(), leader_ ? leader_->sum_.get() : nullptr);
  allocate();
  try {
    bind();
  } catch (...) {
    // Layers before the one that failed have been tried, and what they queued is perhaps still to come.
    settle();
    throw;
  }
}

/// All columns are about as large as this thread's first one, but for the batch, which others may take from
/// it.
template <class T>
void CudaColumn<T>::allocate() {
  const CudaColumn& first = leader_ ? *leader_ : *this;
  const auto need_of = [&](const Neighbours::Count& here) {
    const int64_t batches = options_.brings_input ? here.columns - here.followers : here.columns;
    const MemoryNeed whole = first.arena_.need(), input = first.input_need_;
    return MemoryNeed{here.columns * (whole.fixed - input.fixed) + batches * input.fixed,
                      here.columns * (whole.with_batch - input.with_batch) + batches * input.with_batch};
  };
  arena_.allocate(share_.batch, need_of(neighbours_.all_here()), need_of(neighbours_.earlier_here()));
}

template <class T>
void CudaColumn<T>::build_layers() {
  const bool training = options_.training;
  step_ = arena_.take<uint32_t>(3, Growth::kFixed);
  const MemoryNeed before = arena_.need();
  if (!leader_) own_input_ = std::make_unique<BatchInput<T>>(context_, arena_, plan_, share_);
  input_need_ = {arena_.need().fixed - before.fixed, arena_.need().with_batch - before.with_batch};
  joined_.resize(plan_.layers.size());
  int64_t workspace = 0, largest_parameter = 0;
  for (size_t l = 0; l < plan_.layers.size(); ++l) {
    Maps<T> input = l == 0 ? input_of().maps() : layers_[l - 1]->output();
    const Range early = neighbours_.early_features(l);
    if (share_.gathers(plan_.layers[l])) {
      const std::vector<Share> others = neighbours_.joined_shares(plan_.layers[l]);
      std::vector<int> devices;
      for (const Share& other : others) devices.push_back(neighbours_.device_of(other));
      const bool convolves = plan_.layers[l].spec.kind == LayerKind::kConv;
      const Arrangement arrangement = early.size() == 0 ? Arrangement::kSideBySide
                                      : convolves       ? Arrangement::kBatchPieces
                                                        : Arrangement::kImagePieces;
      joined_[l] = std::make_unique<JoinedInput<T>>(context_, arena_, plan_, l, share_, input, others,
                                                    devices, training, arrangement);
      input = joined_[l]->maps();
    }
    const LayerSite site{
        context_, arena_, plan_, l, share_, training, options_.precision, step_, early, engines_measured()};
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
void CudaColumn<T>::bind() {
  std::vector<ParameterEntry> entries;
  for (const auto& layer : layers_) {
    layer->bind(workspace_.data(), workspace_.bytes());
    for (const ParameterEntry& entry : layer->entries()) entries.push_back(entry);
  }
  update_.bind(std::move(entries));
  if (!sum_) return;
  sum_->bind_flag(loss_.not_finite());
  for (size_t l = 0; l < layers_.size(); ++l) {
    std::vector<Summand> gradients;
    for (const Parameter<T>* parameter : {&layers_[l]->weights(), &layers_[l]->biases()})
      gradients.push_back({parameter->gradient(), parameter->shape().count()});
    sum_->bind(l, std::move(gradients));
  }
}

template <class T>
bool CudaColumn<T>::accept_records(const Preprocessing& preprocessing) {
  context_.use();
  if (own_input_) own_input_->set_preprocessing(preprocessing);
  return true;
}

template <class T>
void CudaColumn<T>::set_batch(const Batch& batch) {
  if (running_ == kPassesAtOnce)
    throw Error(ErrorCode::kInternal, "a pass is begun before the last but one is finished");
  context_.use();
  exchange_->begin_pass(slot());
  clock_.begin_pass(slot());
  update_.begin_pass();
  if (sum_) sum_->begin_pass(slot());
  scale_ = batch.total > 0 ? 1.0f / static_cast<float>(batch.total) : 0.0f;
  // What the other columns still read of the last pass may be overwritten from now on.
  if (running_ > 0)
    for (const CudaColumn* other : others_) other->done_[slot_of(passes_ - 1)]->hold(context_.compute());
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
  calls_.start();
  const JoinedInput<T>& joined = *joined_[layer];
  std::vector<Part<T>> parts;
  for (size_t i = 0; i < all.size(); ++i) {
    const CudaColumn& other = same(all[i]);
    const Maps<T>& output = other.layers_[layer - 1]->output();
    parts.push_back({output.data.data(), output.view, other.output_ready_[layer - 1].get(),
                     other.neighbours_.exchange_index(), joined.offset_of(i), joined.view_of(i)});
  }
  T* to = joined.maps().data.data();
  if (neighbours_.early_features(layer).size() == 0) return exchange_->join<T>(std::move(parts), to);
  exchange_->join_beside<T>(std::move(parts), to);
  calls_.forward_early(layer);
  calls_.start();
  exchange_->await_joined();
}

template <class T>
void CudaColumn<T>::forward(size_t layer, const PassContext& context) {
  context_.use();
  if (layer == 0) {
    calls_.begin(context);
    uint32_t* words = host_step_.data() + 3 * slot();
    words[0] = context.step;
    words[1] = running_ > 0;
    std::memcpy(words + 2, &scale_, sizeof scale_);
    ALEXNET_CUDA_CHECK(context_.device(), cudaMemcpyAsync(step_.data(), words, 3 * sizeof(uint32_t),
                                                          cudaMemcpyHostToDevice, context_.compute()));
  }
  calls_.forward(layer, /*begun=*/neighbours_.early_features(layer).size() > 0);
  if (!output_ready_[layer]) return;
  calls_.start();
  output_ready_[layer]->record(context_.compute());
}

template <class T>
BatchTotals CudaColumn<T>::loss(std::span<Column* const> all, bool gradient) {
  context_.use();
  calls_.start();
  const int64_t rows = share_.rows(classifier_plan()).size();
  std::vector<Part<float>> parts;
  others_.clear();
  for (Column* one : all) {
    const CudaColumn& other = same(one);
    const Range units = other.share_.width(classifier_plan());
    MapView there = channels_of(loss_.view(), units.size());
    there.images = rows;
    parts.push_back({other.classifier_->logits().data(), channels_last_view(rows, units.size(), 1, 1),
                     other.output_ready_[last()].get(), other.neighbours_.exchange_index(), units.begin,
                     there});
    if (&other != this) others_.push_back(&other);
  }
  exchange_->join<float>(std::move(parts), loss_.joined());
  if (!input_of().has_labels()) {
    loss_.clear(slot());
    return {};
  }
  LossGradient<T> to;
  if (gradient) {
    const Range own = share_.width(classifier_plan());
    to = {classifier_->logits_gradient(), own.size(), own.begin, own.size(), nullptr};
    // Of its own rows alone the loss would take the mean over those.
    if (share_.sums(classifier_plan())) to.scale = reinterpret_cast<const float*>(step_.data() + 2);
  }
  calls_.loss(gradient, [this, to] { loss_.run<T>(input_of().labels(), to, step_.data() + 1); });
  calls_.start();
  loss_.fetch_totals(slot());
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
  calls_.backward_data(layer, input_gradient);
  // What the others need goes out before this column's own weights take their time.
  if (input_gradient && joined_[layer]) {
    calls_.lay_out_gradient(layer, *joined_[layer]);
    calls_.start();
    joined_[layer]->publish_gradient();
  }
  calls_.backward_weights(layer, update.frozen);
  update_.set(layer, update);
  // The lowest layer that learns needs no gradient of its input: after it all gradients are there.
  lowest_ = !input_gradient;
  if (share_.sums(plan_.layers[layer])) {
    if (update.frozen) return;
    calls_.start();
    sum_->ready(layer);
  } else if (lowest_) {
    update_parameters();
  }
}

template <class T>
void CudaColumn<T>::connect(std::span<Column* const> replicas) {
  context_.use();
  if (!sum_) return;
  std::vector<const GradientSum*> ranks;
  for (Column* replica : replicas) ranks.push_back(same(replica).sum_.get());
  sum_->connect(share_.replica, std::move(ranks));
}

template <class T>
void CudaColumn<T>::sum_gradients(size_t layer) {
  context_.use();
  sum_->start(layer, /*last=*/lowest_);
}

/// Where it learns, the lowest layer's sum was the last one.
template <class T>
void CudaColumn<T>::update(size_t, const LayerUpdate&) {
  if (!lowest_) return;
  context_.use();
  sum_->hold(slot());
  update_parameters();
}

/// All parameters at once. Where the loss is not finite the kernel changes nothing.
template <class T>
void CudaColumn<T>::update_parameters() {
  update_.send(slot());
  calls_.update(update_, loss_.not_finite());
}

template <class T>
void CudaColumn<T>::reduce(size_t layer, std::span<Column* const> all) {
  context_.use();
  calls_.start();
  const auto stream = context_.compute();
  const Maps<T>& to = layers_[layer - 1]->output();
  // In the columns' order on every device, so that all of them round alike.
  std::vector<Part<T>> parts;
  for (Column* one : all) {
    const CudaColumn& other = same(one);
    const int c = other.neighbours_.exchange_index();
    Part<T> part = other.joined_[layer]->gradient_of(neighbours_.joined_index(plan_.layers[layer]),
                                                     /*dense=*/exchange_->remote(c));
    if (exchange_->remote(c))
      part.data = exchange_->fetch(c, part.data, part.view.count(), *part.ready);
    else if (&other != this)
      part.ready->hold(stream);
    part.column = c;
    parts.push_back(part);
  }
  for (const Part<T>& part : parts)
    if (exchange_->remote(part.column)) exchange_->await(part.column);
  T* sum = to.gradient.data();
  add_maps<T>(stream, parts[0].data, parts[0].view, parts[1].data, parts[1].view, sum, to.view);
  for (size_t c = 2; c < parts.size(); ++c)
    add_maps<T>(stream, sum, to.view, parts[c].data, parts[c].view, sum, to.view);
  exchange_->release();
}

template <class T>
void CudaColumn<T>::end_pass() {
  context_.use();
  calls_.start();
  done_[slot()]->record(context_.compute());
  ++passes_;
  ++running_;
}

template <class T>
FinishedPass CudaColumn<T>::finish() {
  if (running_ == 0) throw Error(ErrorCode::kInternal, "no pass was started");
  context_.use();
  const size_t slot = slot_of(passes_ - running_);
  context_.wait(done_[slot]->get());
  if (own_input_) own_input_->wait_for_uploads(context_, /*all=*/running_ == 1);
  --running_;
  clock_.read(slot);
  return {loss_.totals(slot), exchange_->milliseconds(slot) + (sum_ ? sum_->milliseconds(slot) : 0.0)};
}

template <class T>
void CudaColumn<T>::rest() {
  running_ = 0;
  calls_.drop();
  context_.use();
  if (sum_) sum_->rest(context_);
  for (const auto stream : {context_.upload(), context_.exchange(), context_.compute()}) {
    resting_.record(stream);
    context_.wait(resting_.get());
  }
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
  const auto& times = static_cast<const ReportingColumn&>(column).layer_times();
  std::copy(times.begin(), times.end(), milliseconds);
}

GraphReport cuda_graphs(const Column& column) {
  const StepGraphs& graphs = static_cast<const ReportingColumn&>(column).graphs();
  return {graphs.recorded(), graphs.refusal()};
}

std::vector<LayerEngines> cuda_engines(const Column& column) {
  return static_cast<const ReportingColumn&>(column).engines();
}

}  // namespace alexnet::cuda
