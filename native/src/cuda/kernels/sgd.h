// The paper's update (section 5) over all parameters at once, and the search for values that are not finite.
// A table in device memory says where each parameter lies; its rates lie beside it, so that a recorded step
// can be run again with others.
#pragma once

#include <string>
#include <vector>

#include "alexnet/error.h"
#include "cuda/kernels/kernels.h"
#include "cuda/kernels/values.h"

namespace alexnet::cuda {

/// Values of a chunk that one thread takes.
inline constexpr int kUpdateWidth = 4;

/// Which parameter a chunk belongs to: the last one that begins at or before it.
ALEXNET_HD int32_t parameter_of(const ParameterEntry* table, int32_t count, int64_t chunk) {
  int32_t low = 0, high = count - 1;
  while (low < high) {
    const int32_t middle = (low + high + 1) / 2;
    if (table[middle].first_chunk <= chunk)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

struct SgdUpdate {
  const ParameterEntry* table;
  const ParameterRates* rates;
  int32_t parameters;
  const uint32_t* skip;  // not 0: nothing is changed; or null
  uint32_t* not_finite;  // set to 1 where a new weight is not finite; or null

  ALEXNET_HD void operator()(int64_t chunk, int32_t index) const {
    if (skip && *skip != 0) return;
    const int32_t p = parameter_of(table, parameters, chunk);
    const ParameterRates r = rates[p];
    if (r.frozen) return;
    const ParameterEntry entry = table[p];
    if (!entry.velocity) return;
    const int64_t first =
        (chunk - entry.first_chunk) * kParameterChunk + static_cast<int64_t>(index) * kUpdateWidth;
    const int64_t left = entry.count - first;
    if (left <= 0) return;
    if (left >= kUpdateWidth)
      update<kUpdateWidth>(entry, r, first);
    else
      for (int64_t i = 0; i < left; ++i) update<1>(entry, r, first + i);
  }

 private:
  template <int kWidth>
  ALEXNET_HD void update(const ParameterEntry& entry, const ParameterRates& r, int64_t at) const {
    const Floats<kWidth> g = entry.gradient_is_bf16
                                 ? load<kWidth>(static_cast<const Bf16*>(entry.gradient) + at)
                                 : load<kWidth>(static_cast<const float*>(entry.gradient) + at);
    Floats<kWidth> w = load<kWidth>(entry.weight + at), v = load<kWidth>(entry.velocity + at);
    const float decay = r.decay * r.rate;
    bool finite = true;
    ALEXNET_UNROLL
    for (int i = 0; i < kWidth; ++i) {
      v.v[i] = r.momentum * v.v[i] - decay * w.v[i] - r.rate * g.v[i];
      w.v[i] += v.v[i];
      finite = finite && is_finite(w.v[i]);
    }
    store<kWidth>(entry.velocity + at, v);
    store<kWidth>(entry.weight + at, w);
    if (entry.copy) store<kWidth>(entry.copy + at, w);
    if (!finite && not_finite) *not_finite = 1;  // every thread that writes, writes the same
  }
};

struct FindNotFinite {
  const ParameterEntry* table;
  int32_t parameters;
  uint32_t* not_finite;

  ALEXNET_HD void operator()(int64_t chunk, int32_t index) const {
    const ParameterEntry entry = table[parameter_of(table, parameters, chunk)];
    const int64_t first =
        (chunk - entry.first_chunk) * kParameterChunk + static_cast<int64_t>(index) * kUpdateWidth;
    bool finite = true;
    for (int64_t i = first; i < first + kUpdateWidth && i < entry.count; ++i)
      finite = finite && is_finite(entry.weight[i]);
    if (!finite) *not_finite = 1;
  }
};

struct SetWord {
  uint32_t* word;
  uint32_t value;
  ALEXNET_HD void operator()(int64_t, int32_t) const { *word = value; }
};

/// Numbers the entries' chunks (host memory).
inline ParameterTable number_chunks(std::vector<ParameterEntry>& entries) {
  const auto aligned = [](const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; };
  ParameterTable table;
  table.parameters = static_cast<int32_t>(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    ParameterEntry& entry = entries[i];
    if (!entry.weight || entry.count < 1 || (entry.velocity && !entry.gradient) || !aligned(entry.weight) ||
        !aligned(entry.velocity) || !aligned(entry.gradient) || !aligned(entry.copy))
      throw Error(ErrorCode::kInvalidArgument,
                  "parameter " + std::to_string(i) + " lacks memory, or does not lie on a 16-byte boundary");
    entry.first_chunk = table.chunks;
    table.chunks += (entry.count + kParameterChunk - 1) / kParameterChunk;
  }
  return table;
}

template <class Run>
void run_sgd_update(const Run& run, const ParameterTable& table, const ParameterRates* rates,
                    const uint32_t* skip, uint32_t* not_finite) {
  run.each(SgdUpdate{table.entries, rates, table.parameters, skip, not_finite}, table.chunks,
           kParameterChunk / kUpdateWidth);
}

template <class Run>
void run_find_not_finite(const Run& run, const ParameterTable& table, uint32_t* not_finite) {
  run.each(SetWord{not_finite, 0}, 1, 1);
  run.each(FindNotFinite{table.entries, table.parameters, not_finite}, table.chunks,
           kParameterChunk / kUpdateWidth);
}

}  // namespace alexnet::cuda
