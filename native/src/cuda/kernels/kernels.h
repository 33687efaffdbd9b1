// The CUDA backend's own kernels: everything between the convolutions and products. Each call queues work on
// a stream and returns at once; pointers are device memory unless stated. T is float or Bf16 (storage;
// arithmetic is in float). The same call gives the same bits every time: no atomics, every sum in its fixed
// order.
//
// Arguments that do not fit each other throw Error(kInvalidArgument), a refused launch what its cause means
// (cuda/status.h). Output may not overlap input unless stated. Views that are channels last, with channels
// and strides that are multiples of 8 and data on 16-byte boundaries, take the fast kernels; everything else
// works, more slowly.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "alexnet/net_spec.h"
#include "alexnet/sampling.h"
#include "cuda/kernels/map_view.h"

struct CUstream_st;

namespace alexnet::cuda {

/// cudaStream_t, for callers that see no CUDA headers.
using Stream = CUstream_st*;

// ---- Input (paper section 4.1) --------------------------------------------------------------------------

enum class InputArrangement {
  kChannelsLast,  // [images, size, size, channels], channels 3, or 4 or 8 of which the rest are zero
  kPlanar,        // [images, 3, size, size]
  // [images, blocks_a_row, blocks_a_row, block * block * 3]: a convolution of stride `block` as one of stride
  // 1 over deep pixels, which tensor cores do many times faster. Within a block pixels lie in row order,
  // their channels together; `pad` zeros stand left and above, as many as needed right and below.
  kSpaceToDepth,
};

struct NetInputFormat {
  InputArrangement arrangement = InputArrangement::kChannelsLast;
  int64_t size = 224;
  int64_t channels = 3;                          // stored ones of a pixel
  int64_t block = 0, pad = 0, blocks_a_row = 0;  // kSpaceToDepth

