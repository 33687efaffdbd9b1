// Times the own CUDA kernels at the shapes of one column of AlexNet. One JSON object a line:
//   cuda_kernels_bench [batch]        (default 1024)
// ms is the mean over a run of launches without a gap, by the device's own clock; gb_per_s counts each array
// that must be read or written once; "copy" gives the device's own speed for comparison.
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda/kernels/kernels.h"

namespace {

using namespace alexnet;
using namespace alexnet::cuda;

void check(cudaError_t error, const char* what) {
  if (error != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(error));
}

/// Device memory whose every byte is `fill`: 0x3C3C is a small bfloat16 and 0x3C3C3C3C a small float.
template <class T>
class Array {
 public:
  explicit Array(int64_t count, int fill = 0x3C) : bytes_(static_cast<size_t>(count) * sizeof(T)) {
    check(cudaMalloc(&data_, bytes_), "allocating");
    check(cudaMemset(data_, fill, bytes_), "filling");
  }
  ~Array() { cudaFree(data_); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  T* data() const { return data_; }
  double bytes() const { return static_cast<double>(bytes_); }

 private:
  T* data_ = nullptr;
  size_t bytes_;
};

class Bench {
 public:
  Bench() {
    check(cudaEventCreate(&begin_), "creating an event");
    check(cudaEventCreate(&end_), "creating an event");
  }
  ~Bench() {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  void report(const std::string& kernel, const char* type, double bytes,
              const std::function<void()>& run) const {
    run();
    int launches = 1;
    float total = 0;
    while (true) {
      check(cudaEventRecord(begin_), "recording");
      for (int i = 0; i < launches; ++i) run();
      check(cudaEventRecord(end_), "recording");
      check(cudaEventSynchronize(end_), "waiting");
      check(cudaEventElapsedTime(&total, begin_, end_), "reading the clock");
      if (total > 50 || launches > 10000) break;
      launches *= 4;
    }
    const double ms = static_cast<double>(total) / launches;
    std::printf("{\"kernel\":\"%s\",\"type\":\"%s\",\"ms\":%.4f,\"gb_per_s\":%.0f}\n", kernel.c_str(), type,
                ms, bytes / ms * 1e-6);
    std::fflush(stdout);
  }

 private:
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
};

struct PooledLayer {
  const char* name;
  int64_t channels, in, out;
};
constexpr PooledLayer kNormalised[] = {{"conv1", 48, 55, 27}, {"conv2", 128, 27, 13}};
constexpr PooledLayer kPooled = {"conv5", 128, 13, 6};
const PoolSpec kPool{3, 2, Rounding::kFloor};

template <class T>
void time_maps(const Bench& bench, int64_t batch, const char* type) {
  const std::optional<Activation> relu = Activation::kRelu;
  const auto with_maps = [&](const PooledLayer& layer, bool normalised) {
    const MapView in = channels_last_view(batch, layer.channels, layer.in, layer.in);
    const MapView out = channels_last_view(batch, layer.channels, layer.out, layer.out);
    const Array<T> x(in.count()), y(out.count()), dy(out.count()), dx(in.count());
    const Array<uint8_t> winners(out.count(), 4);
    const double forward = x.bytes() + y.bytes() + winners.bytes();
    const double backward = x.bytes() + dy.bytes() + winners.bytes() + dx.bytes();
    const std::string name = std::string(layer.name) + (normalised ? " lrn+pool" : " pool");
    if (normalised) {
      bench.report(name, type, forward, [&] {
        lrn_pool_forward<T>(nullptr, x.data(), in, y.data(), out, winners.data(), LrnSpec{}, kPool, false);
      });
      bench.report(name + " backward", type, backward, [&] {
        lrn_pool_backward<T>(nullptr, x.data(), in, dy.data(), out, winners.data(), dx.data(), in, LrnSpec{},
                             kPool, false, relu);
      });
      bench.report(std::string(layer.name) + " lrn", type, x.bytes() + dx.bytes(),
                   [&] { lrn_forward<T>(nullptr, x.data(), in, dx.data(), in, LrnSpec{}, false); });
    } else {
      bench.report(name, type, forward, [&] {
        pool_forward<T>(nullptr, x.data(), in, y.data(), out, winners.data(), kPool, false);
      });
      bench.report(name + " backward", type, backward, [&] {
        pool_backward<T>(nullptr, x.data(), in, dy.data(), out, winners.data(), dx.data(), in, kPool, relu);
      });
    }
    const int64_t rows = batch * in.pixels();
    const Array<float> work(sum_rows_work(rows, layer.channels)), sums(layer.channels);
    bench.report(std::string(layer.name) + " bias gradient", type, dx.bytes(), [&] {
      sum_rows<T>(nullptr, dx.data(), rows, layer.channels, in.pixel_stride, work.data(), sums.data());
    });
    bench.report(std::string(layer.name) + " copy", type, x.bytes() + dx.bytes(),
                 [&] { copy_map<T, T>(nullptr, x.data(), in, dx.data(), in); });
  };
  for (const PooledLayer& layer : kNormalised) with_maps(layer, true);
  with_maps(kPooled, false);
}

template <class T>
void time_units(const Bench& bench, int64_t batch, const char* type) {
  const int64_t units = 2048, classes = 1000;
  const MapView view = channels_last_view(batch, units, 1, 1);
  const Array<T> x(view.count()), y(view.count()), dlogits(batch * classes / 2);
  const Array<uint32_t> step(1, 0), not_finite(1, 0);
  DropoutDraw draw;
  draw.step = step.data();
  draw.total_features = 2 * units;
  bench.report("fc6 dropout", type, x.bytes() + y.bytes(),
               [&] { dropout_forward<T>(nullptr, x.data(), view, y.data(), view, draw); });
  const Array<float> logits(batch * classes);
  const Array<int32_t> labels(batch, 0);
  const Array<RowLoss> rows(batch);
  const Array<LossTotals> totals(1);
  const LossGradient<T> gradient{dlogits.data(), classes / 2, 0, classes / 2, nullptr};
  bench.report("softmax loss", type, logits.bytes() + dlogits.bytes(), [&] {
    softmax_cross_entropy<T>(nullptr, logits.data(), classes, labels.data(), batch, classes, gradient,
                             rows.data(), totals.data(), not_finite.data(), nullptr);
  });
}

template <class T>
void time_input(const Bench& bench, int64_t batch, const char* type) {
  const NetInputFormat deep{InputArrangement::kSpaceToDepth, 224, 3, 4, 2, 57};
  Preprocessing pre;
  pre.gain = {1, 1, 1};
  const Array<uint8_t> crops(batch * 3 * 224 * 224);
  const Array<float> mean(kRecordBytes);
  const Array<RecordDraw> draws(batch, 0);
  const Array<T> out(batch * deep.image_values()), made(batch * 3 * 224 * 224);
  const double read = static_cast<double>(batch) * 3 * 224 * 224;
  bench.report("input from records", type, read + out.bytes(), [&] {
    write_input<T>(nullptr, {crops.data(), 224}, draws.data(), nullptr, batch, batch, pre, mean.data(),
                   out.data(), deep);
  });
  bench.report("input from images", type, made.bytes() + out.bytes(), [&] {
    arrange_input<T>(nullptr, made.data(), InputLayout::kNhwc, nullptr, batch, out.data(), deep);
  });
}

void time_update(const Bench& bench) {
  const int64_t count = 30'482'612;  // of one column
  const Array<float> w(count), v(count), g(count);
  const Array<Bf16> copy(count);
  std::vector<ParameterEntry> entries{{w.data(), v.data(), g.data(), copy.data(), count, 0, 0}};
  ParameterTable table = make_parameter_table(entries);
  const Array<ParameterEntry> stored(1);
  check(cudaMemcpy(stored.data(), entries.data(), sizeof(ParameterEntry), cudaMemcpyHostToDevice), "copying");
  table.entries = stored.data();
  const ParameterRates rates{1e-6f, 0.9f, 0.0005f, 0};
  const Array<ParameterRates> stored_rates(1);
  check(cudaMemcpy(stored_rates.data(), &rates, sizeof rates, cudaMemcpyHostToDevice), "copying");
  bench.report("update", "fp32+bf16", 2 * w.bytes() + 2 * v.bytes() + g.bytes() + copy.bytes(),
               [&] { sgd_update(nullptr, table, stored_rates.data(), nullptr, nullptr); });
  const Array<uint32_t> flag(1);
  bench.report("find not finite", "fp32", w.bytes(), [&] { find_not_finite(nullptr, table, flag.data()); });
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t batch = argc > 1 ? std::atoll(argv[1]) : 1024;
  if (batch < 1) {
    std::fprintf(stderr, "usage: %s [batch]\n", argv[0]);
    return 2;
  }
  try {
    const Bench bench;
    time_maps<Bf16>(bench, batch, "bf16");
    time_maps<float>(bench, batch, "fp32");
    time_units<Bf16>(bench, batch, "bf16");
    time_input<Bf16>(bench, batch, "bf16");
    time_update(bench);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
  return 0;
}
