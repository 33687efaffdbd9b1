// A plug-in that computes on the CPU: the whole way from the trainer through the C interface and back, on a
// machine without a GPU. What its probe finds is chosen by the environment's ALEXNET_STUB.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cpu/cpu_column.h"
#include "cuda/entry/entry.h"
#include "cuda/plugin_calls.h"

namespace alexnet::cuda {

namespace {

/// The CPU's column as a deferred one.
class DeferredColumn : public columns::Column {
 public:
  DeferredColumn(std::unique_ptr<columns::Column> column, const NetPlan& plan, const columns::Share& share)
      : column_(std::move(column)),
        batch_(share.rows(plan.layers.front()).size()),
        first_label_(share.rows(plan.layers.front()).begin - share.rows(plan.layers.back()).begin) {}

  columns::InputFormat input_format() const override { return column_->input_format(); }
  /// Takes records, as a GPU does, and makes inputs of them before it computes.
  bool accept_records(const Preprocessing& preprocessing) override {
    if (std::getenv("ALEXNET_STUB_NO_RECORDS")) return false;
    preprocessing_ = preprocessing;
    return true;
  }
  void set_batch(const columns::Batch& batch) override {
    // A batch that was told ahead must be there unchanged.
    if (told_.id != 0 && batch.id == told_.id && batch.images == told_.images &&
        first_label(batch) != told_label_)
      throw Error(ErrorCode::kInternal, "a batch has changed after it was told");
    column_->set_batch(batch.draws ? made_of(batch) : batch);
  }
  void prefetch(const columns::Batch& next) override {
    told_ = next;
    told_label_ = first_label(next);
  }
  void gather(size_t layer, std::span<columns::Column* const> all) override {
    column_->gather(layer, inner(all));
  }
  void forward(size_t layer, const columns::PassContext& context) override {
    column_->forward(layer, context);
  }
  columns::BatchTotals loss(std::span<columns::Column* const> all, bool gradient) override {
    totals_ = column_->loss(inner(all), gradient);
    stopped_ = stopped_ || !std::isfinite(totals_.loss);
    return {};
  }
  bool deferred() const override { return true; }
  void end_pass() override { started_.push_back(totals_); }
  columns::FinishedPass finish() override {
    if (started_.empty()) throw Error(ErrorCode::kInternal, "no pass was started");
    const columns::FinishedPass pass{started_.front(), 0.25};
    started_.pop_front();
    if (started_.empty()) stopped_ = false;
    return pass;
  }
  void rest() override { started_.clear(); }
  const float* logits() const override { return column_->logits(); }
  void backward(size_t layer, const columns::LayerUpdate& update, bool input_gradient) override {
    if (std::getenv("ALEXNET_STUB_LOST") && layer == 0)
      throw Error(ErrorCode::kDeviceLost, "cuda:0 has fallen off the bus");
    if (!stopped_) column_->backward(layer, update, input_gradient);
  }
  void reduce(size_t layer, std::span<columns::Column* const> all) override {
    if (!stopped_) column_->reduce(layer, inner(all));
  }
  void connect(std::span<columns::Column* const> replicas) override {
    replicas_.assign(replicas.begin(), replicas.end());
    column_->connect(inner(replicas));
  }
  void sum_gradients(size_t layer) override {
    someone_stopped_ = std::any_of(replicas_.begin(), replicas_.end(), [](const columns::Column* replica) {
      return static_cast<const DeferredColumn*>(replica)->stopped_;
    });
    if (!someone_stopped_) column_->sum_gradients(layer);
  }
  void update(size_t layer, const columns::LayerUpdate& update) override {
    stopped_ = stopped_ || someone_stopped_;
    if (!stopped_) column_->update(layer, update);
  }
  void write(size_t layer, columns::Parameter parameter, std::span<const float> values) override {
    column_->write(layer, parameter, values);
  }
  void read(size_t layer, columns::Parameter parameter, std::span<float> values) const override {
    column_->read(layer, parameter, values);
  }
  bool all_finite() const override { return column_->all_finite(); }

 private:
  /// The same batch as inputs.
  columns::Batch made_of(const columns::Batch& batch) {
    const columns::InputFormat format = column_->input_format();
    const int64_t size = preprocessing_.crop_size, bytes = format.image_bytes(size);
    inputs_.assign(static_cast<size_t>(bytes * batch_), std::byte{0});
    const int64_t valid = std::clamp<int64_t>(batch.valid - first_label_, 0, batch_);
    for (int64_t row = 0; row < valid; ++row) {
      const RecordDraw& draw = batch.draws[row];
      const auto* piece =
          static_cast<const uint8_t*>(batch.images) + (draw.piece - batch.first_piece) * batch.piece_bytes();
      // A piece that is a crop is put back to its place in a record.
      std::vector<uint8_t> record;
      if (batch.side != kPackSize) {
        record.assign(static_cast<size_t>(kRecordBytes), 0xEE);
        for (int64_t y = 0; y < size; ++y)
          std::copy_n(piece + y * size * 3, size * 3,
                      record.data() + ((draw.top + y) * kPackSize + draw.left) * 3);
        piece = record.data();
      }
      const Sample sample{
          draw.top, draw.left, draw.mirror != 0, {draw.colour[0], draw.colour[1], draw.colour[2]}};
      write_input(piece, sample, preprocessing_, format.layout, format.type, inputs_.data() + row * bytes);
    }
    columns::Batch made = batch;
    made.images = inputs_.data();
    made.draws = nullptr;
    return made;
  }
  static int32_t first_label(const columns::Batch& batch) { return batch.labels ? batch.labels[0] : -1; }
  std::span<columns::Column* const> inner(std::span<columns::Column* const> all) {
    inner_.clear();
    for (columns::Column* column : all) inner_.push_back(static_cast<DeferredColumn*>(column)->column_.get());
    return inner_;
  }

