#include "cuda/flat_net.h"

namespace alexnet::cuda {

namespace {

PluginOp flatten(const OpSpec& op) {
  PluginOp flat{};
  flat.kind = static_cast<int32_t>(op.kind);
  switch (op.kind) {
    case OpKind::kLrn:
      flat.size = op.lrn.size;
      flat.k = op.lrn.k;
      flat.alpha = op.lrn.alpha;
      flat.beta = op.lrn.beta;
      flat.alpha_over_n = op.lrn.alpha_over_n;
      break;
    case OpKind::kSpatialNorm:
      flat.size = op.spatial_norm.size;
      flat.k = op.spatial_norm.k;
      flat.alpha = op.spatial_norm.alpha;
      flat.beta = op.spatial_norm.beta;
      break;
    case OpKind::kPool:
      flat.size = op.pool.size;
      flat.stride = op.pool.stride;
      flat.rounding = static_cast<int32_t>(op.pool.rounding);
      break;
    case OpKind::kDropout:
      flat.dropout = op.dropout;
      break;
    case OpKind::kActivation:
      break;
  }
  return flat;
}

OpSpec unflatten(const PluginOp& flat) {
  OpSpec op{};
  op.kind = static_cast<OpKind>(flat.kind);
  op.lrn = {flat.size, flat.k, flat.alpha, flat.beta, flat.alpha_over_n != 0};
  op.spatial_norm = {flat.size, flat.k, flat.alpha, flat.beta};
  op.pool = {flat.size, flat.stride, static_cast<Rounding>(flat.rounding)};
  op.dropout = flat.dropout;
  return op;
}

}  // namespace

FlatNet::FlatNet(const NetSpec& spec) {
  ops_.resize(spec.layers.size());
  for (size_t l = 0; l < spec.layers.size(); ++l) {
    const LayerSpec& layer = spec.layers[l];
    for (const OpSpec& op : layer.then) ops_[l].push_back(flatten(op));
    PluginLayer flat{};
    flat.name = layer.name.c_str();
    flat.kind = static_cast<int32_t>(layer.kind);
    flat.width = layer.width;
    flat.kernel = layer.kernel;
    flat.stride = layer.stride;
    flat.padding = layer.padding.size;
    flat.padding_rounding = static_cast<int32_t>(layer.padding.rounding);
    flat.reads_both = layer.reads_both;
    flat.ops = ops_[l].data();
    flat.op_count = static_cast<int64_t>(ops_[l].size());
    layers_.push_back(flat);
  }
  net_.columns = spec.columns;
  net_.activation = static_cast<int32_t>(spec.activation);
  net_.dropout_scale = static_cast<int32_t>(spec.dropout_scale);
  net_.input_size = spec.input_size;
  net_.input_channels = spec.input_channels;
  net_.classes = spec.classes;
  net_.layers = layers_.data();
  net_.layer_count = static_cast<int64_t>(layers_.size());
}

PluginPreprocessing flatten(const Preprocessing& pre) {
  PluginPreprocessing flat{};
  flat.crop_size = pre.crop_size;
  flat.mean = static_cast<int32_t>(pre.mean);
  flat.mean_follows_crop = pre.mean_follows_crop;
  flat.mean_image = pre.mean_image.empty() ? nullptr : pre.mean_image.data();
  for (size_t c = 0; c < 3; ++c) {
    flat.mean_rgb[c] = pre.mean_rgb[c];
    flat.gain[c] = pre.gain[c];
  }
  return flat;
}

Preprocessing unflatten(const PluginPreprocessing& flat) {
  Preprocessing pre;
  pre.crop_size = flat.crop_size;
  pre.mean = static_cast<MeanMode>(flat.mean);
  pre.mean_follows_crop = flat.mean_follows_crop != 0;
  if (flat.mean_image) pre.mean_image.assign(flat.mean_image, flat.mean_image + kRecordBytes);
  for (size_t c = 0; c < 3; ++c) {
    pre.mean_rgb[c] = flat.mean_rgb[c];
    pre.gain[c] = flat.gain[c];
  }
  return pre;
}

NetSpec unflatten(const PluginNet& net) {
  NetSpec spec;
  spec.columns = net.columns;
  spec.activation = static_cast<Activation>(net.activation);
  spec.dropout_scale = static_cast<DropoutScale>(net.dropout_scale);
  spec.input_size = net.input_size;
  spec.input_channels = net.input_channels;
  spec.classes = net.classes;
  for (int64_t l = 0; l < net.layer_count; ++l) {
    const PluginLayer& flat = net.layers[l];
    LayerSpec layer{};
    layer.name = flat.name;
    layer.kind = static_cast<LayerKind>(flat.kind);
    layer.width = flat.width;
    layer.kernel = flat.kernel;
    layer.stride = flat.stride;
    layer.padding = {flat.padding, static_cast<Rounding>(flat.padding_rounding)};
    layer.reads_both = flat.reads_both != 0;
    for (int64_t o = 0; o < flat.op_count; ++o) layer.then.push_back(unflatten(flat.ops[o]));
    spec.layers.push_back(layer);
  }
  return spec;
}

}  // namespace alexnet::cuda
