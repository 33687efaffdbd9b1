// The products of a fully connected layer, by cuBLASLt. Rows are images: y [batch, out] = x [batch, in] times
// the transpose of weights [out, in], plus bias.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "alexnet/run_config.h"
#include "alexnet/net_spec.h"
#include "cuda/column/arena.h"
#include "cuda/column/engine_choice.h"
#include "cuda/kernels/map_view.h"

namespace alexnet::cuda {

struct ProductShape {
  int64_t batch = 0, in = 0, out = 0;
  /// Features of x that forward_early() multiplies, while the others are not there yet: it begins with the
  /// first or ends with the last of them. Empty: forward() multiplies all at once.
  Range early{};
};

/// Which algorithms may be chosen.
struct ProductRules {
  Precision precision = Precision::kFp32;
  int64_t workspace_bytes = 0;  // at most
  bool measured = false;        // the fastest of a few of them; otherwise the first
};

/// D = op(A) op(B) in cuBLASLt's column-major order: D is [m, n], k is summed over.
struct MatmulShape {
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  int type_ab = 0, type_d = 0;  // kCudaFloat, kCudaBfloat16
  int compute = 0;              // kCublasCompute...
  int epilogue = 0;             // kCublasLtEpilogue...
  // A's and B's rows in memory, and the bytes on whose multiple they begin; 0: dense, the arena's.
  int64_t stride_a = 0, stride_b = 0, alignment = 0;
  bool adds = false;  // to what D holds
};

/// One product with the algorithm that computes it: the first that cuBLASLt proposes, which depends on the
/// device, the library and the shape alone, so that a resumed run goes on bit for bit; or the fastest.
class Matmul {
 public:
  /// Not available() where cuBLASLt proposes nothing.
  Matmul(const DeviceContext& context, const MatmulShape& shape, const ProductRules& rules);
  ~Matmul();
  Matmul(const Matmul&) = delete;
  Matmul& operator=(const Matmul&) = delete;

  bool available() const { return !algorithms_.empty(); }
  /// Enough for each of the algorithms that may be taken.
  int64_t workspace_bytes() const;
  void set_bias(const void* bias);
  /// Tells where the matrices lie; once, before run(). Where that is asked for the fastest algorithm is kept
  /// then; what lies in `d` is overwritten.
  void bind(const void* a, const void* b, void* d, void* workspace);
  /// Queues the work on the context's compute stream.
  void run() const { run(algorithms_.front()); }
  /// After bind().
  const EngineChoice& choice() const { return choice_; }

 private:
  struct Algorithm {
    CublasLtAlgo code{};
    size_t workspace_bytes = 0;
  };

  void create(const MatmulShape& shape, const ProductRules& rules);
  void propose(const MatmulShape& shape, const ProductRules& rules);
  void keep_fastest();
  CublasStatus multiply(const Algorithm& by) const;
  void run(const Algorithm& by) const;
  void destroy();

  const DeviceContext& context_;
  CublasLtMatmulDesc desc_ = nullptr;
  CublasLtLayout a_ = nullptr, b_ = nullptr, d_ = nullptr;
  std::vector<Algorithm> algorithms_;  // best first; after bind() one
  bool adds_ = false, measured_ = false;
  const void *a_data_ = nullptr, *b_data_ = nullptr;
  void *d_data_ = nullptr, *workspace_ = nullptr;
  EngineChoice choice_;
};

/// Where a product's matrices lie; without a backward pass its own are null.
template <class T, class Out>
struct ProductData {
  const T *x = nullptr, *weights = nullptr;
  const Out* bias = nullptr;
  Out* y = nullptr;
  T* dx = nullptr;
  float* dweights = nullptr;
  const T* dy = nullptr;
};

/// T: float or Bf16 of x, weights and gradients; Out: of y. The weights' gradient is float.
template <class T, class Out>
class Product {
 public:
  /// `relu`: after bias, done here where plain() is false. `training`: with a backward pass.
  Product(const DeviceContext& context, const ProductShape& shape, bool relu, bool training,
          const ProductRules& rules);

  /// Whether forward() leaves bias and activation to the caller.
  bool plain() const { return plain_; }
  int64_t workspace_bytes() const;
  /// Once, before the others. What lies in the results is overwritten.
  void bind(const ProductData<T, Out>& data, void* workspace);

  /// The early features' part of y, rounded to Out.
  void forward_early() const { early_->run(); }
  /// After forward_early(), where there are early features: adds the others' part.
  void forward() const { forward_->run(); }
  void backward_data() const { backward_data_->run(); }
  void backward_weights() const { backward_weights_->run(); }
  /// After bind(); of forward(), not of forward_early().
  LayerEngines engines() const;

 private:
  void plan_forward(const DeviceContext& context, const ProductShape& shape, bool relu,
                    const ProductRules& rules);

  bool plain_ = false;
  int64_t early_begin_ = 0, begin_ = 0;  // the first feature of each
  std::unique_ptr<Matmul> early_, forward_, backward_data_, backward_weights_;
};

}  // namespace alexnet::cuda
