#include "cuda/column/cuda_column.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <utility>

#include "cuda/column/batch_input.h"
#include "cuda/column/conv_layer.h"
#include "cuda/column/exchange.h"
#include "cuda/column/fc_layer.h"
#include "cuda/column/gradient_sum.h"
#include "cuda/column/joined_input.h"
#include "cuda/column/layer_clock.h"
#include "cuda/column/loss_head.h"
#include "cuda/column/parameter_update.h"
#include "cuda/column/step_graphs.h"
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
};

/// What a graph's key begins with.
enum Call : uint64_t { kForwardEarly, kForward, kLoss, kBackwardData, kLayOut, kBackwardWeights, kUpdate };

template <class T>
class CudaColumn : public ReportingColumn {
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
  bool sums_meet() const override { return sum_ && sum_->meets(); }
  void sum_gradients(size_t layer) override;
  void update(size_t layer, const LayerUpdate& update) override;
  void abandon() override {
    if (sum_) sum_->abandon();
  }
  void write(size_t layer, columns::Parameter parameter, std::span<const float> values) override;
  void read(size_t layer, columns::Parameter parameter, std::span<float> values) const override;
  bool all_finite() const override;
  const std::vector<float>& layer_times() const override { return clock_.times(); }
  const StepGraphs& graphs() const override { return graphs_; }

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
  /// The first of the places that it ever exchanges with, and how many there are.
  int first_partner() const { return share_.splits_fc ? 0 : share_.replica * share_.columns; }
  int partners() const { return share_.splits_fc ? share_.places() : share_.columns; }
  /// The shares of the columns that are joined before a layer.
  std::vector<Share> joined_shares(const LayerPlan& layer) const;
  /// The features with which a layer begins before the others are there: see LayerSite::early.
  Range early_features(size_t layer) const;
  /// Where this column stands among them.
  size_t joined_index(const LayerPlan& layer) const {
    return static_cast<size_t>(share_.splits(layer) ? share_.place() : share_.column);
  }
  /// As Exchange counts the column.
  int exchange_index() const { return share_.place() - first_partner(); }
  int device_of(const Share& share) const { return options_.devices[static_cast<size_t>(share.place())]; }
  BatchInput<T>& input_of() const { return leader_ ? *leader_->own_input_ : *own_input_; }
  /// Of the pass that is being started.
  size_t slot() const { return slot_of(passes_); }
  size_t last() const { return plan_.layers.size() - 1; }

  void build_layers();
  void build_exchange();
  void allocate();
  /// What the columns that come after this one on its device have not of what it has: the batch.
  MemoryNeed spared() const;
  void bind();
  /// Whether other columns read what this layer gives: its maps, or the logits.
  bool published(size_t layer) const { return layer == last() || share_.gathers(plan_.layers[layer + 1]); }

  void update_parameters();

  const NetPlan& plan_;
  const CudaColumnOptions options_;
  const Share share_;
  const CudaColumn* const leader_;  // brings the batch; null: this one does
  DeviceContext context_;
  Arena arena_;
  LayerClock clock_;
  StepGraphs graphs_;
  PassContext pass_;  // of the pass that is being started