  const std::unique_ptr<columns::Column> column_;
  std::vector<columns::Column*> inner_;
  const int64_t batch_, first_label_;  // rows of images; of the first of them among the labels
  std::vector<columns::Column*> replicas_;
  bool someone_stopped_ = false;
  Preprocessing preprocessing_;
  std::vector<std::byte> inputs_;
  columns::BatchTotals totals_;  // of the pass that is being started
  std::deque<columns::BatchTotals> started_;
  bool stopped_ = false;  // a loss was not finite, and that pass is not finished yet
  columns::Batch told_;
  int32_t told_label_ = -1;
};

void add_library(PluginReport& report, const char* name, const char* version, const char* reason,
                 bool required) {
  PluginLibrary& library = report.libraries[report.library_count++];
  copy_text(library.name, name);
  copy_text(library.version, version);
  copy_text(library.reason, reason);
  library.required = required;
}

}  // namespace

namespace entry {

void probe(PluginReport& report) {
  const char* chosen = std::getenv("ALEXNET_STUB");
  const std::string situation = chosen ? chosen : "two";
  if (situation == "failing") throw Error(ErrorCode::kInternal, "the probe failed");
  if (situation == "no-driver") return copy_text(report.reason, "there is no NVIDIA driver here");
  copy_text(report.driver, "580.65.06 (CUDA 13.0)");
  report.device_count = 2;
  for (int d = 0; d < 2; ++d) {
    PluginDevice& device = report.devices[d];
    copy_text(device.name, "Stand-in GPU");
    device.memory_bytes = int64_t{80} << 30;
    device.free_bytes = int64_t{79} << 30;
    device.major = 9;
    device.peer[d] = 1;
  }
  if (situation == "busy") copy_text(report.devices[1].reason, "it is in use by another process");
  if (situation == "no-cudnn")
    add_library(report, "cuDNN", "", "cuDNN is missing; install it", true);
  else
    add_library(report, "cuDNN", "9.10.2", "", true);
  add_library(report, "cuBLASLt", "13.0.2", "", true);
  if (situation == "no-nccl")
    add_library(report, "NCCL", "", "NCCL is missing; install it", false);
  else
    add_library(report, "NCCL", "2.27.3", "", false);
}

void loads(PluginLoads& loads) {
  const char* chosen = std::getenv("ALEXNET_STUB");
  const std::string situation = chosen ? chosen : "two";
  if (situation == "failing") throw Error(ErrorCode::kInternal, "the loads cannot be read");
  if (situation == "no-driver") return;
  loads.device_count = 2;
  loads.devices[0] = {83, int64_t{20} << 30, int64_t{80} << 30, ""};
  loads.devices[1] = {-1, -1, -1, "its load is not known: NVML is missing; install the NVIDIA driver again"};
}

void* allocate_host(int, int64_t bytes) {
  void* memory = std::aligned_alloc(64, (static_cast<size_t>(bytes) + 63) / 64 * 64);
  if (!memory) throw std::bad_alloc();
  return memory;
}

void free_host(int, void* memory) { std::free(memory); }

std::unique_ptr<columns::Column> make_column(const NetPlan& plan, const PluginColumnOptions& options,
                                             columns::Column*) {
  if (std::getenv("ALEXNET_STUB_OUT_OF_MEMORY"))
    throw Error(ErrorCode::kOutOfMemory, "the net needs 9 GB and 8 GB are free; batch 7 fits");
  const columns::Share share = share_of(plan, options);
  return std::make_unique<DeferredColumn>(
      cpu::make_cpu_column(plan, share, {.training = options.training != 0}), plan, share);
}

void graphs(const columns::Column&, PluginGraphs& report) {
  if (std::getenv("ALEXNET_STUB_NO_GRAPHS"))
    copy_text(report.refusal, "CUDA graphs are not used on cuda:0: the stand-in has none");
}

void engines(const columns::Column&, size_t, PluginEngine*) {}

void layer_times(const columns::Column&, size_t layers, float* milliseconds) {
  std::fill_n(milliseconds, 2 * layers, 0.0f);
}

}  // namespace entry
}  // namespace alexnet::cuda
