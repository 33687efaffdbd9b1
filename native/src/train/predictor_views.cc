// What a trained net sees: features, activity of its units, occlusion, maps and their gradients.
#include <cstring>
#include <limits>

#include "alexnet/error.h"
#include "cpu/buffer.h"
#include "train/predictor_impl.h"

namespace alexnet {

namespace {

/// Stops with kCancelled where the receiver of the progress wants no more.
void report(const std::function<bool(int64_t, int64_t)>& progress, int64_t done, int64_t total,
            const char* what) {
  if (progress && !progress(done, total))
    throw Error(ErrorCode::kCancelled, std::string(what) + " was cancelled");
}

/// Where a layer's activation stands in its list, counted from 1; 0 where it has none.
int64_t activation_op(const LayerPlan& layer) {
  for (size_t i = 0; i < layer.ops.size(); ++i)
    if (layer.ops[i].spec.kind == OpKind::kActivation) return static_cast<int64_t>(i) + 1;
  return 0;
}

/// Within 2.5 % of the range of one of its ends, where hardly any gradient passes.
bool is_saturated(float value, Activation activation) {
  constexpr float kPart = 0.025f;
  if (activation == Activation::kTanh) return value < -1 + 2 * kPart || value > 1 - 2 * kPart;
  if (activation == Activation::kSigmoid) return value < kPart || value > 1 - kPart;
  return false;
}

/// Running sums over one layer's units.
struct ActivitySums {
  columns::Place place;
  Shape shape;
  LayerActivity result;
  std::vector<double> sums, squares;
  std::vector<int64_t> zeros, saturated;

  ActivitySums(const LayerPlan& layer, size_t number, int64_t op)
      : place{number, static_cast<size_t>(op)}, shape(layer.ops[static_cast<size_t>(op) - 1].out) {
    const auto units = static_cast<size_t>(shape.channels);
    result.layer = layer.spec.name;
    result.values = shape.height * shape.width;
    result.largest.assign(units, -std::numeric_limits<float>::infinity());
    result.active_images.assign(units, 0);
    sums.assign(units, 0);
    squares.assign(units, 0);
    zeros.assign(units, 0);
    saturated.assign(units, 0);
  }

  /// Adds the values of one unit in one image.
  void add(size_t unit, const float* values, Activation activation) {
    double sum = 0, square = 0;
    int64_t zero = 0, end = 0;
    float largest = result.largest[unit];
    for (int64_t i = 0; i < result.values; ++i) {
      const float value = values[i];
      sum += value;
      square += static_cast<double>(value) * value;
      zero += value == 0;
      end += is_saturated(value, activation);
      largest = std::max(largest, value);
    }
    sums[unit] += sum;
    squares[unit] += square;
    zeros[unit] += zero;
    saturated[unit] += end;
    result.largest[unit] = largest;
    const int64_t idle = activation == Activation::kRelu ? zero : end;
    result.active_images[unit] += idle < result.values;
  }

