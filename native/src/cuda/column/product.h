// The products of a fully connected layer, by cuBLASLt. Rows are images: y [batch, out] = x [batch, in] times
// the transpose of weights [out, in], plus bias.
#pragma once

#include <cstdint>
#include <memory>

#include "alexnet/run_config.h"
#include "alexnet/net_spec.h"
#include "cuda/column/arena.h"
#include "cuda/kernels/map_view.h"

namespace alexnet::cuda {

struct ProductShape {
  int64_t batch = 0, in = 0, out = 0;
  /// Features of x that forward_early() multiplies, while the others are not there yet: it begins with the
  /// first or ends with the last of them. Empty: forward() multiplies all at once.
  Range early{};
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
/// device, the library and the shape alone, so that a resumed run goes on bit for bit.
class Matmul {
 public:
  /// Not available() where cuBLASLt proposes nothing.
  Matmul(const DeviceContext& context, const MatmulShape& shape, int64_t workspace_bytes);
  ~Matmul();
  Matmul(const Matmul&) = delete;
  Matmul& operator=(const Matmul&) = delete;

  bool available() const { return available_; }
  int64_t workspace_bytes() const { return workspace_bytes_; }
  void set_bias(const void* bias);
  void run(const void* a, const void* b, void* d, void* workspace) const;

 private:
  void create(const MatmulShape& shape, int64_t workspace_bytes);
  void choose(const MatmulShape& shape, int64_t workspace_bytes);
  void destroy();

  const DeviceContext& context_;
  CublasLtMatmulDesc desc_ = nullptr;
  CublasLtLayout a_ = nullptr, b_ = nullptr, d_ = nullptr;
  CublasLtAlgo algorithm_{};
  int64_t workspace_bytes_ = 0;
  bool available_ = false, adds_ = false;
};

/// T: float or Bf16 of x, weights and gradients; Out: of y. The weights' gradient is float.
template <class T, class Out>
class Product {
 public:
  /// `relu`: after bias, done here where plain() is false. `training`: with a backward pass.
  Product(const DeviceContext& context, const ProductShape& shape, Precision precision, bool relu,
          bool training, int64_t workspace_bytes);

  /// Whether forward() leaves bias and activation to the caller.
  bool plain() const { return plain_; }
  int64_t workspace_bytes() const;
  /// `bias` is of type Out.
  void bind(const Out* bias, void* workspace);

  /// The early features' part of y, rounded to Out.
  void forward_early(const T* x, const T* weights, Out* y) const {
    early_->run(weights + early_begin_, x + early_begin_, y, workspace_);
  }
  /// After forward_early(), where there are early features: adds the others' part.
  void forward(const T* x, const T* weights, Out* y) const {
    forward_->run(weights + begin_, x + begin_, y, workspace_);
  }
  void backward_data(const T* dy, const T* weights, T* dx) const {
    backward_data_->run(weights, dy, dx, workspace_);
  }
  void backward_weights(const T* x, const T* dy, float* dweights) const {
    backward_weights_->run(x, dy, dweights, workspace_);
  }

 private:
  void plan_forward(const DeviceContext& context, const ProductShape& shape, Precision precision, bool relu,
                    int64_t workspace_bytes);

  bool plain_ = false;
  void* workspace_ = nullptr;
  int64_t early_begin_ = 0, begin_ = 0;  // the first feature of each
  std::unique_ptr<Matmul> early_, forward_, backward_data_, backward_weights_;
};

}  // namespace alexnet::cuda
