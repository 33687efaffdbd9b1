// cuDNN's graph interface as plain loops. It keeps what is set, refuses attributes of a wrong type or a
// descriptor that is not finalized, proposes engines that must not be taken, and computes convolutions with
// or without sums, biases and ReLU after them.
#include <algorithm>
#include <cstring>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cuda/column/fake_cudnn_rules.h"
#include "cuda/column/fake_device.h"
#include "cuda/kernels/values.h"
#include "cuda/libraries/cudnn.h"

using namespace alexnet;
using namespace alexnet::cuda;
using namespace alexnet::fake;

namespace {

constexpr CudnnStatus kBadParameter = 2000, kNotSupported = 3000;

struct Descriptor;

struct Attribute {
  int type = 0;
  std::vector<char> bytes;

  template <class V>
  std::vector<V> as() const {
    std::vector<V> values(bytes.size() / sizeof(V));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
};

struct Descriptor {
  int kind = 0;
  bool finalized = false;
  std::map<int, Attribute> attributes;
  int engine = 0;  // of a configuration: which of those that were proposed

  bool has(int attribute) const { return attributes.count(attribute) > 0; }
  std::vector<int64_t> integers(int attribute) const { return attributes.at(attribute).as<int64_t>(); }
  int value(int attribute) const { return attributes.at(attribute).as<int>()[0]; }
  const Descriptor* descriptor(int attribute) const {
    return static_cast<const Descriptor*>(attributes.at(attribute).as<void*>()[0]);
  }
};

Descriptor* of(CudnnDescriptor descriptor) { return static_cast<Descriptor*>(descriptor); }

/// The engines that are proposed, in order. Those that are proposed first need tensor cores: in fp32 only the
/// fallbacks may be taken. The fastest ones must not be taken: the first for its bits, the second for its
/// memory, and the third makes a plan and then does not compute it, as some of the real ones. Those that
/// transform what they multiply must not, either.
struct Engine {
  const char* name;
  std::vector<int> notes;
  int64_t workspace;
  double milliseconds;
  bool computes = true;
};
const Engine kEngines[] = {{"nondeterministic", {kCudnnNoteTensorCore, kCudnnNoteNondeterministic}, 0, 1},
                           {"huge", {kCudnnNoteTensorCore}, int64_t{1} << 40, 1},
                           {"refusing", {kCudnnNoteTensorCore}, 2048, 1, false},
                           {"Winograd's", {kCudnnNoteTensorCore, kCudnnNoteWinograd}, 0, 1},
                           {"first", {kCudnnNoteTensorCore}, 1024, 6},
                           {"fast", {kCudnnNoteTensorCore}, 3072, 3},
                           {"equal", {kCudnnNoteTensorCore}, 512, 3},
                           {"Fourier's", {kCudnnNoteFft}, 0, 1},
                           {"first fallback", {}, 4096, 8},
                           {"fast fallback", {}, 512, 4}};
constexpr int64_t kProposed = 7, kFallbacks = 3;

const Descriptor* graph_of(const Descriptor* plan) {
  return plan->descriptor(kCudnnPlanConfig)->descriptor(kCudnnHeuristicsGraph);
}

std::vector<const Descriptor*> operations(const Descriptor* graph) {
  std::vector<const Descriptor*> all;
  for (void* operation : graph->attributes.at(kCudnnGraphOperations).as<void*>())
    all.push_back(static_cast<const Descriptor*>(operation));
  return all;
}

/// A tensor with where it lies, or, if it is virtual, its values.
struct Tensor {
  std::vector<int64_t> dimensions, strides;
  int type = 0;
  void* data = nullptr;

  int64_t at(int64_t n, int64_t c, int64_t h, int64_t w) const {
    return n * strides[0] + c * strides[1] + h * strides[2] + w * strides[3];
  }
  size_t count() const {
    const auto& d = dimensions;
    return static_cast<size_t>(d[0] * d[1] * d[2] * d[3]);
  }
  void put_all(const std::vector<double>& values) const {
    for (size_t i = 0; i < values.size(); ++i) put(static_cast<int64_t>(i), values[i]);
  }
  double get(int64_t place) const {
    return type == kCudnnDataFloat ? static_cast<double>(static_cast<float*>(data)[place])
                                   : static_cast<double>(to_float(static_cast<Bf16*>(data)[place]));
  }
  void put(int64_t place, double value) const {
    if (type == kCudnnDataFloat)
      static_cast<float*>(data)[place] = static_cast<float>(value);
    else
      static_cast<Bf16*>(data)[place] = from_float<Bf16>(static_cast<float>(value));
  }
};

/// A tensor's values as they lie, channels last; sums of a result go the same way back.
std::vector<double> values_of(const Tensor& t) {
  std::vector<double> values(t.count());
  for (size_t i = 0; i < values.size(); ++i) values[i] = t.get(static_cast<int64_t>(i));
  return values;
}

struct Convolution {
  std::vector<int64_t> pad, stride;
  Tensor x, w, y;

