// describe_net: a plan as JSON, for everything above the engine.
#include "alexnet/net_spec.h"
#include "spec/json_fields.h"
#include "spec/net_check.h"

namespace alexnet {

namespace {

using spec::Json;

constexpr int64_t kBytes = sizeof(float);

Json shape_json(const Shape& shape) { return Json{shape.channels, shape.height, shape.width}; }

Json layer_json(const NetPlan& plan, const LayerPlan& layer, int64_t batch) {
  Json ops = Json::array();
  for (const OpPlan& op : layer.ops) ops.push_back(spec::op_name(op.spec.kind));
  const int64_t exchanged = layer.gathers ? layer.in.count() / plan.spec.columns : 0;
  return {{"name", layer.spec.name},
          {"kind", layer.spec.kind == LayerKind::kConv ? "conv" : "fc"},
          {"input", shape_json(layer.in)},
          {"linear", shape_json(layer.linear)},
          {"output", shape_json(layer.out)},
          {"groups", layer.groups},
          {"gathers", layer.gathers},
          {"parameters", layer.weight_count() + layer.spec.width},
          {"multiplyAdds", layer.multiply_adds()},
          {"exchangeBytes", exchanged * batch * kBytes},
          {"weightShape", layer.weight_shape()},
          {"ops", ops}};
}

}  // namespace

std::string describe_net(const NetPlan& plan, int64_t batch) {
  Json layers = Json::array();
  for (const LayerPlan& layer : plan.layers) layers.push_back(layer_json(plan, layer, batch));
  const Json description{{"columns", plan.spec.columns},
                         {"inputSize", plan.spec.input_size},
                         {"classes", plan.spec.classes},
                         {"parameters", plan.parameters()},
                         {"units", plan.units()},
                         {"multiplyAdds", plan.multiply_adds()},
                         {"trainingFlops", plan.training_flops()},
                         {"parameterBytes", plan.parameter_bytes()},
                         {"activationBytes", plan.activation_bytes(batch, kBytes)},
                         {"exchangeBytes", plan.exchange_bytes(batch, kBytes)},
                         {"layers", std::move(layers)}};
  return description.dump();
}

}  // namespace alexnet
