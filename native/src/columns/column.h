// One column of the net on one device, as the column team drives it. Backends (native/src/cpu,
// native/src/cuda) implement it; this folder knows neither oneDNN nor CUDA. What a column computes of a step
// is its Share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "alexnet/error.h"
#include "alexnet/net_spec.h"
#include "alexnet/sampling.h"
#include "columns/share.h"

namespace alexnet::columns {

/// A batch as every column reads it: images in the layout and type of Column::input_format(), or, for columns
/// that accept records, the bytes that they make them from.
struct Batch {
  // [rows, 3, size, size], the rows of its Share; with draws [pieces, side, side, 3] bytes
  const void* images = nullptr;
  const int32_t* labels = nullptr;  // of the rows of the last layer; -1: the row only fills the batch
  int64_t valid = 0;                // rows with a label; they come first
  // Not 0: this memory holds what it held when a batch of the same number was told before.
  uint64_t id = 0;
  // Not null: how each row is made of a piece. Pieces are whole records, of which any crop can be taken, or
  // (side is the crop's) the rows' crops as they lie in the records, not mirrored.
  const RecordDraw* draws = nullptr;  // of the images' rows; those of rows without a label are not read
  int64_t pieces = 0, side = 0;
  int64_t first_piece = 0;  // the number, in draws, of the piece that `images` begins with
  int64_t total = 0;        // rows with a label in the whole step, of all replicas; set by the team

  int64_t piece_bytes() const { return 3 * side * side; }
};

struct InputFormat {
  InputLayout layout = InputLayout::kNchw;
  InputType type = InputType::kFloat32;

  /// Of one image of three channels.
  int64_t image_bytes(int64_t side) const { return 3 * side * side * (type == InputType::kBfloat16 ? 2 : 4); }
};

/// What a forward pass is for. Dropout draws are keyed by (seed, step, layer; unit).
struct PassContext {
  bool training = false;
  uint64_t seed = 0;
  uint32_t step = 0;  // completed steps before this one
};

/// One layer's factors of one update (paper section 5: the rate is inside the velocity).
struct LayerUpdate {
  float weight_rate = 0, bias_rate = 0;
  float weight_decay = 0, bias_decay = 0;
  float momentum = 0;
  bool frozen = false;
};

/// Sums over the valid rows of a batch.
struct BatchTotals {
  double loss = 0;
  int64_t top1_hits = 0, top5_hits = 0, images = 0;
};

/// What a deferred column has to tell at the end of a pass.
struct FinishedPass {
  BatchTotals totals;
  double exchange_ms = 0;  // the device's time in copies between columns
  std::string notice{};    // what the column cannot do as it should, in a sentence; once
};

/// A result inside the net: of a layer's convolution or product (op 0), or of the n-th op after it (op n).
struct Place {
  size_t layer = 0, op = 0;
};

enum class Parameter { kWeight, kBias, kWeightVelocity, kBiasVelocity };

/// A column's calls come from one thread, the one that created it. `all` lists every column of the net in
/// order, those of its own replica, or of all where the layer is split over all; a column reads from the
/// others only in gather, loss, reduce and sum_gradients, when the team has made sure that they stand still.
/// A deferred column's calls only start work, in order: what its neighbours read is ordered on the devices,
/// and the team's meetings order the starting.
class Column {
 public:
  virtual ~Column() = default;

  virtual InputFormat input_format() const = 0;
  /// Memory for batches that this column reads faster than any other; null where all are alike. From any
  /// thread; it may outlive the column.
  virtual std::shared_ptr<std::byte> allocate_input(int64_t /*bytes*/) const { return nullptr; }
  /// Tells how inputs are made of records. Where it returns true batches may have draws from now on.
  virtual bool accept_records(const Preprocessing& /*preprocessing*/) { return false; }
  virtual void set_batch(const Batch& batch) = 0;
  /// Tells, after set_batch(), which batch will probably be the next one, so that it can be brought
  /// meanwhile. Its memory stays as it is until the pass is finished.
  virtual void prefetch(const Batch& /*next*/) {}

