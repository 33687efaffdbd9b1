// NetSpec: any net of the AlexNet family as plain data, parsed from the "net" object of a run
// configuration. NetPlan: the same net with every shape worked out. Both know no device.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alexnet {

enum class Activation { kRelu, kTanh, kSigmoid };
enum class LayerKind { kConv, kFc };

/// What follows a layer's linear part, in the order given by the layer's "then" list.
enum class OpKind { kActivation, kLrn, kSpatialNorm, kPool, kDropout };

/// Where a window that does not fit ends: floor drops it, ceil keeps it (out = 1 + ceil((in - size) /
/// stride)); a ceil window reads only what exists (pool) or zeros to the right and bottom (conv).
enum class Rounding { kFloor, kCeil };

/// How many zeros surround a convolution's input.
struct Padding {
  int64_t size = 0;                      // on all four sides
  Rounding rounding = Rounding::kFloor;  // kCeil: the original code's extra zeros right and bottom
};

/// Local response normalisation over neighbouring maps of the same column (paper section 3.3):
/// b = a / (k + alpha' * sum a^2)^beta, alpha' = alpha, or alpha / size where alpha_over_n.
struct LrnSpec {
  int64_t size = 5;
  double k = 2.0, alpha = 1e-4, beta = 0.75;
  bool alpha_over_n = false;
};

/// The original code's response norm inside each map, over a size x size window centred on the pixel;
/// positions outside the map count as zero. b = a / (k + alpha * sum a^2)^beta.
struct SpatialNormSpec {
  int64_t size = 5;
  double k = 1.0, alpha = 4e-5, beta = 0.75;
};

struct PoolSpec {
  int64_t size = 3, stride = 2;
  Rounding rounding = Rounding::kFloor;
};

struct OpSpec {
  OpKind kind;
  LrnSpec lrn;                   // kLrn
  SpatialNormSpec spatial_norm;  // kSpatialNorm
  PoolSpec pool;                 // kPool
  double dropout = 0;            // kDropout: the share of units that is dropped
};

/// Initial weights: N(0, sigma); with `he`, sigma is sqrt(2 / fan-in) instead. Bias is a constant.
struct InitSpec {
  bool he = false;
  double sigma = 0.01;
  double bias = 0;
};

struct LayerSpec {
  std::string name;
  LayerKind kind;
  int64_t width;  // output maps or units, over all columns
  int64_t kernel = 1, stride = 1;
  Padding padding;
  bool reads_both = false;  // reads every column's output; otherwise its own column's. The first layer
                            // always reads the whole image.
  InitSpec init;
  double learning_rate_factor = 1, bias_learning_rate_factor = 1;
  double weight_decay_factor = 1, bias_weight_decay_factor = 1;
  std::vector<OpSpec> then;
};

/// When dropout's factor is applied. kTest is the paper's (outputs times 1 - p at test); kTraining is
/// the inverted form (kept outputs divided by 1 - p in training).
enum class DropoutScale { kTraining, kTest };

struct NetSpec {
  int columns = 2;
  int64_t input_size = 224;
  int64_t input_channels = 3;
  int64_t classes = 1000;
  Activation activation = Activation::kRelu;
  DropoutScale dropout_scale = DropoutScale::kTraining;
  std::vector<LayerSpec> layers;  // the last one is the classifier: fc, width == classes
};

/// Parses the "net" object. Throws Error(kInvalidSpec) naming layer, field and reason.
NetSpec parse_net_spec(std::string_view json);

struct Shape {
  int64_t channels = 0, height = 1, width = 1;
  int64_t count() const { return channels * height * width; }
  bool operator==(const Shape&) const = default;
};

struct OpPlan {
  OpSpec spec;
  Shape in, out;  // over all columns
};

/// A contiguous range of channels or units, [begin, end).
struct Range {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
};

/// One layer with its shapes. Shapes are over all columns; `groups` is 1 where every column reads the
/// whole input and `columns` where each reads its own share.
struct LayerPlan {
  LayerSpec spec;
  Shape in;      // what the layer reads, over all columns
  Shape linear;  // after the convolution or product
  Shape out;     // after the last op
  int64_t groups = 1;
  int64_t pad_right_bottom = 0;  // zeros at the right and bottom edge (conv); spec.padding.size left/top
  bool gathers = false;          // columns exchange before this layer
  std::vector<OpPlan> ops;

  /// conv: [out, in of its group, k, k]; fc: [out, in of its group], the input flattened channel, row,
  /// column.
  std::vector<int64_t> weight_shape() const;
  int64_t weight_count() const;
  int64_t fan_in() const;
  int64_t multiply_adds() const;  // one image, forward
};

struct NetPlan {
  NetSpec spec;
  std::vector<LayerPlan> layers;

  int64_t parameters() const;
  /// Units: every layer's linear output, without the input: 659,272 for the paper's net.
  int64_t units() const;
  int64_t multiply_adds() const;   // one image, forward
  int64_t training_flops() const;  // one image: forward + backward, no gradient to the pixels
  int64_t activation_bytes(int64_t batch, int64_t bytes_per_value) const;
  int64_t parameter_bytes() const;  // fp32 weights + velocity + gradient
  /// What each column sends to the other in one forward pass; the backward pass sends as much.
  int64_t exchange_bytes(int64_t batch, int64_t bytes_per_value) const;
};

/// Column `column`'s share of `width` maps or units: the first columns take the remainder.
Range column_range(int64_t width, int columns, int column);

/// Works out every shape. Throws Error(kInvalidSpec) naming layer, field and reason.
NetPlan plan_net(const NetSpec& spec);

/// The plan as the JSON object described in main/engine/addon.ts (NetDescription).
std::string describe_net(const NetPlan& plan, int64_t batch);

}  // namespace alexnet
