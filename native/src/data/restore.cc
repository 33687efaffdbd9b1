#include "data/restore.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>

#include "data/hash.h"

namespace alexnet::data {
namespace {

/// Adds the first records of `pack` to `sums` while their hashes are right; returns how many are.
int64_t add_sound_records(const File& pack, const std::vector<uint64_t>& hashes, int threads, PixelSums& sums,
                          const std::atomic<bool>& cancel) {
  const auto count = static_cast<int64_t>(hashes.size());
  std::atomic<int64_t> next{0}, bad{count};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      PixelSums own;
      std::vector<uint8_t> record(static_cast<size_t>(kRecordBytes));
      for (int64_t i; (i = next++) < count && i < bad && !cancel;) {
        const bool whole = pack.read_at(record_offset(static_cast<uint64_t>(i)), record.data(),
                                        record.size()) == record.size();
        if (whole && hash64(record.data(), record.size()) == hashes[static_cast<size_t>(i)]) {
          own.add(record.data());
          continue;
        }
        for (int64_t known = bad; i < known && !bad.compare_exchange_weak(known, i);) {
        }
      }
      const std::lock_guard lock(mutex);
      sums.add(own);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> pool;
    for (int64_t i = 1; i < std::min<int64_t>(threads, count); ++i) pool.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
  return bad;
}

}  // namespace

Restored restore(Journal& journal, File& pack, int64_t lines, int threads, const std::atomic<bool>& cancel) {
  Restored restored;
  JournalEntry entry;
  journal.rewind();
  while (restored.done < lines && journal.next(entry)) {
    if (entry.packed) {
      restored.packed_lines.push_back(restored.done);
      restored.hashes.push_back(entry.record_hash);
    }
    ++restored.done;
  }
  // Nearly always one round; a record that the disk lost ends the sound part, and the sums are made anew.
  for (;;) {
    restored.sums = PixelSums();
    const int64_t sound = add_sound_records(pack, restored.hashes, threads, restored.sums, cancel);
    if (cancel) throw Error(ErrorCode::kCancelled, "packing was stopped; what is done is kept");
    if (sound == static_cast<int64_t>(restored.hashes.size())) break;
    restored.done = restored.packed_lines[static_cast<size_t>(sound)];
    restored.packed_lines.resize(static_cast<size_t>(sound));
    restored.hashes.resize(static_cast<size_t>(sound));
  }
  journal.rewind();
  for (int64_t i = 0; i < restored.done; ++i) journal.next(entry);
  journal.cut_here();
  pack.truncate(record_offset(restored.hashes.size()));
  return restored;
}

}  // namespace alexnet::data
