// The C interface between the engine and its CUDA plug-in: one exported function that gives a table of
// functions. Plain structs and opaque handles only, since the two may be built at different times; a table of
// another version or size is refused.
#pragma once

#include <cstdint>

#include "alexnet/sampling.h"

namespace alexnet::cuda {

/// Raised with every change of this file.
inline constexpr uint32_t kInterfaceVersion = 5;
inline constexpr char kEntryName[] = "alexnet_cuda_plugin";

extern "C" {

/// What a function that failed says. `code` is an alexnet::ErrorCode.
struct PluginError {
  int32_t code;
  char message[2000];
};

/// One op of a layer: kind and rounding are values of the enums of alexnet/net_spec.h.
struct PluginOp {
  int32_t kind, rounding, alpha_over_n;
  int64_t size, stride;
  double k, alpha, beta;
  double dropout;
};

struct PluginLayer {
  const char* name;
  int32_t kind, padding_rounding, reads_both;
  int64_t width, kernel, stride, padding;
  const PluginOp* ops;
  int64_t op_count;
};

/// A NetSpec without what only concerns its start and its optimiser.
struct PluginNet {
  int32_t columns, activation, dropout_scale;
  int64_t input_size, input_channels, classes;
  const PluginLayer* layers;
  int64_t layer_count;
};

using PluginColumn = struct PluginColumnHandle*;

/// alexnet::columns::Share; its number of columns is the net's.
struct PluginShare {
  int32_t column, replica, replicas, splits_fc;
  int64_t batch;
};

struct PluginColumnOptions {
  PluginShare share;
  const int32_t* devices;  // of every column of every replica, by place: CUDA's numbers
  int32_t precision;       // alexnet::Precision
  int32_t training;
  // A column on the same device, driven by the same thread and before this one: it brings the batch to the
  // device for both. Null: none. It must outlive this one.
  PluginColumn input_from;
  int32_t brings_input;  // for the columns after it, which are made with it as their input_from
};

/// alexnet::Preprocessing. `mean` is an alexnet::MeanMode.
struct PluginPreprocessing {
  int64_t crop_size;
  int32_t mean, mean_follows_crop;
  const float* mean_image;  // [256, 256, 3], or null
  float mean_rgb[3], gain[3];
};

static_assert(sizeof(RecordDraw) == 28);  // part of this interface
struct PluginBatch {
  const void* images;
  const int32_t* labels;
  int64_t valid;
  uint64_t id;
  const RecordDraw* draws;
  int64_t pieces, side, first_piece;
  int64_t total;
};

struct PluginPass {
  int32_t training;
  uint64_t seed;
  uint32_t step;
};

struct PluginUpdate {
  float weight_rate, bias_rate, weight_decay, bias_decay, momentum;
  int32_t frozen;
};

struct PluginTotals {
  double loss;
  int64_t top1_hits, top5_hits, images;
  double exchange_ms;
};

/// The CUDA graphs that a column has recorded; `refusal` says why it uses none although they are wanted.
struct PluginGraphs {
  int64_t recorded;
  char refusal[600];
};

/// How the engine of a convolution or a product was chosen: of how many that were measured (0: the library's
/// first was taken as it came), and the milliseconds of the first and of the fastest.
struct PluginEngine {
  int32_t measured;
  float first_ms, fastest_ms;
};

/// A library that is opened at run time.
struct PluginLibrary {
  char name[16];
  char version[32];  // empty where it cannot be used
  char reason[600];  // why not, and what to do; empty where it can
  int32_t required;
};

inline constexpr int kMaxDevices = 16;

struct PluginDevice {
  char name[256];
  int64_t memory_bytes, free_bytes;  // free_bytes: -1 where unknown
  int32_t major, minor;              // compute capability
  char reason[600];                  // why it cannot be used; empty where it can
  int32_t peer[kMaxDevices];         // by device: whether copies to and from it are direct
};

inline constexpr int kMaxLibraries = 4;

struct PluginReport {
  char driver[64];    // e.g. "580.65.06 (CUDA 13.0)"
  char reason[1000];  // why no device can be asked for at all; empty where they are listed
  int32_t device_count;
  PluginDevice devices[kMaxDevices];
  int32_t library_count;
  PluginLibrary libraries[kMaxLibraries];
};

/// How busy a device is; -1 where nothing tells.
struct PluginGpuLoad {
  int32_t utilisation_percent;  // of its time, what it computes
  int64_t memory_used_bytes, memory_bytes;
  char reason[600];  // why a figure is -1; empty where none is
};

/// In CUDA's order, as many as a report counts.
struct PluginLoads {
  int32_t device_count;
  PluginGpuLoad devices[kMaxDevices];
};

/// A column's functions mean what those of columns::Column mean, and are called from the thread that created
/// it. All return 0, or 1 with `error` filled.
struct PluginApi {
  uint32_t version;  // kInterfaceVersion
  uint32_t size;     // sizeof(PluginApi)

  int32_t (*probe)(PluginReport* report, PluginError* error);
  /// From any thread, as often as one likes: a device that computes is not disturbed.
  int32_t (*loads)(PluginLoads* loads, PluginError* error);

  /// Page-locked memory that a device reads at full speed. From any thread; no other device is touched.
  int32_t (*allocate_host)(int32_t device, int64_t bytes, void** memory, PluginError* error);
  void (*free_host)(int32_t device, void* memory);

  int32_t (*create_column)(const PluginNet* net, const PluginColumnOptions* options, PluginColumn* column,
                           PluginError* error);
  void (*destroy_column)(PluginColumn column);

  void (*input_format)(PluginColumn column, int32_t* layout, int32_t* type);
  int32_t (*accept_records)(PluginColumn column, const PluginPreprocessing* preprocessing, int32_t* accepted,
                            PluginError* error);
  int32_t (*set_batch)(PluginColumn column, const PluginBatch* batch, PluginError* error);
  int32_t (*prefetch)(PluginColumn column, const PluginBatch* next, PluginError* error);
  // `all`: so many columns as `count` says.
  int32_t (*gather)(PluginColumn column, int64_t layer, const PluginColumn* all, int64_t count,
                    PluginError* error);
  int32_t (*forward)(PluginColumn column, int64_t layer, const PluginPass* pass, PluginError* error);
  int32_t (*loss)(PluginColumn column, const PluginColumn* all, int64_t count, int32_t gradient,
                  PluginError* error);
  int32_t (*backward)(PluginColumn column, int64_t layer, const PluginUpdate* update, int32_t input_gradient,
                      PluginError* error);
  int32_t (*reduce)(PluginColumn column, int64_t layer, const PluginColumn* all, int64_t count,
                    PluginError* error);
  int32_t (*connect)(PluginColumn column, const PluginColumn* replicas, int64_t count, PluginError* error);
  int32_t (*sums_meet)(PluginColumn column);
  int32_t (*sum_gradients)(PluginColumn column, int64_t layer, PluginError* error);
  int32_t (*update)(PluginColumn column, int64_t layer, const PluginUpdate* update, PluginError* error);
  void (*abandon)(PluginColumn column);
  int32_t (*end_pass)(PluginColumn column, PluginError* error);
  int32_t (*finish)(PluginColumn column, PluginTotals* totals, PluginError* error);
  int32_t (*rest)(PluginColumn column, PluginError* error);
  int32_t (*logits)(PluginColumn column, const float** values, PluginError* error);

  int32_t (*write)(PluginColumn column, int64_t layer, int32_t parameter, const float* values, int64_t count,
                   PluginError* error);
  int32_t (*read)(PluginColumn column, int64_t layer, int32_t parameter, float* values, int64_t count,
                  PluginError* error);
  int32_t (*all_finite)(PluginColumn column, int32_t* finite, PluginError* error);

  /// Milliseconds that the last pass spent in each layer, forward and backward: [2, layers]. Only where the
  /// environment's ALEXNET_CUDA_PROFILE is set when the column is made; otherwise zeros.
  void (*layer_times)(PluginColumn column, float* milliseconds);
  void (*graphs)(PluginColumn column, PluginGraphs* report);
  /// Of each layer's forward pass, gradient of what it reads, and gradient of its weights: [layers, 3].
  void (*engines)(PluginColumn column, PluginEngine* report);
};

using PluginEntry = const PluginApi* (*)();

}  // extern "C"

}  // namespace alexnet::cuda
