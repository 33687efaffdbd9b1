#include "cuda/column/product.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

namespace alexnet::cuda {

Matmul::Matmul(const DeviceContext& context, const MatmulShape& shape, const ProductRules& rules)
    : context_(context) {
  try {
    create(shape, rules);
  } catch (...) {
    destroy();
    throw;
  }
}

Matmul::~Matmul() { destroy(); }

void Matmul::create(const MatmulShape& s, const ProductRules& rules) {
  adds_ = s.adds;
  measured_ = rules.measured;
  ALEXNET_CUBLASLT_CHECK(context_, create_desc(&desc_, s.compute, kCudaFloat));
  const auto set = [&](int attribute, const auto& value) {
    ALEXNET_CUBLASLT_CHECK(context_, set_desc(desc_, attribute, &value, sizeof value));
  };
  const int32_t transpose_a = s.transpose_a ? kCublasOperationT : kCublasOperationN;
  const int32_t transpose_b = s.transpose_b ? kCublasOperationT : kCublasOperationN;
  set(kCublasLtTransA, transpose_a);
  set(kCublasLtTransB, transpose_b);
  set(kCublasLtEpilogue, static_cast<uint32_t>(s.epilogue));
  if (s.epilogue != kCublasLtEpilogueDefault) {
    set(kCublasLtBiasDataType, static_cast<int32_t>(s.type_d));
    // Only its alignment matters before the first run: the arena's.
    set_bias(reinterpret_cast<const void*>(uintptr_t{256}));
  }
  const auto layout = [&](CublasLtLayout& to, int type, int64_t rows, int64_t columns, int64_t stride) {
    ALEXNET_CUBLASLT_CHECK(
        context_, create_layout(&to, type, static_cast<uint64_t>(rows), static_cast<uint64_t>(columns),
                                stride > 0 ? stride : rows));
  };
  layout(a_, s.type_ab, s.transpose_a ? s.k : s.m, s.transpose_a ? s.m : s.k, s.stride_a);
  layout(b_, s.type_ab, s.transpose_b ? s.n : s.k, s.transpose_b ? s.k : s.n, s.stride_b);
  layout(d_, s.type_d, s.m, s.n, 0);
  propose(s, rules);
}

void Matmul::propose(const MatmulShape& s, const ProductRules& rules) {
  CublasLtPreference preference = nullptr;
  ALEXNET_CUBLASLT_CHECK(context_, create_preference(&preference));
  CublasStatus status = kCublasSuccess;
  const auto prefer = [&](int attribute, const auto& value) {
    if (status == kCublasSuccess)
      status = context_.cublas().set_preference(preference, attribute, &value, sizeof value);
  };
  prefer(kCublasLtMaxWorkspace, static_cast<uint64_t>(rules.workspace_bytes));
  // Where several blocks share a sum, its parts are kept in float and added up afterwards. The other ways
  // round them to the result's type, or add them where the result lies in the order in which blocks come to
  // it.
  prefer(kCublasLtReductionMask, uint32_t{kCublasLtReduceComputeType});
  if (s.alignment > 0)
    for (const int which : {kCublasLtAlignmentA, kCublasLtAlignmentB})
      prefer(which, static_cast<uint32_t>(s.alignment));
  std::vector<CublasLtHeuristicResult> results(rules.measured ? kEnginesMeasured : 1);
  int found = 0;
  if (status == kCublasSuccess)
    status = context_.cublas().heuristic(context_.cublas_handle(), desc_, a_, b_, d_, d_, preference,
                                         static_cast<int>(results.size()), results.data(), &found);
  context_.cublas().destroy_preference(preference);
  // A status that is not success says that nothing fits: plain forms are tried next, and the last one is
  // told.
  if (status != kCublasSuccess) return;
  for (const CublasLtHeuristicResult& result : std::span(results).first(static_cast<size_t>(found)))
    if (result.state == kCublasSuccess) algorithms_.push_back({result.algo, result.workspace_bytes});
}

int64_t Matmul::workspace_bytes() const {
  size_t bytes = 0;
  for (const Algorithm& algorithm : algorithms_) bytes = std::max(bytes, algorithm.workspace_bytes);
  return static_cast<int64_t>(bytes);
}

void Matmul::destroy() {
  const CublasLt& cublas = context_.cublas();
  for (CublasLtLayout layout : {a_, b_, d_})
    if (layout) cublas.destroy_layout(layout);
  if (desc_) cublas.destroy_desc(desc_);
}

void Matmul::set_bias(const void* bias) {
  ALEXNET_CUBLASLT_CHECK(context_, set_desc(desc_, kCublasLtBiasPointer, &bias, sizeof bias));
}

void Matmul::bind(const void* a, const void* b, void* d, void* workspace) {
  a_data_ = a;
  b_data_ = b;
  d_data_ = d;
  workspace_ = workspace;
  if (measured_) keep_fastest();
}

void Matmul::keep_fastest() {
  // As with convolutions one that is proposed may refuse to compute. Where all do the first run tells why.
  const auto refuses = [&](const Algorithm& algorithm) {
    if (multiply(algorithm) == kCublasSuccess) return false;
    check_device(context_.device());
    cudaGetLastError();  // the next launch would be blamed for it
    return true;
  };
  std::vector<Algorithm> computing = algorithms_;
  std::erase_if(computing, refuses);
  if (computing.empty()) return;
  choice_ = choose_fastest(context_, computing.size(), [&](size_t i) { run(computing[i]); });
  algorithms_ = {computing[choice_.fastest]};
}

CublasStatus Matmul::multiply(const Algorithm& by) const {
  const float one = 1, beta = adds_ ? 1.0f : 0.0f;
  return context_.cublas().matmul(context_.cublas_handle(), desc_, &one, a_data_, a_, b_data_, b_, &beta,
                                  d_data_, d_, d_data_, d_, &by.code, workspace_, by.workspace_bytes,
                                  context_.compute());
}

void Matmul::run(const Algorithm& by) const {
  const CublasStatus status = multiply(by);
  if (status != kCublasSuccess)
    fail_cublaslt(context_.cublas(), status, "matmul", context_.device(), Place::current());
}

namespace {

template <class T>
constexpr int cuda_type() {
  return sizeof(T) == 2 ? kCudaBfloat16 : kCudaFloat;
}

int compute_type(Precision precision) {
  return precision == Precision::kTf32 ? kCublasCompute32FFastTf32 : kCublasCompute32F;
}

std::unique_ptr<Matmul> required(const DeviceContext& context, const MatmulShape& shape,
                                 const ProductRules& rules) {
  auto matmul = std::make_unique<Matmul>(context, shape, rules);
  if (!matmul->available())
    throw Error(ErrorCode::kDeviceUnavailable,
                device_name(context.device()) + ": cuBLASLt " + context.cublas().state.version +
                    " has no way to multiply [" + std::to_string(shape.m) + ", " + std::to_string(shape.k) +
                    "] by [" + std::to_string(shape.k) + ", " + std::to_string(shape.n) +
                    "]; choose another precision, or train on the CPU");
  return matmul;
}

}  // namespace

// In column-major order a row-major matrix is its own transpose: x is [in, batch], weights [in, out], y
// [out, batch].
template <class T, class Out>
void Product<T, Out>::plan_forward(const DeviceContext& context, const ProductShape& s, bool relu,
                                   const ProductRules& rules) {
  MatmulShape forward{.m = s.out,
                      .n = s.batch,
                      .k = s.in,
                      .transpose_a = true,
                      .transpose_b = false,
                      .type_ab = cuda_type<T>(),
                      .type_d = cuda_type<Out>(),
                      .compute = compute_type(rules.precision),
                      .epilogue = relu ? kCublasLtEpilogueReluBias : kCublasLtEpilogueBias};
  if (s.early.size() > 0) {
    early_begin_ = s.early.begin;
    begin_ = s.early.begin == 0 ? s.early.end : 0;
    MatmulShape early = forward;
    early.k = s.early.size();
    early.stride_a = early.stride_b = s.in;
    early.epilogue = kCublasLtEpilogueDefault;
    early.alignment = std::gcd(kArenaBoundary, std::max(early_begin_, begin_) * int64_t{sizeof(T)});
    early_ = required(context, early, rules);
    forward.k = s.in - early.k;
    forward.stride_a = forward.stride_b = s.in;
    forward.alignment = early.alignment;
    forward.adds = true;
  }
  forward_ = std::make_unique<Matmul>(context, forward, rules);
  plain_ = !forward_->available();
  if (plain_) {
    forward.epilogue = kCublasLtEpilogueDefault;
    forward_ = required(context, forward, rules);
  }
}

template <class T, class Out>
Product<T, Out>::Product(const DeviceContext& context, const ProductShape& s, bool relu, bool training,
                         const ProductRules& rules) {
  plan_forward(context, s, relu, rules);
  if (!training) return;
  MatmulShape data{.m = s.in, .n = s.batch, .k = s.out};
  data.type_ab = data.type_d = cuda_type<T>();
  data.compute = compute_type(rules.precision);
  data.epilogue = kCublasLtEpilogueDefault;
  backward_data_ = required(context, data, rules);
  MatmulShape weights{.m = s.in, .n = s.out, .k = s.batch, .transpose_a = false, .transpose_b = true};
  weights.type_ab = cuda_type<T>();
  weights.type_d = kCudaFloat;
  weights.compute = compute_type(rules.precision);
  weights.epilogue = kCublasLtEpilogueDefault;
  backward_weights_ = required(context, weights, rules);
}

template <class T, class Out>
int64_t Product<T, Out>::workspace_bytes() const {
  int64_t bytes = 0;
  for (const auto* matmul : {&early_, &forward_, &backward_data_, &backward_weights_})
    if (*matmul) bytes = std::max(bytes, (*matmul)->workspace_bytes());
  return bytes;
}

template <class T, class Out>
void Product<T, Out>::bind(const ProductData<T, Out>& d, void* workspace) {
  if (!plain_) forward_->set_bias(d.bias);
  if (early_) early_->bind(d.weights + early_begin_, d.x + early_begin_, d.y, workspace);
  forward_->bind(d.weights + begin_, d.x + begin_, d.y, workspace);
  if (backward_data_) backward_data_->bind(d.weights, d.dy, d.dx, workspace);
  if (backward_weights_) backward_weights_->bind(d.x, d.dy, d.dweights, workspace);
}

template <class T, class Out>
LayerEngines Product<T, Out>::engines() const {
  const auto choice = [](const std::unique_ptr<Matmul>& matmul) {
    return matmul ? matmul->choice() : EngineChoice{};
  };
  return {choice(forward_), choice(backward_data_), choice(backward_weights_)};
}

template class Product<float, float>;
template class Product<Bf16, Bf16>;
template class Product<Bf16, float>;

}  // namespace alexnet::cuda