  /// Pixels, and values, of an image as stored.
  int64_t image_pixels() const {
    const int64_t side = arrangement == InputArrangement::kSpaceToDepth ? blocks_a_row * block : size;
    return side * side;
  }
  int64_t image_values() const { return image_pixels() * channels; }
};

/// Bytes of packed records, as columns::Batch has them.
struct RecordPieces {
  const uint8_t* data = nullptr;  // [pieces, side, side, 3]
  int64_t side = 0;               // 256: whole records; the crop's size: the rows' crops alone
  int64_t first = 0;              // the number, in draws, of the first one
};

/// The net's input from packed records: write_input() of alexnet/sampling.h to the bit, in any arrangement. A
/// row whose label is negative is zeros and its draw is not read; without `labels` (null) those from `valid`
/// on are. `mean_image`: pre.mean_image on the device, null unless the mean is one.
template <class T>
void write_input(Stream stream, const RecordPieces& pieces, const RecordDraw* draws, const int32_t* labels,
                 int64_t valid, int64_t images, const Preprocessing& pre, const float* mean_image, T* out,
                 const NetInputFormat& format);

/// The same arrangement of inputs that write_input() of alexnet/sampling.h has made: [count, 3, size, size]
/// or [count, size, size, 3].
template <class T>
void arrange_input(Stream stream, const T* images, InputLayout layout, const int32_t* labels, int64_t count,
                   T* out, const NetInputFormat& format);

// ---- Activations (paper section 3.1) ---------------------------------------------------------------------

/// y = f(x + bias); `bias` [channels] may be null, `activation` absent. y may be x (same view).
template <class T>
void bias_activation(Stream stream, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                     const float* bias, std::optional<Activation> activation);

/// dx = dy * f'(x), f' from f's output y. dx may be dy (same view).
template <class T>
void activation_backward(Stream stream, const T* y, const MapView& y_view, const T* dy,
                         const MapView& dy_view, T* dx, const MapView& dx_view, Activation activation);

// ---- Local response normalisation (paper section 3.3) and max-pooling (section 3.4) ----------------------
// A view is one column: its first and last channel have no neighbours outside it. LrnSpec::size is odd and k
// positive. Windows of five with beta 0.75 are fast; others cost size * size reads a value on the way back.
//
// `relu_after`: y = max(0, .) of what is stored. On the way back `before` is the activation whose output x
// is: its derivative is the last factor.
//
// winners: one byte a value of y, dense in y's layout (dense_like(y_view)), on an 8-byte boundary: the
// winner's place in its window, row * size + column, the first one on a tie; null where no backward pass
// follows. PoolSpec::size is at most 16. y_view.height and width say how many windows there are; windows are
// clipped at the map's edge (PoolSpec::rounding has been applied by whoever planned the shapes).

/// y = LRN(x).
template <class T>
void lrn_forward(Stream stream, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                 const LrnSpec& lrn, bool relu_after);

template <class T>
void lrn_backward(Stream stream, const T* x, const MapView& x_view, const T* dy, const MapView& dy_view,
                  T* dx, const MapView& dx_view, const LrnSpec& lrn, bool relu_after,
                  std::optional<Activation> before);

/// y = maxpool(LRN(x)) without storing LRN(x).
template <class T>
void lrn_pool_forward(Stream stream, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                      uint8_t* winners, const LrnSpec& lrn, const PoolSpec& pool, bool relu_after);

template <class T>
void lrn_pool_backward(Stream stream, const T* x, const MapView& x_view, const T* dy, const MapView& dy_view,
                       const uint8_t* winners, T* dx, const MapView& dx_view, const LrnSpec& lrn,
                       const PoolSpec& pool, bool relu_after, std::optional<Activation> before);

template <class T>
void pool_forward(Stream stream, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                  uint8_t* winners, const PoolSpec& pool, bool relu_after);

/// x is read only where `activation` is given, and may be null elsewhere. kRelu serves a ReLU before the
/// pooling and one after it: either lets through what had a positive x.
template <class T>
void pool_backward(Stream stream, const T* x, const MapView& x_view, const T* dy, const MapView& dy_view,
                   const uint8_t* winners, T* dx, const MapView& dx_view, const PoolSpec& pool,
                   std::optional<Activation> activation);

// ---- Response normalisation inside each map (the original code's extra layer) ----------------------------

template <class T>
void spatial_norm_forward(Stream stream, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                          const SpatialNormSpec& norm);

/// `shares`: working memory of `shares_count` floats, at least one image's values; images are done in parts
/// that fit it.
template <class T>
void spatial_norm_backward(Stream stream, const T* x, const MapView& x_view, const T* dy,
                           const MapView& dy_view, T* dx, const MapView& dx_view, const SpatialNormSpec& norm,
                           std::optional<Activation> before, float* shares, int64_t shares_count);

// ---- Dropout (paper section 4.2) -------------------------------------------------------------------------

/// Which units a layer drops: those that spec/dropout.h drops for (seed, *step, layer; unit). A unit's
/// feature is feature_offset + (channel * height + row) * width + column, in whatever layout the map lies.
struct DropoutDraw {
  double drop_probability = 0.5;  // 0 in a test pass
  float scale = 1;                // on kept units: 1 / (1 - p), or 1 where the scaling is done at test time
  uint64_t seed = 0;
  uint32_t layer = 0;
  const uint32_t* step = nullptr;  // in device memory
  int64_t total_features = 0;      // of the layer over all columns
  int64_t feature_offset = 0;      // of this column's first unit
  int64_t first_image = 0;         // of the batch: row 0 here is this image
};

/// y = kept ? x * scale : 0. y may be x (same view). Fully connected layers are maps of one pixel.
template <class T>
void dropout_forward(Stream stream, const T* x, const MapView& x_view, T* y, const MapView& y_view,
                     const DropoutDraw& draw);

/// dx = kept ? dy * scale : 0, times f' of the activation before the dropout taken from its output (for a
/// ReLU dropout's output serves as well: the signs are the same where it matters). dx may be dy.
template <class T>
void dropout_backward(Stream stream, const T* dy, const MapView& dy_view, const T* output,
                      const MapView& output_view, T* dx, const MapView& dx_view, const DropoutDraw& draw,
                      std::optional<Activation> activation);

// ---- Loss ------------------------------------------------------------------------------------------------

/// One row's share of the loss.
struct RowLoss {
  double loss;
  int32_t before;  // classes that come before the label: larger logits, or equal ones of a smaller index
  int32_t counts;  // 0: the row only fills the batch
};

/// Sums over the rows with a label, like columns::BatchTotals.
struct LossTotals {
  double loss;
  int64_t top1_hits, top5_hits, images;
};

/// The gradient of the mean loss to the logits of classes [first, first + count): one column's share.
template <class T>
struct LossGradient {
  T* data = nullptr;  // [images, count] with rows of row_stride; null: not wanted
  int64_t row_stride = 0, first = 0, count = 0;
  const float* scale = nullptr;  // device memory; null: 1 / rows with a label
};

/// Rows [images, classes] of logits, `row_stride` apart. labels < 0 mark rows that only fill the batch: their
/// gradient, loss and hits are zero. A label that is no class makes the loss NaN. `rows`: [images].
/// `not_finite` (may be null) becomes 1 where the loss is not finite, else 0; where `*keep` is not 0 (`keep`
/// may be null) it stays 1 if it was.
template <class T>
void softmax_cross_entropy(Stream stream, const float* logits, int64_t row_stride, const int32_t* labels,
                           int64_t images, int64_t classes, const LossGradient<T>& gradient, RowLoss* rows,
                           LossTotals* totals, uint32_t* not_finite, const uint32_t* keep);

/// *to = 1 where *from is not 0: a replica's loss that is not finite is everyone's.
void raise_flag(Stream stream, const uint32_t* from, uint32_t* to);

// ---- Sums, copies, conversions ---------------------------------------------------------------------------

/// sums[channel] = sum over rows of x[row * row_stride + channel]: a bias's gradient, rows being the pixels
/// of all images (channels last) or the images. `work`: sum_rows_work(rows, channels) floats.
template <class T>
void sum_rows(Stream stream, const T* x, int64_t rows, int64_t channels, int64_t row_stride, float* work,
              float* sums);
int64_t sum_rows_work(int64_t rows, int64_t channels);

/// to = from, value by value, between layouts and types: joins a column's half into a joined map, splits it
/// off again (views by channels_of), brings maps to another layout. The views have the same shape. `from` may
/// lie on another device that this one can read.
template <class From, class To>
void copy_map(Stream stream, const From* from, const MapView& from_view, To* to, const MapView& to_view);

/// to = first + second: what two columns found as the gradient of one's output. to may be either (same view).
template <class T>
void add_maps(Stream stream, const T* first, const MapView& first_view, const T* second,
              const MapView& second_view, T* to, const MapView& to_view);

/// to = from on `count` values, float to Bf16 or back.
template <class From, class To>
void convert(Stream stream, const From* from, To* to, int64_t count);

// ---- Parameters ------------------------------------------------------------------------------------------

/// Canonical [out, in, taps] to channels last [pieces, out, taps, in / pieces]: one filter, or one for every
/// piece of the channels. A convolution's taps are kernel * kernel; those of a fully connected layer after
/// maps are the map's pixels (its canonical input is flattened channel, row, column; channels last it is row,
/// column, channel).
template <class To>
void weights_to_channels_last(Stream stream, const float* from, To* to, int64_t out, int64_t in, int64_t taps,
                              int64_t pieces);
/// The way back, into [out, in, taps].
void weights_from_channels_last(Stream stream, const float* from, float* to, int64_t out, int64_t in,
                                int64_t taps, int64_t pieces);

/// [out, kernel, kernel, channels] to the kernel of a space-to-depth convolution: [out, kb, kb, block * block
/// * channels], kb = ceil(kernel / block), zeros beyond the kernel.
template <class To>
void weights_to_blocks(Stream stream, const float* from, To* to, int64_t out, int64_t kernel, int64_t block,
                       int64_t channels);
/// The way back, for its gradient: what lies beyond the kernel is dropped.
template <class From>
void weights_from_blocks(Stream stream, const From* from, float* to, int64_t out, int64_t kernel,
                         int64_t block, int64_t channels);

/// A parameter is updated in pieces of so many values.
inline constexpr int64_t kParameterChunk = 4096;

/// One parameter as the update reads it. Pointers on 16-byte boundaries.
struct ParameterEntry {
  float* weight;         // the fp32 master
  float* velocity;       // null: not trained (find_not_finite reads weights alone)
  const void* gradient;  // float, or Bf16
  Bf16* copy;            // the rounded weights that are multiplied; null: none
  int64_t count;
  int64_t first_chunk;  // set by make_parameter_table
  int32_t gradient_is_bf16;
};

/// The factors of one update; `rate` is the parameter's own.
struct ParameterRates {
  float rate, momentum, decay;
  uint32_t frozen;
};

/// All parameters: `entries` in device memory.
struct ParameterTable {
  const ParameterEntry* entries = nullptr;
  int32_t parameters = 0;
  int64_t chunks = 0;
};

/// Checks the entries (host memory) and numbers their chunks. The caller copies them to the device and sets
/// `entries`.
ParameterTable make_parameter_table(std::vector<ParameterEntry>& entries);

/// v = momentum v - decay rate w - rate g; w = w + v; copy = w rounded, for every parameter that is not
/// frozen. `rates`: one a parameter, in device memory. Where `*skip` is not 0 nothing is changed (may be
/// null).
/// `*not_finite` (may be null) becomes 1 where a new weight is not finite, and keeps its value elsewhere.
void sgd_update(Stream stream, const ParameterTable& table, const ParameterRates* rates, const uint32_t* skip,
                uint32_t* not_finite);

/// *not_finite = whether a weight is not finite.
void find_not_finite(Stream stream, const ParameterTable& table, uint32_t* not_finite);

}  // namespace alexnet::cuda