  /// Joins every column's output of layer - 1 into this column's input of `layer`.
  virtual void gather(size_t layer, std::span<Column* const> all) = 0;
  virtual void forward(size_t layer, const PassContext& context) = 0;

  /// Joins the logits of all columns. With `gradient`, also prepares this column's gradient, the mean over
  /// all valid images of the step. The sums are over its own rows.
  virtual BatchTotals loss(std::span<Column* const> all, bool gradient) = 0;
  /// Whether calls only start work. Then the totals come from finish(), not from loss(), and the column
  /// itself leaves its parameters as they are in a pass whose loss is not finite, and in all that were
  /// started before that one was finished. Up to two passes may be started.
  virtual bool deferred() const { return false; }
  /// After a pass's last call.
  virtual void end_pass() {}
  /// Waits until the first of the passes that are not finished is done, and its successor's batch has been
  /// read. Throws what failed since the last call.
  virtual FinishedPass finish() { return {}; }
  /// Waits until all that was started is done; passes that are not finished are forgotten.
  virtual void rest() {}

  /// The joined logits of the pass, at its end: [batch, classes], float.
  virtual const float* logits() const = 0;

  /// The gradients of `layer`'s parameters (unless frozen) and, where `input_gradient`, of what it read; then
  /// its update, unless the gradients are still to be added up over the replicas.
  virtual void backward(size_t layer, const LayerUpdate& update, bool input_gradient) = 0;
  /// Sums what every column found as the gradient of this column's output of layer - 1, after backward() of
  /// a layer that gathers.
  virtual void reduce(size_t layer, std::span<Column* const> all) = 0;

  // Only where replicas share the batch (Share::replicas > 1):

  /// Once all columns are made, replica 0's first: this column of every replica, in their order.
  virtual void connect(std::span<Column* const> /*replicas*/) {}
  /// Whether the team must let all replicas meet before and after sum_gradients(); otherwise what a sum reads
  /// is ordered by other means.
  virtual bool sums_meet() const { return true; }
  /// After backward() of a layer that is not frozen: adds up its parameters' gradients over the replicas, in
  /// one fixed order for all. A deferred column only starts it; the lower layers' backward pass goes on
  /// beside it.
  virtual void sum_gradients(size_t /*layer*/) {}
  /// After sum_gradients(): the layer's update.
  virtual void update(size_t /*layer*/, const LayerUpdate& /*update*/) {}
  /// From any thread: another column has failed, and nothing that this one's device waits for comes any more.
  virtual void abandon() {}

  /// This column's share of a parameter in canonical layout (a contiguous range of the joined tensor).
  virtual void write(size_t layer, Parameter parameter, std::span<const float> values) = 0;
  virtual void read(size_t layer, Parameter parameter, std::span<float> values) const = 0;

  /// What the last pass made at a place for its first `images` images, this column's share: dense, image,
  /// channel, row, column. With `gradient` what seed_gradient() and backward() found for it. Throws
  /// kInvalidArgument where the column does not keep it, kDeviceUnavailable where it keeps none.
  virtual void read_place(const Place& /*place*/, bool /*gradient*/, int64_t /*images*/,
                          std::span<float> /*out*/) const {
    refuse_views();
  }
  /// Instead of loss(): begins a backward pass with the gradient of the joined logits, [batch, classes].
  virtual void seed_gradient(std::span<const float> /*logit_gradient*/) { refuse_views(); }

  /// Whether all of this column's weights and biases are finite. A ReLU turns a NaN into 0, so that a net
  /// with broken weights can still have a finite loss.
  virtual bool all_finite() const = 0;

 private:
  [[noreturn]] static void refuse_views() {
    throw Error(ErrorCode::kDeviceUnavailable,
                "this device does not show what a net computes inside; use the CPU for it");
  }
};

}  // namespace alexnet::columns