  /// visit(place of x, place of w, place of y, length) for every run of products that lie side by side in x
  /// and in w: a row of the kernel with all its channels, as far as it is within the picture.
  template <class Visit>
  void runs(const Visit& visit) const {
    const int64_t channels = x.dimensions[1], outputs = y.dimensions[1], kernel = w.dimensions[3];
    for (int64_t n = 0; n < y.dimensions[0]; ++n)
      for (int64_t p = 0; p < y.dimensions[2]; ++p)
        for (int64_t q = 0; q < y.dimensions[3]; ++q) {
          const int64_t left = q * stride[1] - pad[1];
          const int64_t first = std::max<int64_t>(0, -left), last = std::min(kernel, x.dimensions[3] - left);
          for (int64_t r = 0; r < w.dimensions[2]; ++r) {
            const int64_t h = p * stride[0] + r - pad[0];
            if (h < 0 || h >= x.dimensions[2] || first >= last) continue;
            const int64_t from = x.at(n, 0, h, left + first), to = y.at(n, 0, p, q);
            for (int64_t o = 0; o < outputs; ++o)
              visit(from, w.at(o, 0, r, first), to + o, (last - first) * channels);
          }
        }
  }

  void forward() const {
    const auto a = values_of(x), b = values_of(w);
    std::vector<double> sums(y.count());
    runs([&](int64_t i, int64_t j, int64_t k, int64_t length) {
      const double *left = a.data() + i, *right = b.data() + j;
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t c = 0; c < length; ++c) sum += left[c] * right[c];
      sums[static_cast<size_t>(k)] += sum;
    });
    y.put_all(sums);
  }
  /// From dy (y) and `factor` to `to`: weights to dx, or x to dw.
  void backward(const Tensor& factor, const Tensor& to, bool data) const {
    const auto a = values_of(factor), g = values_of(y);
    std::vector<double> sums(to.count());
    runs([&](int64_t i, int64_t j, int64_t k, int64_t length) {
      const double* from = a.data() + (data ? j : i);
      double* at = sums.data() + (data ? i : j);
      const double gradient = g[static_cast<size_t>(k)];
#pragma omp simd
      for (int64_t c = 0; c < length; ++c) at[c] += gradient * from[c];
    });
    to.put_all(sums);
  }
};

/// Runs a graph with these places of its tensors.
class Run {
 public:
  Run(const Descriptor* graph, const Descriptor* pack) {
    const auto uids = pack->integers(kCudnnPackUids);
    const auto pointers = pack->attributes.at(kCudnnPackPointers).as<void*>();
    for (size_t i = 0; i < uids.size(); ++i) places_[uids[i]] = pointers[i];
    operations_ = operations(graph).size();
    for (const Descriptor* operation : operations(graph)) step(operation);
  }
  const std::vector<std::function<void()>>& steps() const { return steps_; }
  /// Whether every tensor lies as its description says.
  bool aligned() const { return aligned_; }
  /// How many its convolution gives.
  int64_t maps() const { return maps_; }

 private:
  Tensor tensor(const Descriptor* d) {
    Tensor t{d->integers(kCudnnTensorDimensions), d->integers(kCudnnTensorStrides),
             d->value(kCudnnTensorDataType), nullptr};
    const int64_t uid = d->integers(kCudnnTensorUid)[0];
    const bool is_virtual =
        d->has(kCudnnTensorVirtual) && d->attributes.at(kCudnnTensorVirtual).as<char>()[0] != 0;
    if (is_virtual && places_.count(uid) == 0) {
      const auto& s = t.dimensions;
      values_.push_back(std::make_shared<std::vector<float>>(static_cast<size_t>(s[0] * s[1] * s[2] * s[3])));
      places_[uid] = values_.back()->data();
    }
    t.data = places_.at(uid);
    const auto alignment = static_cast<uintptr_t>(d->integers(kCudnnTensorAlignment)[0]);
    aligned_ = aligned_ && (is_virtual || reinterpret_cast<uintptr_t>(t.data) % alignment == 0);
    return t;
  }

