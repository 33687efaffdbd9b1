#include "cuda/loader/plugin_column.h"

#include <atomic>
#include <utility>

#include "cuda/flat_net.h"
#include "cuda/plugin_calls.h"
#include "cuda/settings.h"

namespace alexnet::cuda {

using columns::Batch;
using columns::BatchTotals;
using columns::Column;
using columns::FinishedPass;
using columns::InputFormat;
using columns::LayerUpdate;
using columns::Parameter;
using columns::PassContext;

namespace {

class ColumnAdapter : public Column {
 public:
  ColumnAdapter(const PluginApi& api, PluginColumn column, int32_t device)
      : api_(api), column_(column), device_(device) {}
  ~ColumnAdapter() override { api_.destroy_column(column_); }

  InputFormat input_format() const override {
    int32_t layout = 0, type = 0;
    api_.input_format(column_, &layout, &type);
    return {static_cast<InputLayout>(layout), static_cast<InputType>(type)};
  }
  std::shared_ptr<std::byte> allocate_input(int64_t bytes) const override {
    void* memory = nullptr;
    call(api_.allocate_host, device_, bytes, &memory);
    return {static_cast<std::byte*>(memory),
            [free = api_.free_host, device = device_, lost = lost_](std::byte* p) {
              // A device that hangs would hang whoever gives memory back: it goes with the process.
              if (!*lost) free(device, p);
            }};
  }
  bool accept_records(const Preprocessing& preprocessing) override {
    const PluginPreprocessing flat = cuda::flatten(preprocessing);
    int32_t accepted = 0;
    call(api_.accept_records, column_, &flat, &accepted);
    return accepted != 0;
  }
  void set_batch(const Batch& batch) override {
    const PluginBatch flat = flatten(batch);
    call(api_.set_batch, column_, &flat);
  }
  void prefetch(const Batch& next) override {
    const PluginBatch flat = flatten(next);
    call(api_.prefetch, column_, &flat);
  }
  void gather(size_t layer, std::span<Column* const> all) override {
    call(api_.gather, column_, static_cast<int64_t>(layer), handles(all), count_of(all));
  }
  void forward(size_t layer, const PassContext& context) override {
    const PluginPass pass{context.training, context.seed, context.step};
    call(api_.forward, column_, static_cast<int64_t>(layer), &pass);
  }
  BatchTotals loss(std::span<Column* const> all, bool gradient) override {
    call(api_.loss, column_, handles(all), count_of(all), int32_t{gradient});
    return {};
  }
  const float* logits() const override {
    const float* values = nullptr;
    call(api_.logits, column_, &values);
    return values;
  }
  void backward(size_t layer, const LayerUpdate& update, bool input_gradient) override {
    const PluginUpdate factors = flatten(update);
    call(api_.backward, column_, static_cast<int64_t>(layer), &factors, int32_t{input_gradient});
  }
  void reduce(size_t layer, std::span<Column* const> all) override {
    call(api_.reduce, column_, static_cast<int64_t>(layer), handles(all), count_of(all));
  }
  void connect(std::span<Column* const> replicas) override {
    call(api_.connect, column_, handles(replicas), count_of(replicas));
  }
  bool sums_meet() const override { return api_.sums_meet(column_) != 0; }
  void sum_gradients(size_t layer) override {
    call(api_.sum_gradients, column_, static_cast<int64_t>(layer));
  }
  void update(size_t layer, const LayerUpdate& update) override {
    const PluginUpdate factors = flatten(update);
    call(api_.update, column_, static_cast<int64_t>(layer), &factors);
  }
  void abandon() override { api_.abandon(column_); }
  bool deferred() const override { return true; }
  void end_pass() override { call(api_.end_pass, column_); }
  void rest() override {
    noting_loss([&] { call(api_.rest, column_); });
  }
  FinishedPass finish() override {
    PluginTotals totals{};
    noting_loss([&] { call(api_.finish, column_, &totals); });
    return {{totals.loss, totals.top1_hits, totals.top5_hits, totals.images}, totals.exchange_ms, notice()};
  }
  void write(size_t layer, Parameter parameter, std::span<const float> values) override {
    call(api_.write, column_, static_cast<int64_t>(layer), static_cast<int32_t>(parameter), values.data(),
         static_cast<int64_t>(values.size()));
  }
  void read(size_t layer, Parameter parameter, std::span<float> values) const override {
    call(api_.read, column_, static_cast<int64_t>(layer), static_cast<int32_t>(parameter), values.data(),
         static_cast<int64_t>(values.size()));
  }
  bool all_finite() const override {
    int32_t finite = 0;
    call(api_.all_finite, column_, &finite);
    return finite != 0;
  }

