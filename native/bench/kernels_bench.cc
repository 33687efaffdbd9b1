// Times the own CPU kernels at AlexNet's shapes, batch 128, one column, and oneDNN's LRN and pooling
// primitives at the same shapes. One JSON object a line:
//   kernels_bench [threads]           (default 2)
// ms is the median of the repetitions, best_ms the fastest, cpu_ms the mean processor time of one thread
// (on a machine that does other work too, the only one of the three to trust). gb_per_s counts each array
// that must be read or written once, by best_ms; "copy" gives the machine's own speed for comparison.
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <dnnl.hpp>
#include <functional>
#include <new>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "cpu/kernels/kernels.h"

namespace {

using namespace alexnet;
using namespace alexnet::cpu;
using dnnl::memory;

constexpr int64_t kBatch = 128;

struct Shape {
  const char* name;
  int64_t channels, in, out;
};
constexpr Shape kFused[] = {{"conv1", 48, 55, 27}, {"conv2", 128, 27, 13}};
constexpr Shape kPooled[] = {{"conv5", 128, 13, 6}};

void report(const std::string& name, const char* type, double bytes, const std::function<void()>& run) {
  run();
  std::vector<double> times;
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto begin = now();
  const std::clock_t cpu_begin = std::clock();
  while (times.size() < 7 || (times.size() < 50 && now() - begin < std::chrono::milliseconds(600))) {
    const auto start = now();
    run();
    times.push_back(std::chrono::duration<double, std::milli>(now() - start).count());
  }
  const double cpu_ms = static_cast<double>(std::clock() - cpu_begin) * 1e3 / CLOCKS_PER_SEC /
                        static_cast<double>(times.size()) / omp_get_max_threads();
  std::sort(times.begin(), times.end());
  std::printf(
      "{\"kernel\":\"%s\",\"type\":\"%s\",\"threads\":%d,\"ms\":%.3f,\"best_ms\":%.3f,\"cpu_ms\":%.3f,"
      "\"gb_per_s\":%.1f}\n",
      name.c_str(), type, omp_get_max_threads(), times[times.size() / 2], times[0], cpu_ms,
      bytes / times[0] * 1e-6);
  std::fflush(stdout);
}

/// Page-aligned values of the size of T, uniform in [-1, 1), where zero is as likely as after ReLU.
template <class T>
class Array {
 public:
  explicit Array(int64_t count, bool random = true) : count_(count) {
    data_ = static_cast<T*>(::operator new (static_cast<size_t>(count) * sizeof(T), std::align_val_t{4096}));
    std::vector<float> values(1 << 16);
    std::mt19937 draw(1);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (float& v : values) v = random ? std::max(0.0f, uniform(draw)) : 0.0f;
    for (int64_t i = 0; i < count; i += 1 << 16) {
      const int64_t n = std::min<int64_t>(1 << 16, count - i);
      if constexpr (sizeof(T) == 4) {
        std::copy_n(values.begin(), n, reinterpret_cast<float*>(data_) + i);
      } else if constexpr (sizeof(T) == 2) {
        to_bf16(values.data(), reinterpret_cast<Bf16*>(data_) + i, n);
      } else {
        std::fill_n(reinterpret_cast<uint8_t*>(data_) + i, n, uint8_t{0});
      }
    }
  }
  ~Array() { ::operator delete (data_, std::align_val_t{4096}); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  T* get() { return data_; }
  double bytes() const { return static_cast<double>(count_) * sizeof(T); }

 private:
  T* data_;
  int64_t count_;
};

MapView view_of(bool channels_last, int64_t channels, int64_t size) {
  return channels_last ? channels_last_view(kBatch, channels, size, size)
                       : blocked_view(kBatch, channels, size, size);
}

template <class T>
void own_fused(const Shape& s, bool channels_last, const char* type) {
  const MapView in = view_of(channels_last, s.channels, s.in),
                out = view_of(channels_last, s.channels, s.out);
  Array<T> x(in.padded_count()), dx(in.padded_count()), y(out.padded_count()), dy(out.padded_count());
  Array<uint8_t> argmax(out.padded_count());
  const std::string name = std::string(s.name) + (channels_last ? " nhwc" : " nChw16c");
  report(name + " lrn_pool_forward", type, x.bytes() + y.bytes() + argmax.bytes(),
         [&] { lrn_pool_forward(x.get(), in, y.get(), out, argmax.get(), LrnSpec{}, PoolSpec{}); });
  report(name + " lrn_pool_backward", type, x.bytes() + dx.bytes() + dy.bytes() + argmax.bytes(), [&] {
    lrn_pool_backward(x.get(), in, dy.get(), out, argmax.get(), dx.get(), in, LrnSpec{}, PoolSpec{},
                      Activation::kRelu);
  });
}

template <class T>
void own_pool(const Shape& s, bool channels_last, const char* type) {
  const MapView in = view_of(channels_last, s.channels, s.in),
                out = view_of(channels_last, s.channels, s.out);
  Array<T> x(in.padded_count()), dx(in.padded_count()), y(out.padded_count()), dy(out.padded_count());
  Array<uint8_t> argmax(out.padded_count());
  const std::string name = std::string(s.name) + (channels_last ? " nhwc" : " nChw16c");
  report(name + " pool_forward", type, x.bytes() + y.bytes() + argmax.bytes(),
         [&] { pool_forward(x.get(), in, y.get(), out, argmax.get(), PoolSpec{}); });
  report(name + " pool_backward", type, x.bytes() + dx.bytes() + dy.bytes() + argmax.bytes(), [&] {
    pool_backward(x.get(), in, dy.get(), out, argmax.get(), dx.get(), in, PoolSpec{}, Activation::kRelu);
  });
}

/// oneDNN's primitives one after the other: what the fused kernel replaces (ReLU's derivative apart).
template <class T>
void onednn(const Shape& s, bool with_lrn, const char* type) {
  using dnnl::algorithm;
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const auto dt = sizeof(T) == 4 ? memory::data_type::f32 : memory::data_type::bf16;
  const auto tag = memory::format_tag::nChw16c;
  const memory::desc in({kBatch, s.channels, s.in, s.in}, dt, tag);
  const memory::desc out({kBatch, s.channels, s.out, s.out}, dt, tag);
  const int64_t in_count = blocked_view(kBatch, s.channels, s.in, s.in).padded_count();
  const int64_t out_count = blocked_view(kBatch, s.channels, s.out, s.out).padded_count();
  Array<T> x(in_count), dx(in_count), n(in_count), dn(in_count), y(out_count), dy(out_count);
  memory mx(in, engine, x.get()), mdx(in, engine, dx.get()), mn(in, engine, n.get()),
      mdn(in, engine, dn.get());
  memory my(out, engine, y.get()), mdy(out, engine, dy.get());

  const dnnl::lrn_forward::primitive_desc lrn_pd(
      {dnnl::prop_kind::forward_training, algorithm::lrn_across_channels, in, 5, 5e-4f, 0.75f, 2.0f}, engine);
  const dnnl::lrn_backward::primitive_desc lrn_back_pd(
      {algorithm::lrn_across_channels, in, in, 5, 5e-4f, 0.75f, 2.0f}, engine, lrn_pd);
  const dnnl::pooling_forward::primitive_desc pool_pd(
      {dnnl::prop_kind::forward_training, algorithm::pooling_max, in, out, {2, 2}, {3, 3}, {0, 0}, {0, 0}},
      engine);
  const dnnl::pooling_backward::primitive_desc pool_back_pd(
      {algorithm::pooling_max, in, out, {2, 2}, {3, 3}, {0, 0}, {0, 0}}, engine, pool_pd);
  memory lrn_workspace(lrn_pd.workspace_desc(), engine), pool_workspace(pool_pd.workspace_desc(), engine);
  const dnnl::lrn_forward lrn(lrn_pd);
  const dnnl::lrn_backward lrn_back(lrn_back_pd);
  const dnnl::pooling_forward pool(pool_pd);
  const dnnl::pooling_backward pool_back(pool_back_pd);
  const double places = static_cast<double>(out_count);
  report(
      std::string(s.name) + (with_lrn ? " onednn lrn+pool forward" : " onednn pool forward"), type,
      x.bytes() + y.bytes() + places, [&] {
        if (with_lrn) {
          lrn.execute(stream, {{DNNL_ARG_SRC, mx}, {DNNL_ARG_DST, mn}, {DNNL_ARG_WORKSPACE, lrn_workspace}});
        }
        pool.execute(
            stream,
            {{DNNL_ARG_SRC, with_lrn ? mn : mx}, {DNNL_ARG_DST, my}, {DNNL_ARG_WORKSPACE, pool_workspace}});
        stream.wait();
      });
  report(std::string(s.name) + (with_lrn ? " onednn pool+lrn backward" : " onednn pool backward"), type,
         x.bytes() + dx.bytes() + y.bytes() + places, [&] {
           pool_back.execute(stream, {{DNNL_ARG_DIFF_DST, mdy},
                                      {DNNL_ARG_DIFF_SRC, with_lrn ? mdn : mdx},
                                      {DNNL_ARG_WORKSPACE, pool_workspace}});
           if (with_lrn) {
             lrn_back.execute(stream, {{DNNL_ARG_SRC, mx},
                                       {DNNL_ARG_DIFF_DST, mdn},
                                       {DNNL_ARG_DIFF_SRC, mdx},
                                       {DNNL_ARG_WORKSPACE, lrn_workspace}});
           }
           stream.wait();
         });
}

void arrays() {
  constexpr int64_t kParameters = 30'500'000;  // one column's half
  {
    Array<float> a(kParameters), b(kParameters);
    report("copy", "fp32", 2 * a.bytes(), [&] {
      const MapView line = blocked_view(1, 16, 1000, kParameters / 16000);
      copy_map(a.get(), line, b.get(), line);
    });
    Array<Bf16> h(kParameters);
    report("to_bf16", "fp32", a.bytes() + h.bytes(), [&] { to_bf16(a.get(), h.get(), kParameters); });
    Array<float> g(kParameters);
    const SgdStep step{0.01f, 0.9f, 5e-4f};
    report("sgd_update", "fp32", 5 * a.bytes(),
           [&] { sgd_update(a.get(), b.get(), g.get(), kParameters, step); });
    report("sgd_update with bf16 copy", "fp32", 5 * a.bytes() + h.bytes(),
           [&] { sgd_update(a.get(), b.get(), g.get(), kParameters, step, h.get()); });
    report("all_finite", "fp32", a.bytes(), [&] {
      if (!all_finite(a.get(), kParameters)) std::abort();
    });
  }
  constexpr int64_t kUnits = 2048;
  Array<float> x(kBatch * kUnits), y(kBatch * kUnits);
  Array<uint8_t> kept(kBatch * kUnits);
  DropoutDraw draw;
  draw.total_features = 4096;
  report("fc dropout_forward", "fp32", x.bytes() + y.bytes() + kept.bytes(),
         [&] { dropout_forward(x.get(), y.get(), kept.get(), kBatch, kUnits, kUnits, draw); });
  report("fc column_sums", "fp32", x.bytes(), [&] { column_sums(x.get(), kBatch, kUnits, kUnits, y.get()); });
  Array<float> logits(kBatch * 1000), dlogits(kBatch * 1000);
  const std::vector<int32_t> labels(kBatch, 7);
  report("softmax_cross_entropy", "fp32", logits.bytes() + dlogits.bytes(), [&] {
    softmax_cross_entropy(logits.get(), labels.data(), kBatch, 1000, 1000, 1.0 / kBatch, dlogits.get(),
                          nullptr, nullptr, nullptr);
  });
}

template <class T>
void all_maps(const char* type) {
  for (const Shape& s : kFused) {
    own_fused<T>(s, false, type);
    own_fused<T>(s, true, type);
    onednn<T>(s, true, type);
  }
  for (const Shape& s : kPooled) {
    own_pool<T>(s, false, type);
    own_pool<T>(s, true, type);
    onednn<T>(s, false, type);
  }
}

}  // namespace

int main(int argc, char** argv) {
  omp_set_num_threads(argc > 1 ? std::atoi(argv[1]) : 2);
  all_maps<float>("fp32");
  all_maps<Bf16>("bf16");
  arrays();
}
