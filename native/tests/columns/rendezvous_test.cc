// The barrier of the column threads: nobody passes before everybody has come, and a failure frees everyone.
#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "columns/rendezvous.h"

using namespace alexnet::columns;

namespace {

void run_threads(int count, const std::function<void(int)>& task) {
  std::vector<std::thread> threads;
  for (int t = 0; t < count; ++t) threads.emplace_back(task, t);
  for (std::thread& thread : threads) thread.join();
}

/// Whether meet() was broken.
bool meet_was_broken(Rendezvous& rendezvous) {
  try {
    rendezvous.meet();
  } catch (const RendezvousBroken&) {
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("nobody passes a meeting before all have written, and nobody writes again before all have read") {
  constexpr int kThreads = 4, kRounds = 500;
  Rendezvous rendezvous(kThreads);
  // Plain ints on purpose: the meetings alone order these accesses, which the thread sanitizer checks.
  std::vector<int> written(kThreads, 0);
  std::atomic<int> wrong{0};
  run_threads(kThreads, [&](int self) {
    for (int round = 1; round <= kRounds; ++round) {
      written[self] = round;
      rendezvous.meet();
      for (int other = 0; other < kThreads; ++other) wrong += written[other] != round;
      rendezvous.meet();
    }
  });
  CHECK(wrong == 0);
}

TEST_CASE("one thread meets itself") {
  Rendezvous rendezvous(1);
  rendezvous.meet();
  CHECK_FALSE(meet_was_broken(rendezvous));
}

TEST_CASE("a broken meeting frees those who wait and those who come later, until it is reset") {
  constexpr int kThreads = 3;
  Rendezvous rendezvous(kThreads);
  std::atomic<int> broken{0};
  run_threads(kThreads, [&](int self) {
    if (self == 0)
      rendezvous.break_up();
    else
      broken += meet_was_broken(rendezvous);
  });
  CHECK(broken == kThreads - 1);
  CHECK(meet_was_broken(rendezvous));

  rendezvous.reset();
  std::atomic<int> passed{0};
  run_threads(kThreads, [&](int) { passed += !meet_was_broken(rendezvous); });
  CHECK(passed == kThreads);
}

TEST_CASE("a meeting that was complete is not taken back by a break-up right after it") {
  for (int i = 0; i < 200; ++i) {
    Rendezvous rendezvous(2);
    std::atomic<int> broken{0};
    run_threads(2, [&](int self) {
      broken += meet_was_broken(rendezvous);
      if (self == 0) rendezvous.break_up();
    });
    CHECK(broken == 0);
  }
}
