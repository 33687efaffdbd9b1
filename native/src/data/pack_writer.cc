// Packing: decode in parallel, commit in order, resume from the journal, finish in one rename.
//
// Beside the pack stand, while it is unfinished, PACK.partial (records at their final places) and
// PACK.journal. A record is written before its journal entry, so the journal never claims too much after a
// kill; after a power failure the record hashes tell what really reached the disk.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>

#include <fcntl.h>

#include <nlohmann/json.hpp>

#include "alexnet/error.h"
#include "alexnet/pack.h"
#include "data/decode_pool.h"
#include "data/file_io.h"
#include "data/hash.h"
#include "data/journal.h"
#include "data/pack_format.h"
#include "data/pixel_sums.h"
#include "data/plan.h"
#include "data/restore.h"

namespace alexnet {
namespace {

using data::File;
using data::Journal;
using data::JournalEntry;
using Clock = std::chrono::steady_clock;

/// Tells of progress at the first file and then at most ten times a second; `always` comes on top of that.
class Reporter {
 public:
  Reporter(const std::function<void(const PackProgress&)>& tell, int64_t total, int64_t already)
      : tell_(tell), total_(total), already_(already) {}

  void report(int64_t done, int64_t packed, bool always) {
    const Clock::time_point now = Clock::now();
    if (!tell_ || (!always && now - last_ < std::chrono::milliseconds(100))) return;
    if (!always) last_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    tell_({done, total_, packed, done - packed,
           seconds > 0 ? static_cast<double>(done - already_) / seconds : 0});
  }

 private:
  const std::function<void(const PackProgress&)>& tell_;
  int64_t total_, already_;
  Clock::time_point start_ = Clock::now(), last_{};
};

/// The pack is there and is this plan's: its counts.
bool is_finished(const PackOptions& options, uint64_t plan_hash, PackResult& result) {
  if (!data::file_exists(options.pack_path) || !data::file_exists(options.result_path)) return false;
  try {
    const File file(options.pack_path, O_RDONLY);
    std::vector<uint8_t> bytes(data::kHeaderBytes);
    bytes.resize(file.read_at(0, bytes.data(), bytes.size()));
    const data::PackHeader header = data::parse_header(bytes, file.size(), options.pack_path);
    result.found = static_cast<int64_t>(header.found);
    result.packed = static_cast<int64_t>(header.count);
    result.skipped = result.found - result.packed;
    return header.plan_hash == plan_hash;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCorruptPack) return false;
    throw;
  }
}

/// One JSON line a plan line, from the journal.
void write_results(const std::string& path, Journal& journal, int64_t lines) {
  const std::string partial = path + ".partial";
  File file(partial, O_WRONLY | O_CREAT | O_TRUNC);
  std::string text;
  uint64_t at = 0;
  int64_t record = 0;
  const auto flush = [&] {
    file.write_at(at, text.data(), text.size());
    at += text.size();
    text.clear();
  };
  journal.rewind();
  JournalEntry entry;
  for (int64_t i = 0; i < lines; ++i) {
    if (!journal.next(entry)) throw Error(ErrorCode::kInternal, "the journal of the pack became shorter");
    const nlohmann::json line =
        entry.packed ? nlohmann::json{{"record", record++}}
                     : nlohmann::json{{"error", error_code_name(entry.code)}, {"message", entry.message}};
    text += line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    if (text.size() > 1 << 20) flush();
  }
  flush();
  file.sync();
  data::replace_file(partial, path);
}

/// Labels, hashes, statistics and header of a pack whose records are written.
void write_tables(File& pack, const PackOptions& options, const data::PlanSummary& plan,
                  const std::vector<int32_t>& labels, const std::vector<uint64_t>& hashes,
                  const PackStatistics& statistics) {
  data::PackHeader header =
      data::make_header(labels.size(), static_cast<uint64_t>(options.classes), plan.labels.size());
  std::vector<uint8_t> tables(header.statistics_at - header.labels_at);
  std::memcpy(tables.data(), labels.data(), labels.size() * sizeof(int32_t));
  std::memcpy(tables.data() + (header.hashes_at - header.labels_at), hashes.data(),
              hashes.size() * sizeof(uint64_t));
  const std::vector<uint8_t> numbers = data::statistics_bytes(statistics);
  header.plan_hash = plan.hash;
  header.tables_hash = data::hash64(tables.data(), tables.size());
  header.statistics_hash = data::hash64(numbers.data(), numbers.size());
  pack.write_at(header.labels_at, tables.data(), tables.size());
  pack.write_at(header.statistics_at, numbers.data(), numbers.size());
  pack.truncate(header.file_bytes);
  const std::vector<uint8_t> bytes = data::header_bytes(header);
  pack.write_at(0, bytes.data(), bytes.size());
  pack.sync();
}

void check_options(const PackOptions& options) {
  if (options.classes < 1 || options.classes > INT32_MAX)
    throw Error(ErrorCode::kInvalidArgument, "a pack needs at least one class");
  if (options.threads < 0 || options.threads > 4096)
    throw Error(ErrorCode::kInvalidArgument, "the number of threads must be 0 to 4096");
}

}  // namespace

