// parse_net_spec: the "net" object of a run configuration as a NetSpec. Only types, words and field names
// are judged here; ranges and order are check_net_spec's, shapes plan_net's.
#include <algorithm>
#include <cmath>

#include "alexnet/net_spec.h"
#include "spec/json_fields.h"
#include "spec/net_check.h"

namespace alexnet {

namespace {

using spec::Fields;
using spec::Json;
using spec::Scope;

/// What a layer takes where it says nothing itself.
struct Defaults {
  bool lrn_on = true, spatial_norm_on = true;
  LrnSpec lrn;
  SpatialNormSpec spatial_norm;
  PoolSpec pool;
  double dropout = 0.5;
  InitSpec init;
};

/// True where the field is null or false: that op is left out.
bool switched_off(Fields& fields, std::string_view field) {
  const Json* value = fields.find(field);
  return value != nullptr && (value->is_null() || (value->is_boolean() && !value->get<bool>()));
}

Rounding read_rounding(Fields& fields, Rounding fallback) {
  return fields.choice<Rounding>("rounding", fallback,
                                 {{"floor", Rounding::kFloor}, {"ceil", Rounding::kCeil}});
}

LrnSpec read_lrn(Fields fields, LrnSpec lrn) {
  lrn.size = fields.integer("size", lrn.size);
  lrn.k = fields.number("k", lrn.k);
  lrn.alpha = fields.number("alpha", lrn.alpha);
  lrn.beta = fields.number("beta", lrn.beta);
  lrn.alpha_over_n = fields.boolean("alphaOverN", lrn.alpha_over_n);
  fields.finish();
  return lrn;
}

SpatialNormSpec read_spatial_norm(Fields fields, SpatialNormSpec norm) {
  norm.size = fields.integer("size", norm.size);
  norm.k = fields.number("k", norm.k);
  norm.alpha = fields.number("alpha", norm.alpha);
  norm.beta = fields.number("beta", norm.beta);
  fields.finish();
  return norm;
}

PoolSpec read_pool(Fields fields, PoolSpec pool) {
  pool.size = fields.integer("size", pool.size);
  pool.stride = fields.integer("stride", pool.stride);
  pool.rounding = read_rounding(fields, pool.rounding);
  fields.finish();
  return pool;
}

InitSpec read_init(Fields fields, InitSpec init) {
  init.he = fields.choice<bool>("kind", {}, {{"gaussian", false}, {"he", true}});
  if (!init.he) init.sigma = fields.number("sigma", init.sigma);
  fields.finish();
  return init;
}

Padding read_padding(Fields& layer) {
  const Json* value = layer.find("padding");
  Padding padding;
  if (value == nullptr) return padding;
  if (value->is_object()) {
    Fields fields = *layer.object("padding");
    padding.size = fields.integer("size");
    padding.rounding = read_rounding(fields, Rounding::kFloor);
    fields.finish();
    return padding;
  }
  padding.size = spec::as_integer(layer.scope(), "padding", *value);
  return padding;
}

/// A layer's own settings of one op, over the net's; `on` becomes false where the layer switches it off.
template <typename Spec, typename Read>
Spec own_or_default(Fields& layer, std::string_view field, const Spec& fallback, bool& on, Read read) {
  if (switched_off(layer, field)) {
    on = false;
    return fallback;
  }
  auto fields = layer.object(field);
  return fields ? read(std::move(*fields), fallback) : fallback;
}

std::vector<OpKind> read_then(Fields& layer) {
  const Json* list = layer.find("then");
  std::vector<OpKind> kinds;
  if (list == nullptr) return kinds;
  if (!list->is_array()) layer.fail("then", "must be a list of ops, but is " + Fields::shown(*list));
  for (const Json& item : *list) {
    const auto all = {OpKind::kActivation, OpKind::kLrn, OpKind::kSpatialNorm, OpKind::kPool,
                      OpKind::kDropout};
    const auto kind = std::find_if(all.begin(), all.end(), [&](OpKind candidate) {
      return item.is_string() && item.get_ref<const std::string&>() == spec::op_name(candidate);
    });
    if (kind == all.end()) {
      layer.fail("then",
                 "may hold \"activation\", \"lrn\", \"spatialNorm\", \"pool\" and \"dropout\", but holds " +
                     Fields::shown(item));
    }
    kinds.push_back(*kind);
  }
  return kinds;
}

std::vector<OpSpec> read_ops(Fields& layer, const Defaults& defaults) {
  OpSpec all{};
  bool lrn_on = defaults.lrn_on, spatial_norm_on = defaults.spatial_norm_on, pool_on = true;
  all.lrn = own_or_default(layer, "lrn", defaults.lrn, lrn_on, read_lrn);
  all.spatial_norm =
      own_or_default(layer, "spatialNorm", defaults.spatial_norm, spatial_norm_on, read_spatial_norm);
  all.pool = own_or_default(layer, "pooling", defaults.pool, pool_on, read_pool);
  all.dropout = layer.number("dropout", defaults.dropout);
  spec::check_dropout(all.dropout, layer.scope().layer);

  std::vector<OpSpec> ops;
  const std::vector<OpKind> kinds = read_then(layer);
  for (const OpKind kind : kinds) {
    all.kind = kind;
    const bool left_out =
        (kind == OpKind::kLrn && !lrn_on) || (kind == OpKind::kSpatialNorm && !spatial_norm_on) ||
        (kind == OpKind::kPool && !pool_on) || (kind == OpKind::kDropout && all.dropout == 0);
    if (!left_out) ops.push_back(all);
  }
  const auto needs = [&](const char* field, OpKind kind) {
    if (layer.find(field) != nullptr && std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
      layer.fail(field,
                 "is given, but \"" + std::string(spec::op_name(kind)) + "\" is not in the layer's then");
    }
  };
  needs("lrn", OpKind::kLrn);
  needs("spatialNorm", OpKind::kSpatialNorm);
  needs("pooling", OpKind::kPool);
  needs("dropout", OpKind::kDropout);
  return ops;
}

InitSpec read_layer_init(Fields& layer, InitSpec init) {
  auto own = layer.object("init");
  const bool has_sigma = layer.find("sigma") != nullptr;
  if (own && has_sigma) layer.fail("sigma", "must not be given beside init, which holds the sigma itself");
  if (own) init = read_init(std::move(*own), init);
  if (has_sigma) {
    init.he = false;
    init.sigma = layer.number("sigma");
  }
  init.bias = layer.number("bias", 0.0);
  return init;
}

int64_t read_width(Fields& layer, const NetSpec& net) {
  const Json& value = layer.require("width");
  if (value.is_string() && value.get_ref<const std::string&>() == "classes") return net.classes;
  if (!value.is_number()) {
    layer.fail("width", "must be a whole number or \"classes\", but is " + Fields::shown(value));
  }
  return spec::as_integer(layer.scope(), "width", value);
}

/// Which columns a layer reads. The first layer always reads the whole image; with one column there is
/// nothing to choose.
bool read_reads_both(Fields& layer, const NetSpec& net, bool first) {
  const bool free = first || net.columns == 1;
  const bool both = layer.choice<bool>("reads", free ? std::optional<bool>(true) : std::nullopt,
                                       {{"both", true}, {"own", false}});
  if (first && !both && net.columns > 1) {
    layer.fail("reads", "must be \"both\" in the first layer: every column reads the whole image");
  }
  return both || net.columns == 1;
}

LayerSpec read_layer(const Json& json, size_t index, const NetSpec& net, const Defaults& defaults) {
  const std::string place = std::string("#") + std::to_string(index + 1);
  if (!json.is_object()) {
    spec::refuse({ErrorCode::kInvalidSpec, place, {}}, "layer",
                 "must be an object, but is " + Fields::shown(json));
  }
  const auto name = json.find("name");
  const bool named = name != json.end() && name->is_string();
  Fields fields(json, {ErrorCode::kInvalidSpec, named ? name->get<std::string>() : place, {}});

  LayerSpec layer;
  layer.name = fields.text("name");
  layer.kind = fields.choice<LayerKind>("kind", {}, {{"conv", LayerKind::kConv}, {"fc", LayerKind::kFc}});
  layer.width = read_width(fields, net);
  if (layer.kind == LayerKind::kConv) {
    layer.kernel = fields.integer("kernel");
    layer.stride = fields.integer("stride", 1);
    layer.padding = read_padding(fields);
  }
  layer.reads_both = read_reads_both(fields, net, index == 0);
  layer.init = read_layer_init(fields, defaults.init);
  layer.learning_rate_factor = fields.number("learningRateFactor", 1.0);
  layer.bias_learning_rate_factor = fields.number("biasLearningRateFactor", 1.0);
  layer.weight_decay_factor = fields.number("weightDecayFactor", 1.0);
  layer.bias_weight_decay_factor = fields.number("biasWeightDecayFactor", 1.0);
  layer.then = read_ops(fields, defaults);
  fields.finish();
  return layer;
}

/// Multiplies every width but the classifier's, in whole blocks of 16 maps a column, which is what the
/// vectorised layouts work in.
void scale_widths(NetSpec& net, double factor) {
  const double block = 16.0 * net.columns;
  for (size_t i = 0; i + 1 < net.layers.size(); ++i) {
    const double blocks = std::round(static_cast<double>(net.layers[i].width) * factor / block);
    net.layers[i].width = static_cast<int64_t>(block * std::clamp(blocks, 1.0, 1e9));
  }
}

Defaults read_defaults(Fields& fields) {
  Defaults defaults;
  defaults.lrn = own_or_default(fields, "lrn", defaults.lrn, defaults.lrn_on, read_lrn);
  defaults.spatial_norm = own_or_default(fields, "spatialNorm", defaults.spatial_norm,
                                         defaults.spatial_norm_on, read_spatial_norm);
  if (auto pool = fields.object("pooling")) defaults.pool = read_pool(std::move(*pool), defaults.pool);
  defaults.dropout = fields.number("dropout", defaults.dropout);
  if (auto init = fields.object("init")) defaults.init = read_init(std::move(*init), defaults.init);
  spec::check_lrn(defaults.lrn, {});
  spec::check_spatial_norm(defaults.spatial_norm, {});
  spec::check_pool(defaults.pool, {});
  spec::check_dropout(defaults.dropout, {});
  spec::check_init(defaults.init, {});
  return defaults;
}

}  // namespace

NetSpec parse_net_spec(std::string_view json) {
  const Scope scope{ErrorCode::kInvalidSpec, {}, {}};
  const Json root = spec::parse_object(json, scope, "the description");
  Fields fields(root, scope);

  NetSpec net;
  net.columns = static_cast<int>(fields.integer("columns", {}, 1, 2));
  net.input_size = fields.integer("inputSize");
  net.classes = fields.integer("classes");
  net.activation = fields.choice<Activation>(
      "activation", Activation::kRelu,
      {{"relu", Activation::kRelu}, {"tanh", Activation::kTanh}, {"sigmoid", Activation::kSigmoid}});
  net.dropout_scale =
      fields.choice<DropoutScale>("dropoutScale", DropoutScale::kTraining,
                                  {{"training", DropoutScale::kTraining}, {"test", DropoutScale::kTest}});
  const Defaults defaults = read_defaults(fields);
  const double width_factor = fields.number("widthFactor", 1.0, {0, 100, /*open_min=*/true});

  const Json& layers = fields.require("layers");
  if (!layers.is_array()) fields.fail("layers", "must be a list, but is " + Fields::shown(layers));
  for (size_t i = 0; i < layers.size(); ++i) net.layers.push_back(read_layer(layers[i], i, net, defaults));
  fields.finish();
  if (width_factor != 1) scale_widths(net, width_factor);
  spec::check_net_spec(net);
  return net;
}

}  // namespace alexnet