  // Completed steps; whether a pass is begun before the one before it is finished; 1 / the images of the
  // whole step, a float.
  Block<uint32_t> step_;
  std::unique_ptr<BatchInput<T>> own_input_;  // null where another column brings the batch
  MemoryNeed input_need_;                     // its memory
  std::vector<std::unique_ptr<Layer<T>>> layers_;
  FcLayer<T>* classifier_ = nullptr;
  std::vector<std::unique_ptr<JoinedInput<T>>> joined_;  // by layer; null where it does not gather
  const bool overlap_;
  std::vector<std::unique_ptr<Event>> output_ready_;  // by layer; null where it is not published
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
      leader_(static_cast<const CudaColumn*>(options.input_from)),
      context_(device_of(options.share)),
      arena_(context_),
      clock_(context_, plan.layers.size(), std::getenv("ALEXNET_CUDA_PROFILE") != nullptr),
      // Events that time layers cannot be part of a graph.
      graphs_(context_, graphs_wanted() && !clock_.on()),
      overlap_(overlap_wanted()),
      loss_(context_, arena_, share_.rows(plan.layers.back()).size(), plan.spec.classes),
      update_(context_, arena_, plan.layers.size()),
      resting_(context_),
      host_step_(context_, 3 * kPassesAtOnce) {
  for (auto& event : done_) event = std::make_unique<Event>(context_);
  build_layers();
  build_exchange();
  if (options.training && share_.replicas > 1)
    sum_ =
        std::make_unique<GradientSum>(context_, plan.layers.size(), leader_ ? leader_->sum_.get() : nullptr);
  allocate();
  bind();
}

template <class T>
void CudaColumn<T>::allocate() {
  const auto& devices = options_.devices;
  const auto own = devices.begin() + share_.place();
  const auto made = std::count(devices.begin(), own, *own);
  // An earlier column of another thread is about as large as this one.
  MemoryNeed earlier = arena_.need();
  if (leader_) earlier = leader_->arena_.need();
  if (made == 0) earlier = {};
  arena_.allocate(share_.batch, {earlier.fixed * made, earlier.with_batch * made},
                  static_cast<int>(std::count(own, devices.end(), *own)), spared());
}

template <class T>
MemoryNeed CudaColumn<T>::spared() const {
  if (!options_.brings_input) return {};
  int64_t followers = 0;
  for (int p = share_.place() + 1; p < share_.places(); ++p)
    followers += device_of(share_.at(p)) == context_.device() && share_.at(p).column > 0;
  return {followers * input_need_.fixed, followers * input_need_.with_batch};
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
    const Range early = early_features(l);
    if (share_.gathers(plan_.layers[l])) {
      const std::vector<Share> others = joined_shares(plan_.layers[l]);
      std::vector<int> devices;
      for (const Share& other : others) devices.push_back(device_of(other));
      joined_[l] = std::make_unique<JoinedInput<T>>(context_, arena_, plan_, l, share_, input, others,
                                                    devices, training, /*in_pieces=*/early.size() > 0);
      input = joined_[l]->maps();
    }
    const LayerSite site{context_, arena_, plan_, l, share_, training, options_.precision, step_, early};
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
std::vector<Share> CudaColumn<T>::joined_shares(const LayerPlan& layer) const {
  std::vector<Share> shares;
  const bool all = share_.splits(layer);
  for (int i = 0; i < (all ? share_.places() : share_.columns); ++i)
    shares.push_back(share_.at(all ? i : share_.replica * share_.columns + i));
  return shares;
}

template <class T>
Range CudaColumn<T>::early_features(size_t layer) const {
  const LayerPlan& here = plan_.layers[layer];
  // Two columns of equal width, each with all rows: those of a layer that is split over replicas have not.
  const bool halves = layer > 0 && share_.columns == 2 && plan_.layers[layer - 1].spec.width % 2 == 0;
  if (!overlap_ || !halves || !here.gathers || share_.splits(here) || here.spec.kind != LayerKind::kFc)
    return {};
  const Range own = share_.width(plan_.layers[layer - 1]);
  const int64_t pixels = here.in.height * here.in.width;
  return {own.begin * pixels, own.end * pixels};
}

template <class T>
void CudaColumn<T>::build_exchange() {
  // The first shares are the largest.
  const Share first = share_.at(0);
  const auto bytes = [&](const LayerPlan& layer, int64_t pixels, size_t value) {
    return first.rows(layer).size() * first.width(layer).size() * pixels * static_cast<int64_t>(value);
  };
  int64_t largest = bytes(classifier_plan(), 1, sizeof(float));
  int joins = 1;
  for (size_t l = 1; l < plan_.layers.size(); ++l) {
    if (!share_.gathers(plan_.layers[l])) continue;
    joins += 2;
    const LayerPlan& lower = plan_.layers[l - 1];
    largest = std::max(largest, bytes(lower, lower.out.height * lower.out.width, sizeof(T)));
  }
  const auto begin = options_.devices.begin() + first_partner();
  exchange_ =
      std::make_unique<Exchange>(context_, arena_, exchange_index(),
                                 std::vector<int>(begin, begin + partners()), largest, joins * partners());
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
  graphs_.start();
  const JoinedInput<T>& joined = *joined_[layer];
  std::vector<Part<T>> parts;
  for (size_t i = 0; i < all.size(); ++i) {
    const CudaColumn& other = same(all[i]);
    const Maps<T>& output = other.layers_[layer - 1]->output();
    parts.push_back({output.data.data(), output.view, other.output_ready_[layer - 1].get(),
                     other.exchange_index(), joined.offset_of(i), joined.view_of(i)});
  }
  T* to = joined.maps().data.data();
  if (early_features(layer).size() == 0) return exchange_->join<T>(std::move(parts), to);
  exchange_->join_beside<T>(std::move(parts), to);
  graphs_.add({kForwardEarly, layer}, [this, layer] {
    clock_.begin(layer, false);
    layers_[layer]->forward_early();
  });
  graphs_.start();
  exchange_->await_joined();
}

template <class T>
void CudaColumn<T>::forward(size_t layer, const PassContext& context) {
  context_.use();
  if (layer == 0) {
    pass_ = context;
    uint32_t* words = host_step_.data() + 3 * slot();
    words[0] = context.step;
    words[1] = running_ > 0;
    std::memcpy(words + 2, &scale_, sizeof scale_);
    ALEXNET_CUDA_CHECK(context_.device(), cudaMemcpyAsync(step_.data(), words, 3 * sizeof(uint32_t),
                                                          cudaMemcpyHostToDevice, context_.compute()));
  }
  graphs_.add({kForward, layer, pass_.training, pass_.seed}, [this, layer, pass = pass_] {
    if (early_features(layer).size() == 0) clock_.begin(layer, false);
    layers_[layer]->forward(pass);
    clock_.end(layer, false);
  });
  if (!output_ready_[layer]) return;
  graphs_.start();
  output_ready_[layer]->record(context_.compute());
}

template <class T>
BatchTotals CudaColumn<T>::loss(std::span<Column* const> all, bool gradient) {
  context_.use();
  graphs_.start();
  const int64_t rows = share_.rows(classifier_plan()).size();
  std::vector<Part<float>> parts;
  others_.clear();
  for (Column* one : all) {
    const CudaColumn& other = same(one);
    const Range units = other.share_.width(classifier_plan());
    MapView there = channels_of(loss_.view(), units.size());
    there.images = rows;
    parts.push_back({other.classifier_->logits().data(), channels_last_view(rows, units.size(), 1, 1),
                     other.output_ready_[last()].get(), other.exchange_index(), units.begin, there});
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
  graphs_.add({kLoss, gradient}, [this, to] { loss_.run<T>(input_of().labels(), to, step_.data() + 1); });
  graphs_.start();
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
  graphs_.add({kBackwardData, layer, input_gradient, pass_.training, pass_.seed},
              [this, layer, input_gradient, pass = pass_] {
                clock_.begin(layer, true);
                layers_[layer]->backward_data(pass, input_gradient);
              });
  // What the others need goes out before this column's own weights take their time.
  if (input_gradient && joined_[layer]) {
    graphs_.add({kLayOut, layer}, [this, layer] { joined_[layer]->lay_out_gradient(); });
    graphs_.start();
    joined_[layer]->publish_gradient();
  }
  graphs_.add({kBackwardWeights, layer, update.frozen}, [this, layer, frozen = update.frozen] {
    if (!frozen) layers_[layer]->backward_weights();
    clock_.end(layer, true);
  });
  update_.set(layer, update);
  // The lowest layer that learns needs no gradient of its input: after it all gradients are there.
  lowest_ = !input_gradient;
  if (share_.sums(plan_.layers[layer])) {
    if (update.frozen) return;
    graphs_.start();
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
  graphs_.add({kUpdate, layers_.size()}, [this] { update_.run(loss_.not_finite()); });
  for (size_t l = 0; l < layers_.size(); ++l)
    if (!update_.frozen(l)) graphs_.add({kUpdate, l}, [this, l] { layers_[l]->refresh(); });
}

template <class T>
void CudaColumn<T>::reduce(size_t layer, std::span<Column* const> all) {
  context_.use();
  graphs_.start();
  const auto stream = context_.compute();
  const Maps<T>& to = layers_[layer - 1]->output();
  // In the columns' order on every device, so that all of them round alike.
  std::vector<Part<T>> parts;
  for (Column* one : all) {
    const CudaColumn& other = same(one);
    const int c = other.exchange_index();
    Part<T> part = other.joined_[layer]->gradient_of(joined_index(plan_.layers[layer]),
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
  graphs_.start();
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
  graphs_.drop();
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

}  // namespace alexnet::cuda
