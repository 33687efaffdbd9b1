// cuBLASLt as plain loops, reading what its callers set as the real one documents it.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "cuda/column/fake_device.h"
#include "cuda/kernels/values.h"
#include "cuda/libraries/cublaslt.h"

using namespace alexnet;
using namespace alexnet::cuda;

namespace alexnet::cuda {

struct CublasLtMatmulDescOpaque {
  int compute = 0;
  int32_t transpose_a = 0, transpose_b = 0, bias_type = -1;
  uint32_t epilogue = kCublasLtEpilogueDefault;
  const void* bias = nullptr;
};

struct CublasLtLayoutOpaque {
  int type = 0;
  int64_t rows = 0, columns = 0, leading = 0;
};

struct CublasLtPreferenceOpaque {
  uint64_t workspace = 0;
  uint32_t reductions = 7;                        // all
  uint32_t alignment_a = 256, alignment_b = 256;  // as the real one assumes
};

}  // namespace alexnet::cuda

namespace {

constexpr CublasStatus kInvalid = 7, kNotSupported = 15;

/// The algorithms that are proposed, in order: the fastest are those that do not compute what they are
/// proposed for, need more than there is, or add up in a way that is not wanted.
struct Algorithm {
  const char* name;
  size_t workspace;
  double milliseconds;
  bool computes = true;
  uint32_t reduction = 0;  // CUBLASLT_REDUCTION_SCHEME_...: none
};
const Algorithm kAlgorithms[] = {{"in place", 0, 1, true, 1},
                                 {"in the result's type", 0, 1, true, 4},
                                 {"first", 1024, 4},
                                 {"refusing", 0, 1, false},
                                 {"fast", 2048, 2, true, kCublasLtReduceComputeType},
                                 {"slow", 0, 9}};

float get(const void* data, int type, int64_t at) {
  return type == kCudaFloat ? static_cast<const float*>(data)[at]
                            : to_float(static_cast<const Bf16*>(data)[at]);
}

void put(void* data, int type, int64_t at, float value) {
  if (type == kCudaFloat)
    static_cast<float*>(data)[at] = value;
  else
    static_cast<Bf16*>(data)[at] = from_float<Bf16>(value);
}

}  // namespace

#define FAKE extern "C" __attribute__((visibility("default")))

FAKE size_t cublasLtGetVersion() { return 130002; }
FAKE const char* cublasLtGetStatusString(CublasStatus) { return "a status of the stand-in"; }
FAKE CublasStatus cublasLtCreate(CublasLtHandle* handle) {
  *handle = reinterpret_cast<CublasLtHandle>(uintptr_t{1});
  return 0;
}
FAKE CublasStatus cublasLtDestroy(CublasLtHandle) { return 0; }
FAKE CublasStatus cublasLtMatmulDescCreate(CublasLtMatmulDesc* desc, int compute, int scale) {
  if (scale != kCudaFloat) return kInvalid;
  *desc = new CublasLtMatmulDescOpaque{.compute = compute};
  return 0;
}
FAKE CublasStatus cublasLtMatmulDescDestroy(CublasLtMatmulDesc desc) {
  delete desc;
  return 0;
}
FAKE CublasStatus cublasLtMatmulDescSetAttribute(CublasLtMatmulDesc d, int attribute, const void* value,
                                                 size_t bytes) {
  const auto set = [&](auto& to) {
    if (bytes != sizeof to) return kInvalid;
    std::memcpy(&to, value, bytes);
    return CublasStatus{0};
  };
  if (attribute == kCublasLtTransA) return set(d->transpose_a);
  if (attribute == kCublasLtTransB) return set(d->transpose_b);
  if (attribute == kCublasLtEpilogue) return set(d->epilogue);
  if (attribute == kCublasLtBiasPointer) return set(d->bias);
  if (attribute == kCublasLtBiasDataType) return set(d->bias_type);
  return kInvalid;
}
FAKE CublasStatus cublasLtMatrixLayoutCreate(CublasLtLayout* layout, int type, uint64_t rows,
                                             uint64_t columns, int64_t leading) {
  *layout =
      new CublasLtLayoutOpaque{type, static_cast<int64_t>(rows), static_cast<int64_t>(columns), leading};
  return 0;
}
FAKE CublasStatus cublasLtMatrixLayoutDestroy(CublasLtLayout layout) {
  delete layout;
  return 0;
}
FAKE CublasStatus cublasLtMatmulPreferenceCreate(CublasLtPreference* preference) {
  *preference = new CublasLtPreferenceOpaque;
  return 0;
}
FAKE CublasStatus cublasLtMatmulPreferenceDestroy(CublasLtPreference preference) {
  delete preference;
  return 0;
}
FAKE CublasStatus cublasLtMatmulPreferenceSetAttribute(CublasLtPreference preference, int attribute,
                                                       const void* value, size_t bytes) {
  const auto set = [&](auto& to) {
    if (bytes != sizeof to) return kInvalid;
    std::memcpy(&to, value, bytes);
    return CublasStatus{0};
  };
  if (attribute == kCublasLtMaxWorkspace) return set(preference->workspace);
  if (attribute == kCublasLtReductionMask) return set(preference->reductions);
  if (attribute == kCublasLtAlignmentA) return set(preference->alignment_a);
  if (attribute == kCublasLtAlignmentB) return set(preference->alignment_b);
  return kInvalid;
}

