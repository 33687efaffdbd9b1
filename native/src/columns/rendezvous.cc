#include "columns/rendezvous.h"

namespace alexnet::columns {

void Rendezvous::meet() {
  if (threads_ == 1) return;
  std::unique_lock lock(mutex_);
  if (broken_) throw RendezvousBroken();
  const uint64_t round = round_;
  if (++waiting_ == threads_) {
    waiting_ = 0;
    ++round_;
    changed_.notify_all();
    return;
  }
  changed_.wait(lock, [&] { return round_ != round || broken_; });
  if (round_ == round) throw RendezvousBroken();
}

void Rendezvous::break_up() {
  const std::lock_guard lock(mutex_);
  broken_ = true;
  changed_.notify_all();
}

void Rendezvous::reset() {
  const std::lock_guard lock(mutex_);
  broken_ = false;
  waiting_ = 0;
}

}  // namespace alexnet::columns
