// The plan of a pack: JSON lines {"path", "label"}, read as a stream, for it may have millions of lines.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "alexnet/pack.h"

namespace alexnet::data {

struct PlanLine {
  std::string path;
  int32_t label = 0;
};

class PlanStream {
 public:
  /// Throws kNotFound, kIo.
  PlanStream(std::string path, int64_t classes);
  /// The next line, or false at the end. Throws kInvalidArgument naming the line that is wrong.
  bool next(PlanLine& line);
  /// As next, unparsed.
  bool next_text(std::string& text);
  /// The line of `text`, the last one that next_text gave.
  PlanLine parse(const std::string& text) const;

 private:
  std::string path_;
  int64_t classes_;
  std::ifstream file_;
  int64_t number_ = 0;
};

struct PlanSummary {
  std::vector<int32_t> labels;  // one a line
  uint64_t hash = 0;            // of everything that decides what the pack holds
};

/// Reads the whole plan once and checks it.
PlanSummary read_plan(const PackOptions& options);

}  // namespace alexnet::data