  void step(const Descriptor* d) {
    if (d->kind == kCudnnOperationPointwise) return pointwise(d);
    const bool forward = d->kind == kCudnnForward, data = d->kind == kCudnnBackwardData;
    const Descriptor* conv = d->descriptor(forward ? kCudnnForwardConvolution
                                           : data  ? kCudnnBackwardDataConvolution
                                                   : kCudnnBackwardFilterConvolution);
    Convolution c{conv->integers(kCudnnConvolutionPrePaddings), conv->integers(kCudnnConvolutionStrides),
                  tensor(d->descriptor(forward ? kCudnnForwardX
                                       : data  ? kCudnnBackwardDataDx
                                               : kCudnnBackwardFilterX)),
                  tensor(d->descriptor(forward ? kCudnnForwardW
                                       : data  ? kCudnnBackwardDataW
                                               : kCudnnBackwardFilterDw)),
                  tensor(d->descriptor(forward ? kCudnnForwardY
                                       : data  ? kCudnnBackwardDataDy
                                               : kCudnnBackwardFilterDy))};
    maps_ = c.y.dimensions[1];
    const bool alone = operations_ == 1;
    steps_.push_back([c, forward, data, alone, values = values_] {
      if (forward && alone) fake::tell("convolution alone");
      if (forward) return c.forward();
      if (!data) fake::tell("gradient of weights");
      c.backward(data ? c.w : c.x, data ? c.x : c.w, data);
    });
  }

  void pointwise(const Descriptor* d) {
    const bool relu =
        d->descriptor(kCudnnOperationPointwiseDescriptor)->value(kCudnnPointwiseMode) == kCudnnPointwiseRelu;
    const Tensor x = tensor(d->descriptor(kCudnnOperationPointwiseX));
    const Tensor b = relu ? Tensor{} : tensor(d->descriptor(kCudnnOperationPointwiseB));
    const Tensor y = tensor(d->descriptor(kCudnnOperationPointwiseY));
    // What has the result's shape is added value by value, a bias [1, channels, 1, 1] to every pixel.
    const bool whole = !relu && b.dimensions == y.dimensions;
    steps_.push_back([=, values = values_] {
      const auto& s = y.dimensions;
      for (int64_t n = 0; n < s[0]; ++n)
        for (int64_t c = 0; c < s[1]; ++c)
          for (int64_t h = 0; h < s[2]; ++h)
            for (int64_t w = 0; w < s[3]; ++w) {
              const double v = x.get(x.at(n, c, h, w));
              if (relu)
                y.put(y.at(n, c, h, w), std::max(0.0, v));
              else
                y.put(y.at(n, c, h, w), v + b.get(whole ? b.at(n, c, h, w) : b.at(0, c, 0, 0)));
            }
    });
  }

  bool aligned_ = true;
  int64_t maps_ = 0;
  size_t operations_ = 0;
  std::map<int64_t, void*> places_;
  std::vector<std::shared_ptr<std::vector<float>>> values_;
  std::vector<std::function<void()>> steps_;
};

void* g_stream[64];  // by handle

}  // namespace

#define FAKE extern "C" __attribute__((visibility("default")))

FAKE size_t cudnnGetVersion() { return 91002; }
FAKE const char* cudnnGetErrorString(CudnnStatus) { return "a status of the stand-in"; }
FAKE void cudnnGetLastErrorString(char* text, size_t) { *text = 0; }
FAKE CudnnStatus cudnnCreate(CudnnHandle* handle) {
  static std::atomic<uintptr_t> made{0};
  *handle = reinterpret_cast<CudnnHandle>(++made % 63 + 1);
  return 0;
}
FAKE CudnnStatus cudnnDestroy(CudnnHandle) { return 0; }
FAKE CudnnStatus cudnnSetStream(CudnnHandle handle, void* stream) {
  g_stream[reinterpret_cast<uintptr_t>(handle)] = stream;
  return 0;
}
FAKE CudnnStatus cudnnBackendCreateDescriptor(int kind, CudnnDescriptor* descriptor) {
  *descriptor = new Descriptor{.kind = kind, .finalized = false, .attributes = {}, .engine = 0};
  return 0;
}
FAKE CudnnStatus cudnnBackendDestroyDescriptor(CudnnDescriptor descriptor) {
  delete of(descriptor);
  return 0;
}

FAKE CudnnStatus cudnnBackendSetAttribute(CudnnDescriptor descriptor, int attribute, int type, int64_t count,
                                          const void* values) {
  Descriptor* d = of(descriptor);
  if (d->finalized || type != type_of(attribute) || count < 1) return kBadParameter;
  Attribute a{type, std::vector<char>(static_cast<size_t>(count) * size_of(type))};
  std::memcpy(a.bytes.data(), values, a.bytes.size());
  if (type == kCudnnTypeDescriptor)
    for (void* other : a.as<void*>())
      if (!of(other)->finalized) return kBadParameter;
  d->attributes[attribute] = a;
  return 0;
}

