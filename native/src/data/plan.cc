#include "data/plan.h"

#include <cerrno>
#include <utility>

#include <nlohmann/json.hpp>

#include "alexnet/error.h"
#include "data/file_io.h"
#include "data/hash.h"

namespace alexnet::data {

PlanStream::PlanStream(std::string path, int64_t classes)
    : path_(std::move(path)), classes_(classes), file_(path_, std::ios::binary) {
  if (!file_) throw_errno("cannot open", path_, errno);
}

bool PlanStream::next_text(std::string& text) {
  ++number_;
  if (std::getline(file_, text)) return true;
  if (file_.bad()) throw_errno("cannot read", path_, errno ? errno : EIO);
  return false;
}

PlanLine PlanStream::parse(const std::string& text) const {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto wrong = [&](const std::string& why) {
    return Error(ErrorCode::kInvalidArgument,
                 "line " + std::to_string(number_) + " of the plan " + path_ + " " + why);
  };
  if (!json.is_object() || !json.contains("path") || !json["path"].is_string() || !json.contains("label") ||
      !json["label"].is_number_integer())
    throw wrong(R"(is not {"path": text, "label": integer})");
  const auto label = json["label"].get<int64_t>();
  if (label < 0 || label >= classes_)
    throw wrong("has label " + std::to_string(label) + ", not 0 to " + std::to_string(classes_ - 1));
  return {json["path"].get<std::string>(), static_cast<int32_t>(label)};
}

bool PlanStream::next(PlanLine& line) {
  std::string text;
  if (!next_text(text)) return false;
  line = parse(text);
  return true;
}

PlanSummary read_plan(const PackOptions& options) {
  PlanStream stream(options.plan_path, options.classes);
  PlanSummary summary;
  // The limits decide which files are skipped, so they belong to the plan.
  uint64_t chain[3] = {static_cast<uint64_t>(options.classes),
                       static_cast<uint64_t>(options.limits.max_pixels),
                       static_cast<uint64_t>(options.limits.max_file_bytes)};
  summary.hash = hash64(chain, sizeof chain);
  std::string text;
  while (stream.next_text(text)) {
    summary.labels.push_back(stream.parse(text).label);
    const uint64_t link[2] = {summary.hash, hash64(text.data(), text.size())};
    summary.hash = hash64(link, sizeof link);
  }
  return summary;
}

}  // namespace alexnet::data