PackResult write_pack(const PackOptions& options, const std::function<void(const PackProgress&)>& progress,
                      const std::atomic<bool>& cancel) {
  check_options(options);
  const data::PlanSummary plan = data::read_plan(options);
  const auto total = static_cast<int64_t>(plan.labels.size());
  const std::string journal_path = options.pack_path + ".journal",
                    partial_path = options.pack_path + ".partial";
  PackResult result;
  Journal journal(journal_path, plan.hash);
  if (is_finished(options, plan.hash, result)) {
    data::remove_file(partial_path);
    data::remove_file(journal_path);
    return result;
  }
  const int threads = options.threads > 0
                          ? options.threads
                          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));

  File pack(partial_path, O_RDWR | O_CREAT);
  data::Restored restored = data::restore(journal, pack, total, threads, cancel);
  std::vector<uint64_t>& hashes = restored.hashes;
  int64_t done = restored.done;
  Reporter reporter(progress, total, done);
  reporter.report(done, static_cast<int64_t>(hashes.size()), /*always=*/true);

  std::vector<int32_t> labels;
  for (const int64_t line : restored.packed_lines) labels.push_back(plan.labels[static_cast<size_t>(line)]);
  if (done < total) {
    data::PlanStream stream(options.plan_path, options.classes);
    std::string text;
    for (int64_t i = 0; i < done; ++i) stream.next_text(text);
    data::DecodePool pool(stream, static_cast<int>(std::min<int64_t>(threads, total - done)), options.limits);
    while (done < total) {
      if (cancel) throw Error(ErrorCode::kCancelled, "packing was stopped; what is done is kept");
      const std::optional<data::DecodedFile> file = pool.next(std::chrono::milliseconds(50));
      if (!file) continue;
      if (file->outcome.packed) {
        pack.write_at(data::record_offset(hashes.size()), file->record.data(), file->record.size());
        hashes.push_back(file->outcome.record_hash);
        labels.push_back(plan.labels[static_cast<size_t>(done)]);
      }
      journal.append(file->outcome);
      ++done;
      reporter.report(done, static_cast<int64_t>(hashes.size()), /*always=*/false);
    }
    restored.sums.add(pool.take_sums());
  }
  reporter.report(done, static_cast<int64_t>(hashes.size()), /*always=*/true);

  result.found = total;
  result.packed = static_cast<int64_t>(hashes.size());
  result.skipped = total - result.packed;
  // The results come first: a pack that exists has its results beside it.
  if (result.packed > 0) write_tables(pack, options, plan, labels, hashes, restored.sums.statistics());
  write_results(options.result_path, journal, total);
  if (result.packed > 0) {
    data::replace_file(partial_path, options.pack_path);
  } else {
    data::remove_file(options.pack_path);
    data::remove_file(partial_path);
  }
  data::remove_file(journal_path);
  return result;
}

}  // namespace alexnet
