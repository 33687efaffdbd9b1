// Wrong nets and configurations are refused with the layer, the field and the reason.
#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include <doctest/doctest.h>

#include "spec/presets.h"

using namespace alexnet;
using test::Json;
using test::layer_json;

namespace {

struct Wrong {
  std::string what;
  std::function<void(Json&)> change;  // of the paper's configuration
  std::string layer;
  std::string field;
  std::string reason;  // a part of the message
};

Error refusal(const std::string& text) {
  try {
    parse_run_config(text);
  } catch (const Error& error) {
    return error;
  }
  FAIL("nothing was refused");
  return Error(ErrorCode::kInternal, "");
}

auto in_net(const char* field, Json value) {
  return [=](Json& c) { c["net"][field] = value; };
}
auto in_layer(const char* layer, const char* field, Json value) {
  return [=](Json& c) { layer_json(c, layer)[field] = value; };
}
auto without(const char* layer, const char* field) {
  return [=](Json& c) { layer_json(c, layer).erase(field); };
}

const std::vector<Wrong> kWrongNets{
    {"unknown field", in_net("colums", 2), "", "colums", "not a known field"},
    {"unknown field of a layer", in_layer("conv2", "kernal", 3), "conv2", "kernal", "not a known field"},
    {"unknown nested field", in_net("pooling", {{"window", 3}}), "", "pooling.window", "not a known field"},
    {"a kernel on an fc layer", in_layer("fc6", "kernel", 3), "fc6", "kernel", "not a known field"},
    {"three columns", in_net("columns", 3), "", "columns", "from 1 to 2"},
    {"columns as text", in_net("columns", "2"), "", "columns", "whole number"},
    {"half an input", in_net("inputSize", 223.5), "", "inputSize", "whole number"},
    {"an input beyond the records", in_net("inputSize", 257), "", "inputSize", "from 1 to 256"},
    {"one class", in_net("classes", 1), "", "classes", "from 2 to 100000"},
    {"classes beyond 64 bits", in_net("classes", 18446744073709551615u), "", "classes", "whole number"},
    {"an unknown activation", in_net("activation", "swish"), "", "activation",
     "\"relu\", \"tanh\", \"sigmoid\""},
    {"even LRN window", in_net("lrn", {{"size", 4}}), "", "lrn.size", "odd"},
    {"LRN that divides by zero", in_net("lrn", {{"k", 0}}), "", "lrn.k", "more than 0"},
    {"LRN as true", in_net("lrn", true), "", "lrn", "must be an object"},
    {"even spatial window", in_net("spatialNorm", {{"size", 2}}), "", "spatialNorm.size", "odd"},
    {"negative alpha in a layer", in_layer("conv1", "lrn", {{"alpha", -1}}), "conv1", "lrn.alpha",
     "at least 0"},
    {"pool that skips values", in_net("pooling", {{"size", 2}, {"stride", 3}}), "", "pooling.stride", "lost"},
    {"pool too large", in_net("pooling", {{"size", 17}}), "", "pooling.size", "from 1 to 16"},
    {"pool of nothing", in_net("pooling", {{"size", 0}}), "", "pooling.size", "from 1"},
    {"all dropped", in_net("dropout", 1), "", "dropout", "less than 1"},
    {"dropout below zero", in_layer("fc6", "dropout", -0.1), "fc6", "dropout", "at least 0"},
    {"dropout where none is", in_layer("conv1", "dropout", 0.5), "conv1", "dropout",
     "not in the layer's then"},
    {"pooling where none is", in_layer("conv3", "pooling", {{"size", 3}}), "conv3", "pooling", "then"},
    {"unknown init", in_net("init", {{"kind", "xavier"}}), "", "init.kind", "\"gaussian\", \"he\""},
    {"negative sigma", in_layer("conv3", "sigma", -0.01), "conv3", "sigma", "at least 0"},
    {"sigma given twice",
     [](Json& c) {
       layer_json(c, "conv3")["sigma"] = 0.01;
       layer_json(c, "conv3")["init"] = {{"kind", "he"}};
     },
     "conv3", "sigma", "beside init"},
    {"widths by nothing", in_net("widthFactor", 0), "", "widthFactor", "more than 0"},
    {"layers as an object", in_net("layers", Json::object()), "", "layers", "list"},
    {"no layers", in_net("layers", Json::array()), "", "layers", "at least two"},
    {"a classifier alone", [](Json& c) { c["net"]["layers"] = Json::array({layer_json(c, "fc8")}); }, "",
     "layers", "at least two"},
    {"an fc layer that reads the image",
     [](Json& c) {
       Json layers = c["net"]["layers"];
       layers.erase(layers.begin(), layers.begin() + 5);
       layers[0].erase("reads");
       c["net"]["layers"] = layers;
     },
     "fc6", "kind", "reads the image"},
    {"a layer that is text", [](Json& c) { c["net"]["layers"][2] = "conv3"; }, "#3", "layer", "object"},
    {"a layer without a name", without("conv3", "name"), "#3", "name", "missing"},
    {"a name with a dot", in_layer("conv3", "name", "conv.3"), "#3", "name", "letters, digits"},
    {"a name twice", in_layer("conv3", "name", "conv2"), "conv2", "name", "two layers"},
    {"no kind", without("conv3", "kind"), "conv3", "kind", "missing"},
    {"no width", without("conv3", "width"), "conv3", "width", "missing"},
    {"no kernel", without("conv3", "kernel"), "conv3", "kernel", "missing"},
    {"no choice of columns", without("conv3", "reads"), "conv3", "reads", "missing"},
    {"unknown choice of columns", in_layer("conv3", "reads", "all"), "conv3", "reads", "\"both\", \"own\""},
    {"half the image", in_layer("conv1", "reads", "own"), "conv1", "reads", "whole image"},
    {"odd width for two columns", in_layer("conv3", "width", 383), "conv3", "width", "multiple of 2"},
    {"width of nothing", in_layer("conv3", "width", 0), "conv3", "width", "from 1 to 65536"},
    {"width too large", in_layer("fc6", "width", 65538), "fc6", "width", "from 1 to 65536"},
    {"classes in the middle", in_layer("conv3", "width", "many"), "conv3", "width", "\"classes\""},
    {"a last layer of another width", in_layer("fc8", "width", 999), "fc8", "width",
     "number of classes, 1000"},
    {"a last layer that convolves",
     [](Json& c) {
       Json layers = c["net"]["layers"];
       layers.erase(layers.begin() + 5, layers.end());
       c["net"]["layers"] = layers;
     },
     "conv5", "kind", "classifier"},
    {"something after the classifier", in_layer("fc8", "then", {"activation"}), "fc8", "then", "softmax"},
    {"a conv after an fc",
     [](Json& c) {
       Json& layer = layer_json(c, "fc7");
       layer = layer_json(c, "conv4");
       layer["name"] = "late";
     },
     "late", "kind", "after the fc layer fc6"},
    {"LRN after an fc", in_layer("fc6", "then", {"lrn"}), "fc6", "then", "feature maps"},
    {"pool after an fc", in_layer("fc6", "then", {"pool"}), "fc6", "then", "feature maps"},
    {"an op twice", in_layer("conv1", "then", {"pool", "lrn", "pool"}), "conv1", "then", "\"pool\" twice"},
    {"an unknown op", in_layer("conv1", "then", {"relu"}), "conv1", "then", "\"relu\""},
    {"ops as text", in_layer("conv1", "then", "activation"), "conv1", "then", "list of ops"},
    {"a kernel beyond its input", in_layer("conv3", "kernel", 16), "conv3", "kernel",
     "padded input of 15x15"},
    {"no stride", in_layer("conv3", "stride", 0), "conv3", "stride", "from 1"},
    {"padding below zero", in_layer("conv3", "padding", -1), "conv3", "padding", "from 0"},
    {"padding as wide as the kernel", in_layer("conv3", "padding", 3), "conv3", "padding", "only zeros"},
    {"padding without a size", in_layer("conv3", "padding", {{"rounding", "ceil"}}), "conv3", "padding.size",
     "missing"},
    {"unknown rounding", in_net("pooling", {{"rounding", "up"}}), "", "pooling.rounding",
     "\"floor\", \"ceil\""},
    {"strides that leave no maps", in_layer("conv1", "stride", 100), "conv2", "pooling.size", "maps of 1x1"},
    {"a negative factor", in_layer("conv3", "learningRateFactor", -1), "conv3", "learningRateFactor",
     "at least 0"},
    {"a bias beyond reason", in_layer("conv3", "bias", 1e9), "conv3", "bias", "at most 1000"},
    {"more weights than can be held",
     [](Json& c) {
       layer_json(c, "fc6")["width"] = 65536;
       layer_json(c, "fc7")["width"] = 65536;
     },
     "fc7", "width", "weights"},
};

const std::vector<Wrong> kWrongConfigs{
    {"unknown field", [](Json& c) { c["epoch"] = 1; }, "", "epoch", "not a known field"},
    {"no net", [](Json& c) { c.erase("net"); }, "", "net", "missing"},
    {"no length", [](Json& c) { c.erase("epochs"); }, "", "epochs", "give epochs or steps"},
    {"two lengths", [](Json& c) { c["steps"] = 10; }, "", "steps", "one of the two"},
    {"no epochs", [](Json& c) { c["epochs"] = 0; }, "", "epochs", "from 1"},
    {"no batch", [](Json& c) { c["optimiser"]["batchSize"] = 0; }, "", "optimiser.batchSize", "from 1"},
    {"batch as text", [](Json& c) { c["optimiser"]["batchSize"] = "128"; }, "", "optimiser.batchSize",
     "whole number"},
    {"no rate", [](Json& c) { c["optimiser"]["learningRate"] = 0; }, "", "optimiser.learningRate",
     "more than 0"},
    {"momentum of one", [](Json& c) { c["optimiser"]["momentum"] = 1; }, "", "optimiser.momentum",
     "less than 1"},
    {"negative decay", [](Json& c) { c["optimiser"]["weightDecay"] = -1; }, "", "optimiser.weightDecay",
     "at least 0"},
    {"a schedule without a kind", [](Json& c) { c["optimiser"]["schedule"] = Json::object(); }, "",
     "optimiser.schedule.kind", "missing"},
    {"another schedule's field",
     [](Json& c) {
       c["optimiser"]["schedule"] = {{"kind", "constant"}, {"factor", 0.1}};
     },
     "", "optimiser.schedule.factor", "not a known field"},
    {"a factor that raises", [](Json& c) { c["optimiser"]["schedule"]["factor"] = 1.5; }, "",
     "optimiser.schedule.factor", "less than 1"},
    {"steps that do not rise",
     [](Json& c) {
       c["optimiser"]["schedule"] = {{"kind", "steps"}, {"epochs", {25, 25}}};
     },
     "", "optimiser.schedule.epochs", "must rise"},
    {"an action on no layer",
     [](Json& c) {
       c["optimiser"]["actions"] = {{{"epoch", 1}, {"kind", "freeze"}, {"layer", "conv9"}}};
     },
     "", "optimiser.actions[0].layer", "no such layer"},
    {"an action without an epoch",
     [](Json& c) {
       c["optimiser"]["actions"] = {{{"kind", "colourNoise"}, {"sigma", 0}}};
     },
     "", "optimiser.actions[0].epoch", "missing"},
    {"actions out of order",
     [](Json& c) {
       c["optimiser"]["actions"] = {{{"epoch", 5}, {"kind", "rate"}, {"rate", 1}},
                                    {{"epoch", 4}, {"kind", "rate"}, {"rate", 1}}};
     },
     "", "optimiser.actions[1].epoch", "above it"},
    {"an unknown crop", [](Json& c) { c["augmentation"]["crop"] = "all"; }, "", "augmentation.crop",
     "\"random\""},
    {"mirror as a number", [](Json& c) { c["augmentation"]["mirror"] = 1; }, "", "augmentation.mirror",
     "true or false"},
    {"no gain", [](Json& c) { c["augmentation"]["gain"] = 0; }, "", "augmentation.gain", "more than 0"},
    {"negative noise", [](Json& c) { c["augmentation"]["colourNoise"] = -1; }, "", "augmentation.colourNoise",
     "at least 0"},
    {"no devices", [](Json& c) { c["devices"] = Json::array(); }, "", "devices", "1 to 16"},
    {"three devices",
     [](Json& c) {
       c["devices"] = {"cpu", "cpu", "cpu"};
     },
     "", "devices", "\"data\" makes 3 replicas"},
    {"two devices for one column",
     [](Json& c) {
       c["net"]["columns"] = 1;
       c["devices"] = {"cpu", "cpu"};
     },
     "", "devices", "one column"},
    {"a pair for one column",
     [](Json& c) {
       c["net"]["columns"] = 1;
       c["parallelism"] = "pairs";
     },
     "", "parallelism", "one column"},
    {"fewer images than replicas",
     [](Json& c) {
       c["parallelism"] = "data";
       c["devices"] = {"cpu", "cpu"};
       c["optimiser"]["batchSize"] = 1;
     },
     "", "optimiser.batchSize", "larger batch"},
    {"an unknown precision", [](Json& c) { c["precision"] = "fp64"; }, "", "precision", "\"fp32\""},
    {"a negative seed", [](Json& c) { c["seed"] = -1; }, "", "seed", "from 0"},
    {"too many threads", [](Json& c) { c["threads"] = 100000; }, "", "threads", "from 0 to 1024"},
    {"nothing kept", [](Json& c) { c["checkpoints"]["keepLast"] = 0; }, "", "checkpoints.keepLast", "from 1"},
    {"validation before an epoch", [](Json& c) { c["validateEveryEpochs"] = -1; }, "", "validateEveryEpochs",
     "from 0"},
};

}  // namespace

