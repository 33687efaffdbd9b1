#include "cuda/entry/entry.h"

#include <utility>
#include <vector>

#include "cuda/flat_net.h"
#include "cuda/plugin_calls.h"

namespace alexnet::cuda {

extern "C" struct PluginColumnHandle {
  NetPlan plan;
  std::unique_ptr<columns::Column> column;
  std::vector<columns::Column*> all;  // of the call in progress
};

namespace {

std::span<columns::Column* const> columns_of(PluginColumn column, const PluginColumn* all, int64_t count) {
  column->all.clear();
  for (int64_t c = 0; c < count; ++c) column->all.push_back(all[c]->column.get());
  return column->all;
}

size_t index(int64_t layer) { return static_cast<size_t>(layer); }

int32_t probe(PluginReport* report, PluginError* error) {
  return guarded(error, [&] {
    *report = {};
    entry::probe(*report);
  });
}

int32_t loads(PluginLoads* loads, PluginError* error) {
  return guarded(error, [&] {
    *loads = {};
    entry::loads(*loads);
  });
}

int32_t allocate_host(int32_t device, int64_t bytes, void** memory, PluginError* error) {
  return guarded(error, [&] { *memory = entry::allocate_host(device, bytes); });
}

int32_t create_column(const PluginNet* net, const PluginColumnOptions* options, PluginColumn* column,
                      PluginError* error) {
  return guarded(error, [&] {
    auto made = std::make_unique<PluginColumnHandle>();
    made->plan = plan_net(unflatten(*net));
    made->column = entry::make_column(made->plan, *options,
                                      options->input_from ? options->input_from->column.get() : nullptr);
    *column = made.release();
  });
}

void input_format(PluginColumn column, int32_t* layout, int32_t* type) {
  const columns::InputFormat format = column->column->input_format();
  *layout = static_cast<int32_t>(format.layout);
  *type = static_cast<int32_t>(format.type);
}

int32_t accept_records(PluginColumn column, const PluginPreprocessing* p, int32_t* accepted,
                       PluginError* error) {
  return guarded(error, [&] { *accepted = column->column->accept_records(unflatten(*p)); });
}

columns::Batch batch_of(const PluginBatch& flat) {
  return {flat.images, flat.labels, flat.valid,       flat.id,   flat.draws,
          flat.pieces, flat.side,   flat.first_piece, flat.total};
}

int32_t set_batch(PluginColumn column, const PluginBatch* batch, PluginError* error) {
  return guarded(error, [&] { column->column->set_batch(batch_of(*batch)); });
}

int32_t prefetch(PluginColumn column, const PluginBatch* next, PluginError* error) {
  return guarded(error, [&] { column->column->prefetch(batch_of(*next)); });
}

int32_t gather(PluginColumn column, int64_t layer, const PluginColumn* all, int64_t count,
               PluginError* error) {
  return guarded(error, [&] { column->column->gather(index(layer), columns_of(column, all, count)); });
}

int32_t forward(PluginColumn column, int64_t layer, const PluginPass* pass, PluginError* error) {
  return guarded(error, [&] {
    column->column->forward(index(layer), {pass->training != 0, pass->seed, pass->step});
  });
}

int32_t loss(PluginColumn column, const PluginColumn* all, int64_t count, int32_t gradient,
             PluginError* error) {
  return guarded(error, [&] { column->column->loss(columns_of(column, all, count), gradient != 0); });
}

columns::LayerUpdate update_of(const PluginUpdate& u) {
  return {u.weight_rate, u.bias_rate, u.weight_decay, u.bias_decay, u.momentum, u.frozen != 0};
}

int32_t backward(PluginColumn column, int64_t layer, const PluginUpdate* update, int32_t input_gradient,
                 PluginError* error) {
  return guarded(error,
                 [&] { column->column->backward(index(layer), update_of(*update), input_gradient != 0); });
}

int32_t reduce(PluginColumn column, int64_t layer, const PluginColumn* all, int64_t count,
               PluginError* error) {
  return guarded(error, [&] { column->column->reduce(index(layer), columns_of(column, all, count)); });
}

int32_t connect(PluginColumn column, const PluginColumn* replicas, int64_t count, PluginError* error) {
  return guarded(error, [&] { column->column->connect(columns_of(column, replicas, count)); });
}

int32_t sum_gradients(PluginColumn column, int64_t layer, PluginError* error) {
  return guarded(error, [&] { column->column->sum_gradients(index(layer)); });
}

int32_t update(PluginColumn column, int64_t layer, const PluginUpdate* factors, PluginError* error) {
  return guarded(error, [&] { column->column->update(index(layer), update_of(*factors)); });
}

int32_t end_pass(PluginColumn column, PluginError* error) {
  return guarded(error, [&] { column->column->end_pass(); });
}

int32_t rest(PluginColumn column, PluginError* error) {
  return guarded(error, [&] { column->column->rest(); });
}

int32_t finish(PluginColumn column, PluginTotals* totals, PluginError* error) {
  return guarded(error, [&] {
    const columns::FinishedPass pass = column->column->finish();
    *totals = {pass.totals.loss, pass.totals.top1_hits, pass.totals.top5_hits, pass.totals.images,
               pass.exchange_ms};
  });
}

int32_t logits(PluginColumn column, const float** values, PluginError* error) {
  return guarded(error, [&] { *values = column->column->logits(); });
}

int32_t write(PluginColumn column, int64_t layer, int32_t parameter, const float* values, int64_t count,
              PluginError* error) {
  return guarded(error, [&] {
    column->column->write(index(layer), static_cast<columns::Parameter>(parameter),
                          {values, static_cast<size_t>(count)});
  });
}

int32_t read(PluginColumn column, int64_t layer, int32_t parameter, float* values, int64_t count,
             PluginError* error) {
  return guarded(error, [&] {
    column->column->read(index(layer), static_cast<columns::Parameter>(parameter),
                         {values, static_cast<size_t>(count)});
  });
}

int32_t all_finite(PluginColumn column, int32_t* finite, PluginError* error) {
  return guarded(error, [&] { *finite = column->column->all_finite(); });
}

constexpr PluginApi kApi{
    .version = kInterfaceVersion,
    .size = sizeof(PluginApi),
    .probe = probe,
    .loads = loads,
    .allocate_host = allocate_host,
    .free_host = entry::free_host,
    .create_column = create_column,
    .destroy_column = [](PluginColumn column) { delete column; },
    .input_format = input_format,
    .accept_records = accept_records,
    .set_batch = set_batch,
    .prefetch = prefetch,
    .gather = gather,
    .forward = forward,
    .loss = loss,
    .backward = backward,
    .reduce = reduce,
    .connect = connect,
    .sums_meet = [](PluginColumn column) { return int32_t{column->column->sums_meet()}; },
    .sum_gradients = sum_gradients,
    .update = update,
    .abandon = [](PluginColumn column) { column->column->abandon(); },
    .end_pass = end_pass,
    .finish = finish,
    .rest = rest,
    .logits = logits,
    .write = write,
    .read = read,
    .all_finite = all_finite,
    .layer_times =
        [](PluginColumn column, float* milliseconds) {
          entry::layer_times(*column->column, column->plan.layers.size(), milliseconds);
        },
    .graphs =
        [](PluginColumn column, PluginGraphs* report) {
          *report = {};
          entry::graphs(*column->column, *report);
        },
    .engines =
        [](PluginColumn column, PluginEngine* report) {
          entry::engines(*column->column, column->plan.layers.size(), report);
        },
};

}  // namespace
}  // namespace alexnet::cuda

extern "C" __attribute__((visibility("default"))) const alexnet::cuda::PluginApi* alexnet_cuda_plugin() {
  return &alexnet::cuda::kApi;
}