FAKE CublasStatus cublasLtMatmulAlgoGetHeuristic(CublasLtHandle, CublasLtMatmulDesc d, CublasLtLayout a,
                                                 CublasLtLayout b, CublasLtLayout c, CublasLtLayout out,
                                                 CublasLtPreference preference, int requested,
                                                 CublasLtHeuristicResult* results, int* found) {
  *found = 0;
  const bool a_t = d->transpose_a == kCublasOperationT, b_t = d->transpose_b == kCublasOperationT;
  const int64_t m = a_t ? a->columns : a->rows, k = a_t ? a->rows : a->columns;
  const int64_t n = b_t ? b->rows : b->columns, k_b = b_t ? b->columns : b->rows;
  if (k != k_b || out->rows != m || out->columns != n || c->rows != m || a->type != b->type) return kInvalid;
  const bool biased = d->epilogue != kCublasLtEpilogueDefault;
  if (biased && (d->bias_type != out->type || !d->bias)) return kInvalid;
  // Something that the real one may not have, so that callers' other way is taken too.
  if (biased && m % 2 == 1) return kNotSupported;
  for (const Algorithm& algorithm : kAlgorithms) {
    if (*found == requested) break;
    if (algorithm.workspace > preference->workspace) continue;
    if ((algorithm.reduction & ~preference->reductions) != 0) continue;
    CublasLtHeuristicResult& result = results[(*found)++];
    result = {};
    result.algo.data[0] = preference->alignment_a;
    result.algo.data[1] = preference->alignment_b;
    result.algo.data[2] = static_cast<uint64_t>(&algorithm - kAlgorithms);
    result.workspace_bytes = algorithm.workspace;
  }
  return 0;
}

FAKE CublasStatus cublasLtMatmul(CublasLtHandle, CublasLtMatmulDesc desc, const void* alpha, const void* a,
                                 CublasLtLayout a_layout, const void* b, CublasLtLayout b_layout,
                                 const void* beta, const void* c, CublasLtLayout, void* out,
                                 CublasLtLayout out_layout, const CublasLtAlgo* algorithm, void* workspace,
                                 size_t workspace_bytes, void* stream) {
  const float kept = *static_cast<const float*>(beta);
  if (*static_cast<const float*>(alpha) != 1 || (kept != 0 && kept != 1) || c != out || !algorithm ||
      (workspace_bytes > 0 && !workspace) || !fake::is_current(stream))
    return kInvalid;
  if (reinterpret_cast<uintptr_t>(a) % algorithm->data[0] != 0 ||
      reinterpret_cast<uintptr_t>(b) % algorithm->data[1] != 0)
    return kInvalid;
  const Algorithm& by = kAlgorithms[algorithm->data[2]];
  if (workspace_bytes != by.workspace) return kInvalid;
  if (!by.computes) return kNotSupported;
  const CublasLtMatmulDescOpaque d = *desc;
  const CublasLtLayoutOpaque la = *a_layout, lb = *b_layout, lo = *out_layout;
  fake::enqueue(stream, [=, &by] {
    fake::tell(std::string("product by ") + by.name);
    fake::take(by.milliseconds);
    if (workspace_bytes > 0) std::memset(workspace, 0xEE, workspace_bytes);
    if (kept == 0 && lb.leading > lb.rows) fake::tell("early product");
    const bool a_t = d.transpose_a == kCublasOperationT, b_t = d.transpose_b == kCublasOperationT;
    const int64_t inner = a_t ? la.rows : la.columns;
    const bool biased = d.epilogue != kCublasLtEpilogueDefault,
               relu = d.epilogue == kCublasLtEpilogueReluBias;
    for (int64_t j = 0; j < lo.columns; ++j)
      for (int64_t i = 0; i < lo.rows; ++i) {
        const int64_t at = j * lo.leading + i;
        double sum = kept == 1 ? static_cast<double>(get(out, lo.type, at)) : 0.0;
        for (int64_t p = 0; p < inner; ++p)
          sum += static_cast<double>(get(a, la.type, a_t ? i * la.leading + p : p * la.leading + i)) *
                 static_cast<double>(get(b, lb.type, b_t ? p * lb.leading + j : j * lb.leading + p));
        if (biased) sum += static_cast<double>(get(d.bias, lo.type, i));
        if (relu && sum < 0) sum = 0;
        put(out, lo.type, at, static_cast<float>(sum));
      }
  });
  return 0;
}
