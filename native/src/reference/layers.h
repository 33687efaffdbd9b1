// Every layer of the family, forward and backward, in double and plain loops: slow, clear, and what every
// backend is compared with. Tensors are dense NCHW vectors over all columns (column 0's maps first).
//
// Backward functions return the gradient of the loss to their input, given `dy`, the gradient to their
// output.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "alexnet/net_spec.h"

namespace alexnet::reference {

using Values = std::vector<double>;

/// A convolution or a product: the product of an fc layer is a convolution whose kernel covers its input.
/// Zeros at the right and bottom follow from `out`: a window may end beyond the input.
struct LinearShape {
  int64_t batch = 1;
  Shape in, out;
  int64_t kernel_height = 1, kernel_width = 1, stride = 1;
  int64_t pad = 0;     // zeros at the left and top
  int64_t groups = 1;  // group g of the outputs reads group g of the inputs
};

/// The shape of a planned layer's linear part.
LinearShape linear_shape(const LayerPlan& layer, int64_t batch);

/// y[n,o,i,j] = b[o] + sum over c, u, v of w[o,c,u,v] x[n, c of o's group, i*stride+u-pad, j*stride+v-pad].
/// `weight` is [out, in / groups, kernel height, kernel width].
Values linear_forward(const Values& x, const Values& weight, const Values& bias, const LinearShape& shape);

struct LinearGradients {
  Values input, weight, bias;
};
LinearGradients linear_backward(const Values& x, const Values& weight, const Values& dy,
                                const LinearShape& shape);

Values activation_forward(const Values& x, Activation kind);
/// `y` is the forward output. The ReLU's slope at 0 is 0.
Values activation_backward(const Values& y, const Values& dy, Activation kind);

/// Local response normalisation (paper section 3.3) over neighbouring maps of the same column.
Values lrn_forward(const Values& x, int64_t batch, const Shape& shape, int columns, const LrnSpec& lrn);
Values lrn_backward(const Values& x, const Values& dy, int64_t batch, const Shape& shape, int columns,
                    const LrnSpec& lrn);

/// The original code's response norm over the size x size neighbourhood inside each map.
Values spatial_norm_forward(const Values& x, int64_t batch, const Shape& shape, const SpatialNormSpec& norm);
Values spatial_norm_backward(const Values& x, const Values& dy, int64_t batch, const Shape& shape,
                             const SpatialNormSpec& norm);

/// Max-pooling (paper section 3.4). A window that ends beyond the map covers what exists. `argmax` is the
/// place in x of each output; of equal values the first in row order wins.
struct Pooled {
  Values y;
  std::vector<int64_t> argmax;
};
Pooled pool_forward(const Values& x, int64_t batch, const Shape& in, const Shape& out, const PoolSpec& pool);
Values pool_backward(const std::vector<int64_t>& argmax, const Values& dy, size_t input_count);

/// Dropout in training (paper section 4.2): what is not kept is 0; with kTraining the rest is divided by
/// 1 - p. The function is linear, so that the same call with dy for x is its backward pass.
Values dropout_training(const Values& x, const std::vector<uint8_t>& kept, double p, DropoutScale scale);
/// Dropout at test: with kTest everything is multiplied by 1 - p.
Values dropout_test(const Values& x, double p, DropoutScale scale);

/// Softmax and cross-entropy of a batch. An image whose label is negative fills up the batch and counts for
/// nothing. Loss and errors are means over the images that count, 0 where there is none.
struct Loss {
  int64_t images = 0;
  double loss = 0, top1_error = 0, top5_error = 0;
  Values probabilities;  // [batch, classes]
  Values gradient;       // of the mean loss to the logits, [batch, classes]
};
Loss softmax_cross_entropy(const Values& logits, std::span<const int32_t> labels, int64_t classes);

/// True where fewer than k classes come before `label`: a class comes before another with a larger logit,
/// or with the same logit and a lower index.
bool is_hit(std::span<const double> logits, int32_t label, int64_t k);

/// The paper's update (section 5): v <- momentum v - decay rate w - rate g; w <- w + v.
struct Rates {
  double rate = 0, momentum = 0, decay = 0;
};
void sgd_step(Values& weight, Values& velocity, const Values& gradient, const Rates& rates);

}  // namespace alexnet::reference
