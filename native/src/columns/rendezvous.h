// A barrier that can be broken: when one thread fails, the others are released with an exception instead
// of waiting for ever.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>

namespace alexnet::columns {

/// Thrown by Rendezvous::meet() in the threads that did not fail.
struct RendezvousBroken : std::exception {
  const char* what() const noexcept override { return "another column's thread failed"; }
};

class Rendezvous {
 public:
  explicit Rendezvous(int threads) : threads_(threads) {}

  /// Returns when all threads have arrived. Throws RendezvousBroken after break_up().
  void meet();
  /// Releases everyone who waits or will wait, until reset().
  void break_up();
  /// Makes it usable again. No thread may be inside.
  void reset();

 private:
  const int threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  uint64_t round_ = 0;
  bool broken_ = false;
};

}  // namespace alexnet::columns