FAKE CudnnStatus cudnnBackendGetAttribute(CudnnDescriptor descriptor, int attribute, int, int64_t requested,
                                          int64_t* count, void* values) {
  const Descriptor* d = of(descriptor);
  if (attribute == kCudnnHeuristicsResults) {
    const bool best = d->value(kCudnnHeuristicsMode) == kCudnnHeuristicsA;
    const int64_t engines = best ? kProposed : kFallbacks;
    *count = requested == 0 ? engines : std::min(requested, engines);
    for (int64_t i = 0; values && i < *count; ++i) {
      Descriptor* config = of(static_cast<void**>(values)[i]);
      config->finalized = true;
      config->engine = static_cast<int>(best ? i : kProposed + i);
      config->attributes[kCudnnHeuristicsGraph] = d->attributes.at(kCudnnHeuristicsGraph);
    }
    return 0;
  }
  if (attribute == kCudnnConfigEngine) {
    Descriptor* engine = of(*static_cast<void**>(values));
    engine->finalized = true;
    engine->engine = d->engine;
    *count = 1;
    return 0;
  }
  if (attribute == kCudnnEngineNumericalNote) {
    const auto& notes = kEngines[d->engine].notes;
    *count = static_cast<int64_t>(notes.size());
    if (values)
      std::copy_n(notes.begin(), std::min(notes.size(), static_cast<size_t>(requested)),
                  static_cast<int*>(values));
    return 0;
  }
  if (attribute == kCudnnPlanWorkspace) {
    *count = 1;
    *static_cast<int64_t*>(values) = kEngines[d->descriptor(kCudnnPlanConfig)->engine].workspace;
    return 0;
  }
  return kBadParameter;
}

FAKE CudnnStatus cudnnBackendFinalize(CudnnDescriptor descriptor) {
  Descriptor* d = of(descriptor);
  for (int attribute : needed_by(d->kind))
    if (!d->has(attribute)) return kBadParameter;
  if (d->kind == kCudnnTensor) {
    // Channels last is what is asked for everywhere.
    if (d->integers(kCudnnTensorStrides)[1] != 1) return kNotSupported;
    const int64_t value = d->value(kCudnnTensorDataType) == kCudnnDataFloat ? 4 : 2;
    if (d->integers(kCudnnTensorAlignment)[0] % value != 0) return kBadParameter;
    // Some versions count a tensor's values in 32 bits.
    int64_t values = 1;
    for (const int64_t length : d->integers(kCudnnTensorDimensions)) values *= length;
    if (values > INT32_MAX) return kNotSupported;
  }
  if (d->kind == kCudnnHeuristics) {
    const Descriptor* graph = d->descriptor(kCudnnHeuristicsGraph);
    const bool fused = operations(graph).size() > 1;
    const Descriptor* weights = operations(graph)[0]->descriptor(
        operations(graph)[0]->kind == kCudnnForward        ? kCudnnForwardW
        : operations(graph)[0]->kind == kCudnnBackwardData ? kCudnnBackwardDataW
                                                           : kCudnnBackwardFilterDw);
    // As the real one: fused forms by tensor cores only, and not among the fallbacks. Some it has not at all.
    if (fused && (d->value(kCudnnHeuristicsMode) == kCudnnHeuristicsFallback ||
                  weights->integers(kCudnnTensorDimensions)[0] % 4 != 0))
      return kNotSupported;
  }
  d->finalized = true;
  return 0;
}

FAKE CudnnStatus cudnnBackendExecute(CudnnHandle handle, CudnnDescriptor plan, CudnnDescriptor pack) {
  if (!of(plan)->finalized || !of(pack)->finalized) return kBadParameter;
  if (!fake::is_current(g_stream[reinterpret_cast<uintptr_t>(handle)])) return kBadParameter;
  const Engine& engine = kEngines[of(plan)->descriptor(kCudnnPlanConfig)->engine];
  if (!engine.computes) return kNotSupported;
  const auto run = std::make_shared<Run>(graph_of(of(plan)), of(pack));
  if (!run->aligned()) return kBadParameter;
  if (run->maps() == fake::refused_maps()) return kNotSupported;
  void* workspace = of(pack)->attributes.at(kCudnnPackWorkspace).as<void*>()[0];
  fake::enqueue(g_stream[reinterpret_cast<uintptr_t>(handle)], [run, workspace, &engine] {
    fake::tell(std::string("convolution by ") + engine.name);
    std::memset(workspace, 0xEE, static_cast<size_t>(engine.workspace));
    for (const auto& step : run->steps()) step();
    fake::take(engine.milliseconds + (run->steps().size() > 1 ? fake::fusion() : 0));
  });
  return 0;
}
