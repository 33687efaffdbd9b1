// The rules a net description must keep whatever its shapes are; see net_check.h.
#include "spec/net_check.h"

#include <algorithm>
#include <set>

#include "spec/json_fields.h"

namespace alexnet::spec {

namespace {

constexpr int64_t kMaxLayers = 64;
constexpr int64_t kMaxWidth = 65536;
constexpr int64_t kMaxClasses = 100000;
constexpr int64_t kMaxInput = 256;  // a packed record is 256 x 256
constexpr int64_t kMaxWindow = 256;
constexpr int64_t kMaxPool = 16;  // the backends keep a winner's place in its window in a byte
constexpr size_t kMaxName = 32;

Scope scope_of(const std::string& layer, const std::string& path = {}) {
  return {ErrorCode::kInvalidSpec, layer, path};
}

void check_odd_window(const Scope& scope, int64_t size) {
  check_integer(scope, "size", size, 1, kMaxWindow);
  if (size % 2 == 0) {
    refuse(scope, "size", "must be odd, so that a window has a middle, but is " + std::to_string(size));
  }
}

void check_name(const std::string& name, size_t index) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (name.empty() || name.size() > kMaxName || !std::all_of(name.begin(), name.end(), good)) {
    refuse(scope_of(std::string("#") + std::to_string(index + 1)), "name",
           "must be 1 to " + std::to_string(kMaxName) + " letters, digits, '_' or '-', but is " +
               Fields::shown(Json(name)));
  }
}

void check_width(const NetSpec& net, const LayerSpec& layer, bool last) {
  const Scope scope = scope_of(layer.name);
  if (last) {
    if (layer.kind != LayerKind::kFc) {
      refuse(scope, "kind", "must be \"fc\": the last layer is the classifier");
    }
    if (layer.width != net.classes) {
      refuse(scope, "width",
             "must be the number of classes, " + std::to_string(net.classes) +
                 ", in the last layer, but is " + std::to_string(layer.width));
    }
    if (!layer.then.empty()) refuse(scope, "then", "must be empty in the last layer: the softmax follows it");
    if (net.columns > 1 && !layer.reads_both && layer.width % net.columns != 0) {
      refuse(scope, "reads",
             "must be \"both\": " + std::to_string(layer.width) + " classes cannot be shared evenly by " +
                 std::to_string(net.columns) + " columns that read their own input");
    }
    return;
  }
  check_integer(scope, "width", layer.width, 1, kMaxWidth);
  if (layer.width % net.columns != 0) {
    refuse(scope, "width",
           "must be a multiple of " + std::to_string(net.columns) + ", the number of columns, but is " +
               std::to_string(layer.width));
  }
}

void check_window(const LayerSpec& layer) {
  const Scope scope = scope_of(layer.name);
  if (layer.kind == LayerKind::kFc) return;
  check_integer(scope, "kernel", layer.kernel, 1, kMaxWindow);
  check_integer(scope, "stride", layer.stride, 1, kMaxWindow);
  check_integer(scope, "padding", layer.padding.size, 0, kMaxWindow);
  if (layer.padding.size >= layer.kernel) {
    refuse(scope, "padding",
           "is " + std::to_string(layer.padding.size) + " and must be less than the kernel, " +
               std::to_string(layer.kernel) + ", or whole windows see only zeros");
  }
  if (layer.padding.rounding == Rounding::kCeil && layer.stride > layer.kernel) {
    refuse(scope, "stride",
           "is " + std::to_string(layer.stride) + " and must not be more than the kernel, " +
               std::to_string(layer.kernel) + ", where padding is rounded up");
  }
}

void check_ops(const LayerSpec& layer) {
  const Scope scope = scope_of(layer.name);
  std::set<OpKind> seen;
  for (const OpSpec& op : layer.then) {
    if (!seen.insert(op.kind).second) {
      refuse(scope, "then", "has \"" + std::string(op_name(op.kind)) + "\" twice");
    }
    const bool spatial =
        op.kind == OpKind::kLrn || op.kind == OpKind::kSpatialNorm || op.kind == OpKind::kPool;
    if (spatial && layer.kind == LayerKind::kFc) {
      refuse(scope, "then",
             "has \"" + std::string(op_name(op.kind)) +
                 "\", which needs feature maps, but an fc layer has none");
    }
    switch (op.kind) {
      case OpKind::kActivation:
        break;
      case OpKind::kLrn:
        check_lrn(op.lrn, layer.name);
        break;
      case OpKind::kSpatialNorm:
        check_spatial_norm(op.spatial_norm, layer.name);
        break;
      case OpKind::kPool:
        check_pool(op.pool, layer.name);
        break;
      case OpKind::kDropout:
        check_dropout(op.dropout, layer.name);
        break;
    }
  }
}

void check_layer(const NetSpec& net, size_t index, std::set<std::string>& names) {
  const LayerSpec& layer = net.layers[index];
  check_name(layer.name, index);
  const Scope scope = scope_of(layer.name);
  if (!names.insert(layer.name).second) refuse(scope, "name", "is used by two layers");
  if (index == 0 && layer.kind != LayerKind::kConv) {
    refuse(scope, "kind",
           "must be \"conv\" in the first layer, which reads the image; a conv whose kernel is as large as "
           "the image is a fully connected layer");
  }
  if (index > 0 && layer.kind == LayerKind::kConv && net.layers[index - 1].kind == LayerKind::kFc) {
    refuse(scope, "kind",
           "must not be \"conv\" after the fc layer " + net.layers[index - 1].name +
               ", which leaves no feature maps");
  }
  check_width(net, layer, index + 1 == net.layers.size());
  check_window(layer);
  check_init(layer.init, layer.name);
  const Limits factor{0, 1e6};
  check_number(scope, "learningRateFactor", layer.learning_rate_factor, factor);
  check_number(scope, "biasLearningRateFactor", layer.bias_learning_rate_factor, factor);
  check_number(scope, "weightDecayFactor", layer.weight_decay_factor, factor);
  check_number(scope, "biasWeightDecayFactor", layer.bias_weight_decay_factor, factor);
  check_ops(layer);
}

}  // namespace

