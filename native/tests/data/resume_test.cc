// Kill, cancel, full disk: what is done is kept, and the finished pack is the same to the byte.
#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "data/scratch.h"

using namespace alexnet;
using scratch::DataSet;

namespace {

/// Runs `body` in a child process that is killed after `delay`; true when the child had finished by itself.
template <typename Body>
bool killed_after(std::chrono::microseconds delay, Body&& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      body();
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  std::this_thread::sleep_for(delay);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int64_t journal_bytes(const DataSet& set) {
  std::error_code none;
  const auto size = scratch::fs::file_size(set.options.pack_path + ".journal", none);
  return none ? 0 : static_cast<int64_t>(size);
}

}  // namespace

TEST_CASE("killed again and again, packing goes on where it was and ends with the same bytes") {
  DataSet set(60);
  set.options.threads = 2;
  scratch::pack(set.options);
  const auto pack = scratch::read_bytes(set.options.pack_path);
  const auto results = scratch::read_bytes(set.options.result_path);

  const RandomStream delays{99, RandomPurpose::kSample};
  int kills = 0, rounds = 0;
  for (int round = 0; round < 4; ++round) {
    scratch::fs::remove(set.options.pack_path);
    scratch::fs::remove(set.options.result_path);
    int64_t kept = 0;
    bool finished = false;
    double limit = 2000;  // microseconds; growing, so that the end is reached also on a slow machine
    for (int attempt = 0; !finished && attempt < 40; ++attempt, limit *= 1.25) {
      const auto word = delays.words(static_cast<uint64_t>(rounds++))[0];
      const std::chrono::microseconds delay(uniform_below(word, static_cast<uint32_t>(limit)));
      finished = killed_after(delay, [&] { scratch::pack(set.options); });
      if (finished) break;
      ++kills;
      // A pack that exists is whole, at any moment.
      if (scratch::fs::exists(set.options.pack_path)) {
        CHECK(scratch::read_bytes(set.options.pack_path) == pack);
      } else {
        // Nothing that is done is lost.
        CHECK(journal_bytes(set) >= kept - 256);  // the last entry may have been cut short
        kept = journal_bytes(set);
      }
    }
    CHECK(scratch::pack(set.options).packed == 48);
    CHECK(scratch::read_bytes(set.options.pack_path) == pack);
    CHECK(scratch::read_bytes(set.options.result_path) == results);
    CHECK_FALSE(scratch::fs::exists(set.options.pack_path + ".journal"));
    CHECK_FALSE(scratch::fs::exists(set.options.pack_path + ".partial"));
  }
  CHECK(kills > 10);
}

TEST_CASE("cancelled packing keeps what is done and does not do it again") {
  DataSet set(60);
  set.options.threads = 2;
  std::atomic<bool> cancel{false};
  int64_t seen = 0;
  const std::string error = scratch::error_of([&] {
    write_pack(
        set.options,
        [&](const PackProgress& progress) {
          seen = progress.done;
          if (progress.done > 0) cancel = true;
        },
        cancel);
  });
  CHECK(error == "CANCELLED");
  CHECK_FALSE(scratch::fs::exists(set.options.pack_path));
  // The files that are done are taken away: they are not needed any more.
  for (int64_t i = 0; i < seen; ++i)
    scratch::fs::remove(set.folder / ("photo " + std::to_string(i) + ".jpg"));
  int64_t first = -1;
  cancel = false;
  const PackResult result = write_pack(
      set.options,
      [&](const PackProgress& progress) {
        if (first < 0) first = progress.done;
      },
      cancel);
  CHECK(first >= seen);
  CHECK(seen > 0);
  CHECK(result.packed == 48);
}

TEST_CASE("another plan begins anew, a damaged record is made again") {
  DataSet set(20);
  scratch::pack(set.options);
  const auto pack = scratch::read_bytes(set.options.pack_path);
  scratch::fs::remove(set.options.pack_path);
  // Cancelled at once when everything is decoded but the pack not yet made: a full journal and all records.
  std::atomic<bool> cancel{false};
  CHECK(scratch::error_of([&] {
          write_pack(
              set.options,
              [&](const PackProgress& progress) {
                if (progress.done == progress.total) throw Error(ErrorCode::kInternal, "stop here");
              },
              cancel);
        }) == "INTERNAL");
  std::vector<uint8_t> partial = scratch::read_bytes(set.options.pack_path + ".partial");
  partial[4096 + 5 * static_cast<size_t>(kRecordBytes) + 7] ^= 1;
  scratch::write_bytes(set.options.pack_path + ".partial", partial);
  int64_t first = -1;
  write_pack(
      set.options,
      [&](const PackProgress& progress) {
        if (first < 0) first = progress.done;
      },
      cancel);
  CHECK(first == 6);  // five good records and one bad file come before the damage
  CHECK(scratch::read_bytes(set.options.pack_path) == pack);

  // The same files with other labels are another plan: the old pack does not pass for it.
  std::vector<uint8_t> plan = scratch::read_bytes(set.options.plan_path);
  std::string text(plan.begin(), plan.end());
  text.replace(text.find("\"label\":1"), 9, "\"label\":2");
  std::ofstream(set.options.plan_path) << text;
  scratch::pack(set.options);
  const PackReader reader(set.options.pack_path);
  CHECK(reader.label(1) == 2);
}

TEST_CASE("a full disk is its own error, and packing goes on when there is room") {
  DataSet set(20);
  const scratch::fs::path small = set.folder / "small";
  scratch::fs::create_directory(small);
  if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=1200k") != 0) {
    MESSAGE("skipped: a small file system cannot be mounted here");
    return;
  }
  const std::string inside = (small / "train.pack").string();
  PackOptions options = set.options;
  options.pack_path = inside;
  const std::string error = scratch::error_of([&] { scratch::pack(options); });
  const bool kept = scratch::fs::exists(inside + ".journal") && scratch::fs::exists(inside + ".partial");
  REQUIRE(::mount("tmpfs", small.c_str(), "tmpfs", MS_REMOUNT, "size=20m") == 0);
  int64_t first = -1, packed = 0;
  const std::atomic<bool> cancel{false};
  packed = write_pack(
               options,
               [&](const PackProgress& progress) {
                 if (first < 0) first = progress.done;
               },
               cancel)
               .packed;
  const auto there = scratch::read_bytes(inside);
  ::umount(small.c_str());
  CHECK(error == "DISK_FULL");
  CHECK(kept);
  CHECK(first >= 4);  // 1200 kB hold five records
  CHECK(packed == 16);
  scratch::pack(set.options);
  CHECK(there == scratch::read_bytes(set.options.pack_path));
}

TEST_CASE("a limit on the file size is an I/O error, not a signal's death") {
  DataSet set(20);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit low = old;
  low.rlim_cur = 1'000'000;
  ::setrlimit(RLIMIT_FSIZE, &low);
  const std::string error = scratch::error_of([&] { scratch::pack(set.options); });
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  CHECK(error == "IO");
  CHECK(scratch::pack(set.options).packed == 16);
}

TEST_CASE("two at once: the second is told so") {
  const DataSet set(30);
  std::string second = "not asked";
  const std::atomic<bool> cancel{false};
  write_pack(
      set.options,
      [&](const PackProgress&) {
        if (second == "not asked") second = scratch::error_of([&] { scratch::pack(set.options); });
      },
      cancel);
  CHECK(second == "IO");
}