  LayerActivity finish(int64_t images) {
    result.images = images;
    const double count = static_cast<double>(std::max<int64_t>(1, images * result.values));
    for (size_t u = 0; u < sums.size(); ++u) {
      const double mean = sums[u] / count;
      result.mean.push_back(mean);
      result.deviation.push_back(std::sqrt(std::max(0.0, squares[u] / count - mean * mean)));
      result.zero_share.push_back(static_cast<double>(zeros[u]) / count);
      result.saturated_share.push_back(static_cast<double>(saturated[u]) / count);
    }
    return std::move(result);
  }
};

}  // namespace

int64_t LayerActivity::dead() const { return std::count(active_images.begin(), active_images.end(), 0); }

int64_t Predictor::feature_count() const { return impl_->plan.layers.back().in.count(); }

void Predictor::features(std::span<const uint8_t* const> records, float* out) {
  const NetPlan& plan = impl_->plan;
  if (plan.layers.size() < 2)
    throw Error(ErrorCode::kInvalidArgument, "a net of one layer has no hidden one to take features from");
  const size_t last_hidden = plan.layers.size() - 2;
  const columns::Place place{last_hidden, plan.layers[last_hidden].ops.size()};
  const int64_t features = feature_count();
  impl_->run_records(records, [&](int64_t first, int64_t count) {
    impl_->team->read_place(place, /*gradient=*/false, count,
                            {out + first * features, static_cast<size_t>(count * features)});
  });
}

std::vector<LayerActivity> Predictor::activity(std::span<const uint8_t* const> records,
                                               const std::function<bool(int64_t, int64_t)>& progress) {
  const NetPlan& plan = impl_->plan;
  std::vector<ActivitySums> all;
  for (size_t l = 0; l < plan.layers.size(); ++l)
    if (const int64_t op = activation_op(plan.layers[l]); op > 0) all.emplace_back(plan.layers[l], l, op);
  const int64_t total = static_cast<int64_t>(records.size());
  std::vector<float> values;
  impl_->run_records(records, [&](int64_t first, int64_t count) {
    for (ActivitySums& sums : all) {
      const int64_t each = sums.shape.count();
      values.resize(static_cast<size_t>(count * each));
      impl_->team->read_place(sums.place, /*gradient=*/false, count, values);
      for (int64_t i = 0; i < count; ++i)
        for (int64_t u = 0; u < sums.shape.channels; ++u)
          sums.add(static_cast<size_t>(u), values.data() + i * each + u * sums.result.values,
                   plan.spec.activation);
    }
    report(progress, first + count, total, "measuring activity");
  });
  std::vector<LayerActivity> result;
  for (ActivitySums& sums : all) result.push_back(sums.finish(total));
  return result;
}

void Predictor::occlude(const uint8_t* record, std::span<const Corner> corners, int64_t side, float* out,
                        const std::function<bool(int64_t, int64_t)>& progress) {
  if (side < 1) throw Error(ErrorCode::kInvalidArgument, "a square has at least one pixel");
  Impl& impl = *impl_;
  impl.commit();
  impl.looked = false;
  const columns::InputFormat format = impl.team->input_format();
  const int64_t size = impl.options.preprocessing.crop_size, classes = impl.classes();
  const int64_t total = static_cast<int64_t>(corners.size()), batch = impl.options.batch;
  const bool channels_last = format.layout == InputLayout::kNhwc;
  const int64_t values = channels_last ? 3 : 1;  // side by side, of one pixel
  const int64_t value_bytes = format.type == InputType::kBfloat16 ? 2 : 4;
  const int64_t input_bytes = format.image_bytes(size);
  std::vector<std::byte> whole(static_cast<size_t>(input_bytes));
  write_input(record, centre_sample(impl.options.preprocessing), impl.options.preprocessing, format.layout,
              format.type, whole.data());
  const auto write = [&](const Corner& corner, std::byte* to) {
    std::memcpy(to, whole.data(), whole.size());
    const int64_t top = std::clamp<int64_t>(corner.top, 0, size);
    const int64_t bottom = std::clamp<int64_t>(corner.top + side, top, size);
    const int64_t left = std::clamp<int64_t>(corner.left, 0, size);
    const int64_t right = std::clamp<int64_t>(corner.left + side, left, size);
    for (int64_t plane = 0; plane < (channels_last ? 1 : 3); ++plane)
      for (int64_t y = top; y < bottom; ++y)
        std::memset(to + ((plane * size + y) * size + left) * values * value_bytes, 0,
                    static_cast<size_t>((right - left) * values * value_bytes));
  };
  cpu::Buffer<std::byte> inputs(input_bytes * batch);
  for (int64_t first = 0; first < total; first += batch) {
    const int64_t count = std::min(batch, total - first);
    for (int64_t i = 0; i < count; ++i)
      write(corners[static_cast<size_t>(first + i)], inputs.data() + i * input_bytes);
    columns::Batch covered;
    covered.images = inputs.data();
    covered.valid = count;
    impl.team->evaluate(covered);
    for (int64_t i = 0; i < count; ++i)
      train::softmax(impl.team->logits() + i * classes, classes, out + (first + i) * classes);
    report(progress, first + count, total, "the occlusion map");
  }
}

void Predictor::look_at(const uint8_t* record, float* probabilities) {
  if (!impl_->options.views)
    throw Error(ErrorCode::kInvalidArgument, "this predictor was not made for views");
  impl_->run_records({&record, 1}, [&](int64_t, int64_t) {
    train::softmax(impl_->team->logits(), impl_->classes(), probabilities);
  });
  impl_->looked = true;
}

Shape Predictor::shape_of(const InnerPlace& place) const {
  const std::vector<LayerPlan>& layers = impl_->plan.layers;
  if (place.layer < 0 || place.layer >= static_cast<int64_t>(layers.size()) || place.op < 0 ||
      place.op > static_cast<int64_t>(layers[static_cast<size_t>(place.layer)].ops.size()))
    throw Error(ErrorCode::kInvalidArgument, "the net has no result " + std::to_string(place.op) +
                                                 " in a layer " + std::to_string(place.layer));
  const LayerPlan& layer = layers[static_cast<size_t>(place.layer)];
  return place.op == 0 ? layer.linear : layer.ops[static_cast<size_t>(place.op) - 1].out;
}

std::vector<float> Predictor::maps(const InnerPlace& place) const {
  const Shape shape = shape_of(place);
  impl_->require_look();
  std::vector<float> values(static_cast<size_t>(shape.count()));
  impl_->team->read_place({static_cast<size_t>(place.layer), static_cast<size_t>(place.op)}, false, 1,
                          values);
  return values;
}

std::vector<float> Predictor::class_gradient(int64_t label, const InnerPlace& place) {
  const Shape shape = shape_of(place);
  impl_->require_look();
  const int64_t classes = impl_->classes();
  if (label < 0 || label >= classes)
    throw Error(ErrorCode::kInvalidArgument, "there is no class " + std::to_string(label));
  std::vector<float> seed(static_cast<size_t>(impl_->options.batch * classes), 0.0f);
  seed[static_cast<size_t>(label)] = 1;
  std::vector<float> gradient(static_cast<size_t>(shape.count()));
  if (place.layer + 1 == static_cast<int64_t>(impl_->plan.layers.size())) {  // of the logits themselves
    gradient[static_cast<size_t>(label)] = 1;
    return gradient;
  }
  impl_->team->differentiate(seed, static_cast<size_t>(place.layer));
  impl_->team->read_place({static_cast<size_t>(place.layer), static_cast<size_t>(place.op)}, true, 1,
                          gradient);
  return gradient;
}

}  // namespace alexnet
