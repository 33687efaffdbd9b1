// How evaluations cross the door: NativeEvaluation of main/engine/addon.ts, and how ties count.
#pragma once

#include <string>

#include <napi.h>

#include "alexnet/evaluation.h"
#include "convert.h"

namespace alexnet::addon {

inline Napi::Object from_evaluation(Napi::Env env, const EvaluationResult& result) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("images", Napi::Number::New(env, static_cast<double>(result.images)));
  object.Set("loss", Napi::Number::New(env, result.loss));
  object.Set("top1Error", Napi::Number::New(env, result.top1_error));
  object.Set("top5Error", Napi::Number::New(env, result.top5_error));
  object.Set("top1Interval", from_numbers(env, result.top1_interval));
  object.Set("top5Interval", from_numbers(env, result.top5_interval));
  object.Set("confusion", from_values<Napi::Float64Array>(env, result.confusion));
  object.Set("classImages", from_values<Napi::Float64Array>(env, result.class_images));
  object.Set("classTop5Hits", from_values<Napi::Float64Array>(env, result.class_top5_hits));
  object.Set("labels", from_values<Napi::Int32Array>(env, result.labels));
  object.Set("top5", from_values<Napi::Int32Array>(env, result.top5));
  object.Set("top5Probability", from_values<Napi::Float32Array>(env, result.top5_probability));
  object.Set("trueProbability", from_values<Napi::Float32Array>(env, result.true_probability));
  return object;
}

/// "first" or "fraction".
inline Ties to_ties(Napi::Value value) {
  const std::string name = to_text(value, "ties");
  if (name == "first") return Ties::kFirst;
  if (name == "fraction") return Ties::kFraction;
  refuse_argument("Ties count \"first\" or \"fraction\", not \"" + name + "\".");
}

}  // namespace alexnet::addon
