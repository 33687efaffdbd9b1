// A stand-in for CUDA devices, on the host: streams are threads that work through a queue, events order them,
// kernels are loops. What the column code orders wrongly goes wrong here too, most of the time, and always
// under the thread sanitizer.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace alexnet::fake {

struct Machine {
  int devices = 2;
  int64_t memory_bytes = int64_t{1} << 30;  // of each
  bool peer_access = true;
  int jitter = 0;        // microseconds that a stream may idle before any piece of work
  bool graphs = true;    // whether what is captured can be instantiated
  double fusion = 0;     // milliseconds that bias and ReLU add to a convolution's
  int refused_maps = 0;  // no engine computes a convolution that gives so many maps
};

/// Begins anew: nothing may be left of the machine before.
void start(const Machine& machine);
/// Bytes that are allocated on all devices.
int64_t allocated();
/// How often memory was copied between devices since start().
int peer_copies();
/// How many of those copies a stream has come to and done.
int peer_copies_done();
/// Called in a stream's thread when it comes to a piece of work of which it is told, before that is done:
/// "gradient of weights" of a convolution, "early product" of a part of what a layer reads, "copy between
/// devices", "convolution by " and "product by " with the engine. Null: nobody.
void watch(std::function<void(const std::string& what)> watcher);
/// How many graphs were instantiated, and launched, since start().
int graphs_made();
int graph_launches();
/// From now on every call that asks a stream or an event reports this (a cudaError_t); 0: none.
void break_devices(int status);
/// Streams stop working from now on, until start().
void hang();
/// The same for one device's, and whoever asks it is told that it is lost.
void lose(int device);
/// How many sums over ranks were queued since start().
int sums();
/// How many graphs were made since start() while a sum had been queued by some of its ranks only: on devices
/// the two may wait for each other for ever.
int graphs_amid_sums();

/// What a launch does: `work` runs when the stream gets to it.
__attribute__((visibility("default"))) void enqueue(void* stream, std::function<void()> work);
/// Whether kernels may be launched on it: a stream of the calling thread's current device.
__attribute__((visibility("default"))) bool is_current(void* stream);
__attribute__((visibility("default"))) void note_sum();
/// One more, or one less, sum that some of its ranks have queued and others have not.
__attribute__((visibility("default"))) void note_partial_sums(int more);
__attribute__((visibility("default"))) void tell(const std::string& what);
/// In a stream's thread: what it does takes so much of the device's time, which nobody waits for.
__attribute__((visibility("default"))) void take(double milliseconds);
__attribute__((visibility("default"))) double fusion();
__attribute__((visibility("default"))) int refused_maps();

}  // namespace alexnet::fake
