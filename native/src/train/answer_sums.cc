// The softmax outputs of several nets over one split, added up in a file that has no name.
#include <algorithm>
#include <atomic>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "alexnet/error.h"
#include "alexnet/evaluation.h"
#include "data/file_io.h"
#include "train/answer_counts.h"

namespace alexnet {

namespace {

constexpr int64_t kImagesAtOnce = 16;  // in memory, whatever the split holds

/// A name below `folder` that no other process uses now.
std::string new_name(const std::string& folder) {
  static std::atomic<int> made{0};
  return folder + "/.answers-" + std::to_string(::getpid()) + "-" + std::to_string(made++);
}

}  // namespace

struct AnswerSums::Impl {
  Impl(const std::string& folder, int64_t image_count, int64_t class_count)
      : images(image_count), classes(class_count), file(new_name(folder), O_RDWR | O_CREAT | O_TRUNC) {
    data::remove_file(file.path());  // from here on the system frees it with the process
    file.reserve(static_cast<uint64_t>(images * classes) * sizeof(float));
  }

  const int64_t images, classes;
  data::File file;
  int64_t members = 0;    // whole ones
  int64_t next = 0;       // the image whose answer comes next
  bool underway = false;  // a net has begun and is not through
  std::vector<float> block;

  uint64_t offset(int64_t image) const { return static_cast<uint64_t>(image * classes) * sizeof(float); }

  void read(int64_t first, int64_t count) {
    block.resize(static_cast<size_t>(count * classes));
    const size_t bytes = block.size() * sizeof(float);
    if (file.read_at(offset(first), block.data(), bytes) != bytes)
      throw Error(ErrorCode::kIo, "the answers in " + file.path() + " were cut off");
  }
};

AnswerSums::AnswerSums(const std::string& folder, int64_t images, int64_t classes) {
  if (images < 1 || classes < 1)
    throw Error(ErrorCode::kInvalidArgument, "there are no answers of no images or no classes");
  impl_ = std::make_unique<Impl>(folder, images, classes);
}
AnswerSums::~AnswerSums() = default;

int64_t AnswerSums::images() const { return impl_->images; }
int64_t AnswerSums::classes() const { return impl_->classes; }
int64_t AnswerSums::members() const { return impl_->members; }

void AnswerSums::begin_member() {
  if (impl_->underway)
    throw Error(ErrorCode::kInvalidArgument, "a net stopped halfway: its answers cannot be taken out again");
  impl_->underway = true;
  impl_->next = 0;
}

void AnswerSums::add(int64_t first, std::span<const float> probabilities) {
  Impl& in = *impl_;
  const int64_t count = static_cast<int64_t>(probabilities.size()) / in.classes;
  if (!in.underway || first != in.next || count * in.classes != static_cast<int64_t>(probabilities.size()) ||
      first + count > in.images)
    throw Error(ErrorCode::kInvalidArgument, "answers come image after image, each with every class");
  const float* values = probabilities.data();
  if (in.members > 0) {
    in.read(first, count);
    for (size_t i = 0; i < in.block.size(); ++i) in.block[i] += values[i];
    values = in.block.data();
  }
  in.file.write_at(in.offset(first), values, probabilities.size_bytes());
  in.next += count;
  if (in.next == in.images) {
    ++in.members;
    in.underway = false;
  }
}

EvaluationResult AnswerSums::average(const PackReader& pack, const EvaluationProgress& progress, Ties ties) {
  Impl& in = *impl_;
  if (in.members < 1 || in.underway)
    throw Error(ErrorCode::kInvalidArgument, "no average without the answers of every net to every image");
  if (pack.count() != in.images || pack.classes() != in.classes)
    throw Error(ErrorCode::kInvalidArgument, "the answers are those to another pack");
  train::AnswerCounts counts(in.images, in.classes, ties);
  for (int64_t first = 0; first < in.images; first += kImagesAtOnce) {
    const int64_t count = std::min(kImagesAtOnce, in.images - first);
    in.read(first, count);
    for (float& value : in.block) value /= static_cast<float>(in.members);
    for (int64_t i = 0; i < count; ++i)
      counts.add(first + i, pack.label(first + i), in.block.data() + i * in.classes);
    if (progress && !progress(first + count, in.images))
      throw Error(ErrorCode::kCancelled, "the evaluation was cancelled");
  }
  return counts.finish();
}

}  // namespace alexnet
