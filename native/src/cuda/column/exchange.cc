#include "cuda/column/exchange.h"

#include <algorithm>

namespace alexnet::cuda {

namespace {

/// Lets this device read the other's memory directly, where the hardware and the driver can.
void enable_peer(int device, int other) {
  int can = 0;
  ALEXNET_CUDA_CHECK(device, cudaDeviceCanAccessPeer(&can, device, other));
  if (!can) return;
  const cudaError_t status = cudaDeviceEnablePeerAccess(other, 0);
  if (status == cudaErrorPeerAccessAlreadyEnabled)
    cudaGetLastError();  // by another column of this process
  else if (status != cudaSuccess)
    fail_cuda(status, "cudaDeviceEnablePeerAccess", device, Place::current());
}

}  // namespace

Exchange::Exchange(const DeviceContext& context, Arena& arena, int column, const std::vector<int>& devices,
                   int64_t largest, int pieces_a_pass)
    : context_(context),
      column_(column),
      devices_(devices),
      released_(std::make_unique<Event>(context)),
      begun_(std::make_unique<Event>(context)),
      joined_(std::make_unique<Event>(context)) {
  for (size_t c = 0; c < devices.size(); ++c) {
    const bool fetches = static_cast<int>(c) != column && remote(static_cast<int>(c));
    if (fetches) enable_peer(context.device(), devices[c]);
    landing_.push_back(fetches ? arena.take<std::byte>(largest, Growth::kWithBatch) : Block<std::byte>());
    fetched_.push_back(std::make_unique<Event>(context));
  }
  for (Clock& clock : clocks_)
    for (int i = 0; i < pieces_a_pass; ++i) {
      clock.begins.push_back(std::make_unique<Event>(context, /*timed=*/true));
      clock.ends.push_back(std::make_unique<Event>(context, /*timed=*/true));
    }
}

const void* Exchange::start(int column, const void* from, int64_t bytes, const Event& ready) {
  const auto c = static_cast<size_t>(column);
  void* to = landing_[c].data();
  const auto stream = context_.exchange();
  released_->hold(stream);
  ready.hold(stream);
  begin(stream);
  ALEXNET_CUDA_CHECK(context_.device(), cudaMemcpyPeerAsync(to, context_.device(), from, devices_[c],
                                                            static_cast<size_t>(bytes), stream));
  end(stream);
  fetched_[c]->record(stream);
  return to;
}

double Exchange::milliseconds(size_t slot) const {
  const Clock& clock = clocks_[slot];
  double sum = 0;
  for (size_t i = 0; i < clock.used; ++i) sum += clock.ends[i]->since(*clock.begins[i]);
  return sum;
}

}  // namespace alexnet::cuda
