#include "view_tasks.h"

#include <algorithm>

#include "alexnet/error.h"
#include "alexnet/image.h"
#include "alexnet/pack.h"
#include "alexnet/retrieval.h"
#include "convert.h"

namespace alexnet::addon {

namespace {

constexpr int64_t kNoRecord = INT64_C(1) << 40;

Napi::Float64Array doubles(Napi::Env env, const auto& values) {
  return from_values<Napi::Float64Array>(env, values);
}

}  // namespace

PhotoSource PhotoSource::from(Napi::Value value) {
  const Napi::Object object = to_object(value, "photo");
  PhotoSource source;
  if (object.Has("path")) {
    source.path = to_path(object.Get("path"), "path");
  } else {
    source.pack = to_path(object.Get("pack"), "pack");
    source.record = to_integer(object.Get("record"), "record", 0, kNoRecord);
  }
  return source;
}

std::vector<uint8_t> PhotoSource::load() const {
  if (!path.empty()) return load_square(path, kPackSize).pixels;
  const PackReader reader(pack);
  if (record >= reader.count())
    throw Error(ErrorCode::kNotFound, "the data set has no image " + std::to_string(record));
  const uint8_t* bytes = reader.record(record);
  return {bytes, bytes + kRecordBytes};
}

void CountedTask::deliver(Napi::Env env, const Napi::Function& callback) {
  if (const auto progress = latest_.take())
    callback.Call({Napi::Number::New(env, static_cast<double>(progress->done)),
                   Napi::Number::New(env, static_cast<double>(progress->total))});
}

std::function<bool(int64_t, int64_t)> CountedTask::progress() {
  return [this](int64_t done, int64_t total) {
    latest_.put({done, total});
    announce();
    return !*cancel_ && !stopped();
  };
}

void LookTask::work(Predictor& predictor) {
  probabilities_.resize(static_cast<size_t>(predictor.plan().spec.classes));
  predictor.look_at(photo_.load().data(), probabilities_.data());
}
Napi::Value LookTask::result(Napi::Env env) { return from_values<Napi::Float32Array>(env, probabilities_); }

void MapsTask::work(Predictor& predictor) {
  shape_ = predictor.shape_of(place_);
  values_ = label_ ? predictor.class_gradient(*label_, place_) : predictor.maps(place_);
}
Napi::Value MapsTask::result(Napi::Env env) {
  Napi::Object maps = Napi::Object::New(env);
  maps.Set("channels", Napi::Number::New(env, static_cast<double>(shape_.channels)));
  maps.Set("height", Napi::Number::New(env, static_cast<double>(shape_.height)));
  maps.Set("width", Napi::Number::New(env, static_cast<double>(shape_.width)));
  maps.Set("values", from_values<Napi::Float32Array>(env, values_));
  return maps;
}

void FeaturesTask::work(Predictor& predictor) {
  const std::vector<uint8_t> record = photo_.load();
  const uint8_t* bytes = record.data();
  features_.resize(static_cast<size_t>(predictor.feature_count()));
  predictor.features({&bytes, 1}, features_.data());
}
Napi::Value FeaturesTask::result(Napi::Env env) { return from_values<Napi::Float32Array>(env, features_); }

void OccludeTask::work(Predictor& predictor) {
  probabilities_.resize(corners_.size() * static_cast<size_t>(predictor.plan().spec.classes));
  predictor.occlude(photo_.load().data(), corners_, side_, probabilities_.data(), progress());
}
Napi::Value OccludeTask::result(Napi::Env env) {
  return from_values<Napi::Float32Array>(env, probabilities_);
}

void ActivityTask::work(Predictor& predictor) {
  const PackReader pack(pack_);
  const int64_t count = std::min(images_, pack.count());
  std::vector<const uint8_t*> records;
  for (int64_t i = 0; i < count; ++i) records.push_back(pack.record(i * pack.count() / count));
  layers_ = predictor.activity(records, progress());
}

Napi::Value ActivityTask::result(Napi::Env env) {
  Napi::Array layers = Napi::Array::New(env, layers_.size());
  for (uint32_t i = 0; i < layers_.size(); ++i) {
    const LayerActivity& from = layers_[i];
    Napi::Object layer = Napi::Object::New(env);
    layer.Set("layer", from.layer);
    layer.Set("images", Napi::Number::New(env, static_cast<double>(from.images)));
    layer.Set("values", Napi::Number::New(env, static_cast<double>(from.values)));
    layer.Set("mean", doubles(env, from.mean));
    layer.Set("deviation", doubles(env, from.deviation));
    layer.Set("largest", doubles(env, from.largest));
    layer.Set("zeroShare", doubles(env, from.zero_share));
    layer.Set("saturatedShare", doubles(env, from.saturated_share));
    layer.Set("activeImages", doubles(env, from.active_images));
    layers.Set(i, layer);
  }
  return layers;
}

void BuildIndexTask::work(Predictor& predictor) {
  const PackReader pack(pack_);
  const int64_t features = predictor.feature_count(), total = pack.count();
  FeatureIndexBuilder builder(
      {.path = path_, .identity = identity_, .rows = total, .features = features, .threads = threads_});
  const auto told = progress();
  const int64_t at_once = batch();
  std::vector<float> values(static_cast<size_t>(at_once * features));
  std::vector<const uint8_t*> records;
  while (builder.rows() < total) {
    const int64_t first = builder.rows(), count = std::min(at_once, total - first);
    records.clear();
    for (int64_t i = 0; i < count; ++i) records.push_back(pack.record(first + i));
    predictor.features(records, values.data());
    builder.append({values.data(), static_cast<size_t>(count * features)});
    if (!told(builder.rows(), total)) {
      builder.keep();
      throw Error(ErrorCode::kCancelled, "building the index was stopped; it goes on where it was");
    }
  }
  // The compressed copy takes seconds a million rows.
  builder.finish([&](int64_t, int64_t) { return told(total, total); });
}

}  // namespace alexnet::addon
