// The plug-in's side of the C interface: any columns::Column behind the table of functions. A plug-in links
// entry.cc, which exports the table, and says here how it makes columns and what it finds.
#pragma once

#include <memory>

#include "columns/column.h"
#include "cuda/interface.h"

namespace alexnet::cuda::entry {

inline columns::Share share_of(const NetPlan& plan, const PluginColumnOptions& options) {
  const PluginShare& share = options.share;
  return {share.column, plan.spec.columns, share.replica, share.replicas, share.splits_fc != 0, share.batch};
}

// What a plug-in defines. All may throw.

/// Fills a report that is all zeros.
void probe(PluginReport& report);
/// The same of loads. Called from any thread.
void loads(PluginLoads& loads);
void* allocate_host(int device, int64_t bytes);
/// Throws nothing.
void free_host(int device, void* memory);
/// `plan` and `input_from` (null, or made here) outlive the column, which is deferred.
std::unique_ptr<columns::Column> make_column(const NetPlan& plan, const PluginColumnOptions& options,
                                             columns::Column* input_from);
/// Of a report that is all zeros; throws nothing.
void graphs(const columns::Column& column, PluginGraphs& report);
/// [layers, 3], all zeros before; throws nothing.
void engines(const columns::Column& column, size_t layers, PluginEngine* report);
/// [2, layers]; throws nothing.
void layer_times(const columns::Column& column, size_t layers, float* milliseconds);

}  // namespace alexnet::cuda::entry