const char* op_name(OpKind kind) {
  switch (kind) {
    case OpKind::kActivation:
      return "activation";
    case OpKind::kLrn:
      return "lrn";
    case OpKind::kSpatialNorm:
      return "spatialNorm";
    case OpKind::kPool:
      return "pool";
    case OpKind::kDropout:
      return "dropout";
  }
  return "";
}

void check_lrn(const LrnSpec& lrn, const std::string& layer) {
  const Scope scope = scope_of(layer, "lrn.");
  check_odd_window(scope, lrn.size);
  check_number(scope, "k", lrn.k, {0, 1e6, /*open_min=*/true});  // 0 would divide by zero at zero input
  check_number(scope, "alpha", lrn.alpha, {0, 1e6});
  check_number(scope, "beta", lrn.beta, {0, 100});
}

void check_spatial_norm(const SpatialNormSpec& norm, const std::string& layer) {
  const Scope scope = scope_of(layer, "spatialNorm.");
  check_odd_window(scope, norm.size);
  check_number(scope, "k", norm.k, {0, 1e6, /*open_min=*/true});
  check_number(scope, "alpha", norm.alpha, {0, 1e6});
  check_number(scope, "beta", norm.beta, {0, 100});
}

void check_pool(const PoolSpec& pool, const std::string& layer) {
  const Scope scope = scope_of(layer, "pooling.");
  check_integer(scope, "size", pool.size, 1, kMaxPool);
  check_integer(scope, "stride", pool.stride, 1, kMaxWindow);
  if (pool.stride > pool.size) {
    refuse(scope, "stride",
           "is " + std::to_string(pool.stride) + " and must not be more than the size, " +
               std::to_string(pool.size) + ", or values between the windows are lost");
  }
}

void check_dropout(double dropout, const std::string& layer) {
  check_number(scope_of(layer), "dropout", dropout, {0, 1, /*open_min=*/false, /*open_max=*/true});
}

void check_init(const InitSpec& init, const std::string& layer) {
  check_number(scope_of(layer), "sigma", init.sigma, {0, 100});
  check_number(scope_of(layer), "bias", init.bias, {-1000, 1000});
}

void check_net_spec(const NetSpec& net) {
  const Scope scope = scope_of({});
  check_integer(scope, "columns", net.columns, 1, 2);
  check_integer(scope, "inputSize", net.input_size, 1, kMaxInput);
  if (net.input_channels != 3) refuse(scope, "inputChannels", "must be 3: pictures are red, green and blue");
  check_integer(scope, "classes", net.classes, 2, kMaxClasses);
  if (net.layers.size() < 2) {
    refuse(scope, "layers", "must have at least two layers, a conv that reads the image and the classifier");
  }
  if (net.layers.size() > kMaxLayers) {
    refuse(scope, "layers",
           "must have at most " + std::to_string(kMaxLayers) + " entries, but has " +
               std::to_string(net.layers.size()));
  }
  std::set<std::string> names;
  for (size_t i = 0; i < net.layers.size(); ++i) check_layer(net, i, names);
}

}  // namespace alexnet::spec
