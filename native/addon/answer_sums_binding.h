// NativeAnswerSums: what several nets answer to one pack, added up on disk; seen from JavaScript.
#pragma once

#include <memory>

#include <napi.h>

#include "alexnet/evaluation.h"

namespace alexnet::addon {

/// Sums, shared by their JavaScript object and the task that works on them.
struct AnswerSumsCore {
  AnswerSumsCore(const std::string& folder, int64_t images, int64_t classes)
      : sums(folder, images, classes) {}

  AnswerSums sums;
  bool busy = false;  // JavaScript's thread
};

/// createAnswerSums(folder, images, classes): NativeAnswerSums.
Napi::Value create_answer_sums(const Napi::CallbackInfo& info);

class NativeAnswerSums : public Napi::ObjectWrap<NativeAnswerSums> {
 public:
  static Napi::Function define(Napi::Env env);
  /// Closed sums; createAnswerSums() fills them.
  explicit NativeAnswerSums(const Napi::CallbackInfo& info);

  /// The sums behind a JavaScript value, free to be worked on. Throws kInvalidArgument.
  static std::shared_ptr<AnswerSumsCore> from(Napi::Value value);

 private:
  friend Napi::Value create_answer_sums(const Napi::CallbackInfo& info);
  Napi::Value members(const Napi::CallbackInfo& info);
  Napi::Value average(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  std::shared_ptr<AnswerSumsCore> open() const;

  std::shared_ptr<AnswerSumsCore> core_;
};

}  // namespace alexnet::addon