TEST_CASE("wrong nets are refused with layer, field and reason") {
  for (const Wrong& wrong : kWrongNets) {
    CAPTURE(wrong.what);
    Json config = test::preset_json("paper-2012");
    wrong.change(config);
    const Error error = refusal(config.dump());
    CAPTURE(std::string(error.what()));
    CHECK(error.code() == ErrorCode::kInvalidSpec);
    const Json details = Json::parse(error.details());
    CHECK(details["layer"] == wrong.layer);
    CHECK(details["field"] == wrong.field);
    const std::string message = error.what();
    CHECK(message.find(wrong.reason) != std::string::npos);
    CHECK(message.find(wrong.field) != std::string::npos);
    CHECK(message.find(wrong.layer) != std::string::npos);
  }
}

TEST_CASE("wrong configurations are refused with field and reason") {
  for (const Wrong& wrong : kWrongConfigs) {
    CAPTURE(wrong.what);
    Json config = test::preset_json("paper-2012");
    wrong.change(config);
    const Error error = refusal(config.dump());
    CAPTURE(std::string(error.what()));
    CHECK(error.code() == ErrorCode::kInvalidConfig);
    const Json details = Json::parse(error.details());
    CHECK(details["field"] == wrong.field);
    const std::string message = error.what();
    CHECK(message.find(wrong.reason) != std::string::npos);
    CHECK(message.rfind(wrong.field, 0) == 0);
  }
}

