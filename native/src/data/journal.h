// What has been done of a pack, one entry a plan line, appended after its record is written. Entries are
// chained by hashes, so an entry that was cut short by a kill, and everything after it, is recognised.
#pragma once

#include <cstdint>
#include <string>

#include "alexnet/error.h"
#include "data/file_io.h"

namespace alexnet::data {

/// The outcome of one file of the plan.
struct JournalEntry {
  bool packed = false;
  uint64_t record_hash = 0;               // packed
  ErrorCode code = ErrorCode::kInternal;  // skipped: why
  std::string message;
};

class Journal {
 public:
  /// Opens or creates. An existing journal of another plan is begun anew. Throws kIo when another process
  /// works on the same pack.
  Journal(const std::string& path, uint64_t plan_hash);

  /// Goes back to the first entry.
  void rewind();
  /// The next sound entry, or false after the last.
  bool next(JournalEntry& entry);
  /// Drops everything after the entry that next gave last, so that append continues there.
  void cut_here();
  void append(const JournalEntry& entry);
  void sync() { file_.sync(); }

 private:
  File file_;
  uint64_t at_ = 0;     // where the next entry begins
  uint64_t chain_ = 0;  // hash of everything before it
  uint64_t head_chain_ = 0;
};

}  // namespace alexnet::data