  PluginColumn handle() const { return column_; }
  PluginGraphs graph_report() const {
    PluginGraphs report{};
    api_.graphs(column_, &report);
    return report;
  }
  std::vector<PluginEngine> engine_report(size_t layers) const {
    std::vector<PluginEngine> report(3 * layers);
    api_.engines(column_, report.data());
    return report;
  }
  std::vector<float> layer_times(size_t layers) const {
    std::vector<float> times(2 * layers);
    api_.layer_times(column_, times.data());
    return times;
  }

 private:
  /// That engines were chosen by measurement; then that steps are not queued as graphs, and why.
  std::string notice() {
    if (std::exchange(engines_measured_, false))
      return "engines are chosen by measurement (ALEXNET_CUDA_ENGINES): a resumed run may get others, and "
             "does "
             "not go on bit for bit";
    if (noticed_) return {};
    const PluginGraphs report = graph_report();
    noticed_ = report.refusal[0] != 0;
    return report.refusal;
  }
  static PluginBatch flatten(const Batch& batch) {
    return {batch.images, batch.labels, batch.valid,       batch.id,   batch.draws,
            batch.pieces, batch.side,   batch.first_piece, batch.total};
  }
  template <class Work>
  void noting_loss(const Work& work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kDeviceLost) *lost_ = true;
      throw;
    }
  }
  static PluginUpdate flatten(const LayerUpdate& update) {
    return {update.weight_rate, update.bias_rate, update.weight_decay,
            update.bias_decay,  update.momentum,  update.frozen};
  }
  static int64_t count_of(std::span<Column* const> all) { return static_cast<int64_t>(all.size()); }
  const PluginColumn* handles(std::span<Column* const> all) {
    handles_.clear();
    for (Column* column : all) handles_.push_back(static_cast<ColumnAdapter*>(column)->column_);
    return handles_.data();
  }

  const PluginApi& api_;
  const PluginColumn column_;
  const int32_t device_;
  const std::shared_ptr<std::atomic<bool>> lost_ = std::make_shared<std::atomic<bool>>(false);
  std::vector<PluginColumn> handles_;
  bool engines_measured_ = engines_measured();  // notice() has still to tell
  bool noticed_ = false;                        // notice() has told why there are no graphs
};

PluginColumn handle_of(const Column& column) { return static_cast<const ColumnAdapter&>(column).handle(); }

}  // namespace

std::unique_ptr<Column> make_plugin_column(const PluginApi& api, const NetPlan& plan,
                                           const columns::Share& share, const ColumnOptions& options) {
  const FlatNet flat(plan.spec);
  const std::vector<int32_t> devices(options.devices.begin(), options.devices.end());
  const PluginColumnOptions given{{share.column, share.replica, share.replicas, share.splits_fc, share.batch},
                                  devices.data(),
                                  static_cast<int32_t>(options.precision),
                                  options.training,
                                  options.input_from ? handle_of(*options.input_from) : nullptr,
                                  options.brings_input};
  PluginColumn handle = nullptr;
  call(api.create_column, flat.net(), &given, &handle);
  return std::make_unique<ColumnAdapter>(api, handle, devices[static_cast<size_t>(share.place())]);
}

PluginGraphs graph_report(const Column& column) {
  return static_cast<const ColumnAdapter&>(column).graph_report();
}

std::vector<PluginEngine> engine_report(const Column& column, size_t layers) {
  return static_cast<const ColumnAdapter&>(column).engine_report(layers);
}

std::vector<float> layer_times(const Column& column, size_t layers) {
  return static_cast<const ColumnAdapter&>(column).layer_times(layers);
}

}  // namespace alexnet::cuda
