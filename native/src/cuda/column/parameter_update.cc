#include "cuda/column/parameter_update.h"

#include <utility>

namespace alexnet::cuda {

using columns::LayerUpdate;

ParameterUpdate::ParameterUpdate(const DeviceContext& context, Arena& arena, size_t layers)
    : context_(context),
      entries_(arena.take<ParameterEntry>(static_cast<int64_t>(2 * layers), Growth::kFixed)),
      rates_(arena.take<ParameterRates>(static_cast<int64_t>(2 * layers), Growth::kFixed)),
      not_finite_(arena.take<uint32_t>(1, Growth::kFixed)),
      updates_(layers),
      host_rates_(context, static_cast<int64_t>(kPassesAtOnce * 2 * layers)),
      host_flag_(context, 1) {}

void ParameterUpdate::bind(std::vector<ParameterEntry> entries) {
  table_ = make_parameter_table(entries);
  table_.entries = entries_.data();
  const auto stream = context_.compute();
  ALEXNET_CUDA_CHECK(context_.device(),
                     cudaMemcpyAsync(entries_.data(), entries.data(), static_cast<size_t>(entries_.bytes()),
                                     cudaMemcpyHostToDevice, stream));
  ALEXNET_CUDA_CHECK(context_.device(), cudaStreamSynchronize(stream));
}

void ParameterUpdate::begin_pass() {
  for (LayerUpdate& update : updates_) update = {.frozen = true};
}

void ParameterUpdate::send(size_t slot) {
  ParameterRates* rates = host_rates_.data() + slot * 2 * updates_.size();
  for (size_t l = 0; l < updates_.size(); ++l) {
    const LayerUpdate& u = updates_[l];
    rates[2 * l] = {u.weight_rate, u.momentum, u.weight_decay, u.frozen};
    rates[2 * l + 1] = {u.bias_rate, u.momentum, u.bias_decay, u.frozen};
  }
  ALEXNET_CUDA_CHECK(context_.device(),
                     cudaMemcpyAsync(rates_.data(), rates, static_cast<size_t>(rates_.bytes()),
                                     cudaMemcpyHostToDevice, context_.compute()));
}

void ParameterUpdate::run(const uint32_t* skip) {
  sgd_update(context_.compute(), table_, rates_.data(), skip, nullptr);
}

bool ParameterUpdate::all_finite() const {
  const auto stream = context_.compute();
  find_not_finite(stream, table_, not_finite_.data());
  ALEXNET_CUDA_CHECK(context_.device(), cudaMemcpyAsync(host_flag_.data(), not_finite_.data(),
                                                        sizeof(uint32_t), cudaMemcpyDeviceToHost, stream));
  ALEXNET_CUDA_CHECK(context_.device(), cudaStreamSynchronize(stream));
  return *host_flag_.data() == 0;
}

}  // namespace alexnet::cuda