TEST_CASE("text that is no JSON object is refused, not crashed on") {
  for (const char* text :
       {"", "{", "[]", "null", "3", "{\"net\":{\"columns\":1e999}}", "\xff\xfe", "{\"a\":\"\xff\"}"}) {
    CAPTURE(text);
    CHECK(refusal(text).code() == ErrorCode::kInvalidConfig);
  }
  CHECK_THROWS_AS(parse_net_spec("[1"), Error);
  CHECK(refusal(R"({"net": 3, "epochs": 1})").code() == ErrorCode::kInvalidSpec);
}

TEST_CASE("a spec made by hand is judged as a parsed one is") {
  const NetSpec good = test::preset_config("paper-2012").net;
  const auto refused = [](const NetSpec& net, const std::string& layer, const std::string& field) {
    try {
      plan_net(net);
    } catch (const Error& error) {
      const Json details = Json::parse(error.details());
      return error.code() == ErrorCode::kInvalidSpec && details["layer"] == layer &&
             details["field"] == field;
    }
    return false;
  };
  NetSpec net = good;
  net.layers[1].init.sigma = std::numeric_limits<double>::quiet_NaN();
  CHECK(refused(net, "conv2", "sigma"));
  net = good;
  net.layers[0].then[1].lrn.beta = std::numeric_limits<double>::infinity();
  CHECK(refused(net, "conv1", "lrn.beta"));
  net = good;
  net.input_channels = 4;
  CHECK(refused(net, "", "inputChannels"));
  net = good;
  net.layers[7].reads_both = false;
  net.layers[7].width = net.classes = 11;
  CHECK(refused(net, "fc8", "reads"));
}

TEST_CASE("a classifier that both columns feed may have any number of classes") {
  Json net = test::preset_json("paper-2012")["net"];
  net["classes"] = 11;
  CHECK(plan_net(parse_net_spec(net.dump())).layers.back().out == Shape{11, 1, 1});
}

TEST_CASE("every error code has a name of its own") {
  CHECK(std::string(error_code_name(ErrorCode::kInvalidSpec)) == "INVALID_SPEC");
  CHECK(std::string(error_code_name(ErrorCode::kDiskFull)) == "DISK_FULL");
  std::set<std::string> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    names.insert(error_code_name(static_cast<ErrorCode>(code)));
  }
  CHECK(names.size() == static_cast<size_t>(ErrorCode::kInternal) + 1);
}
