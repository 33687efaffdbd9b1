// What only a device shows: batches larger than a grid, maps beyond 32 bits, the same bits every time, and
// the net's own shapes against the host's run of the same functions.
#include "cuda/kernels/maps_testing.h"
#include "cuda/kernels/on_host.h"
#include "cuda/kernels/pool.h"
#include "cuda/kernels/sum_rows.h"

namespace alexnet::cuda::testing {
namespace {

template <class T>
Vector<T> random_vector(size_t count, unsigned seed) {
  Vector<T> values(count);
  uint32_t state = seed * 2654435761u + 1;
  for (T& v : values) {
    state = state * 1664525u + 1013904223u;
    v = from_float<T>(static_cast<float>(state >> 8) * 0x1p-23f - 1.0f);
  }
  return values;
}

TEST_CASE("a batch of more images than a grid has rows is done whole") {
  const Extent extent{70001, 8, 1, 2};
  const Vector<float> x = random_vector<float>(extent.count(), 1);
  Vector<float> y(extent.count());
  const MapView view = view_of(extent, Layout::kChannelsLast);
  launch::bias_activation(x.data(), view, y.data(), view, static_cast<const float*>(nullptr),
                          std::optional<Activation>(Activation::kRelu));
  int64_t wrong = 0;
  for (size_t i = 0; i < x.size(); ++i) wrong += y[i] != relu(x[i]);
  CHECK(wrong == 0);
}

TEST_CASE("a map of more than 2^32 values is copied and summed whole") {
  size_t free_bytes = 0, total = 0;
  check_cuda(cudaMemGetInfo(&free_bytes, &total), "asking for the free memory");
  const Extent extent{1100, 64, 256, 256};  // 4.6e9 values, 9.2 GB as bfloat16
  if (free_bytes < 3 * extent.count() * sizeof(Bf16)) {
    MESSAGE("skipped: the device lacks the 28 GB of free memory for this");
    return;
  }
  Bf16 *from = nullptr, *to = nullptr;
  check_cuda(cudaMalloc(&from, extent.count() * sizeof(Bf16)), "allocating a large map");
  check_cuda(cudaMalloc(&to, extent.count() * sizeof(Bf16)), "allocating a large map");
  check_cuda(cudaMemset(from, 0, extent.count() * sizeof(Bf16)), "clearing a large map");
  const Bf16 mark = from_float<Bf16>(3);
  check_cuda(cudaMemcpy(from + extent.count() - 5, &mark, sizeof mark, cudaMemcpyHostToDevice), "marking");
  const MapView view = view_of(extent, Layout::kChannelsLast);
  launch::copy_map(static_cast<const Bf16*>(from), view, to, view);
  const int64_t rows = extent.images * extent.height * extent.width;
  Vector<float> work(static_cast<size_t>(row_sum_blocks(rows) * 64)), sums(64);
  launch::sum_rows(static_cast<const Bf16*>(to), rows, int64_t{64}, int64_t{64}, work.data(), sums.data());
  for (size_t c = 0; c < 64; ++c) CHECK(sums[c] == (c == 59 ? 3.0f : 0.0f));
  cudaFree(from);
  cudaFree(to);
}

/// Layer 1 of the paper's column at a batch of 32: forward and back, twice on the device and once on the
/// host.
template <class T>
void check_first_layer() {
  const Extent in{32, 48, 55, 55}, out{32, 48, 27, 27};
  const LrnSpec lrn{5, 2.0, 0.3, 0.75, false};
  const PoolSpec pool{3, 2, Rounding::kFloor};
  const Vector<T> x = random_vector<T>(in.count(), 2), dy = random_vector<T>(out.count(), 3);
  const MapView x_view = view_of(in, Layout::kChannelsLast), y_view = view_of(out, Layout::kChannelsLast);
  struct Result {
    Vector<T> y, dx;
    Vector<uint8_t> winners;
    Vector<float> bias;
  };
  const auto run = [&](bool on_device) {
    Result r{Vector<T>(out.count()), Vector<T>(in.count()), Vector<uint8_t>(out.count()), Vector<float>(48)};
    const int64_t rows = in.images * in.height * in.width;
    Vector<float> work(static_cast<size_t>(row_sum_blocks(rows) * 48));
    const std::optional<Activation> before = Activation::kRelu;
    if (on_device) {
      launch::lrn_pool_forward(x.data(), x_view, r.y.data(), y_view, r.winners.data(), lrn, pool, false);
      launch::lrn_pool_backward(x.data(), x_view, dy.data(), y_view, r.winners.data(), r.dx.data(), x_view,
                                lrn, pool, false, before);
      launch::sum_rows(static_cast<const T*>(r.dx.data()), rows, int64_t{48}, int64_t{48}, work.data(),
                       r.bias.data());
    } else {
      const OnHost host;
      run_lrn_pool_forward(host, x.data(), x_view, r.y.data(), y_view, r.winners.data(), lrn, pool, false);
      run_lrn_pool_backward(host, x.data(), x_view, dy.data(), y_view,
                            static_cast<const uint8_t*>(r.winners.data()), r.dx.data(), x_view, lrn, pool,
                            false, before);
      run_sum_rows(host, static_cast<const T*>(r.dx.data()), rows, 48, 48, work.data(), r.bias.data());
    }
    return r;
  };
  const Result first = run(true), second = run(true), host = run(false);
  const auto same = [](const auto& a, const auto& b) {
    return std::memcmp(a.data(), b.data(), a.size() * sizeof(a[0])) == 0;
  };
  CHECK(same(first.y, second.y));
  CHECK(same(first.dx, second.dx));
  CHECK(same(first.winners, second.winners));
  CHECK(same(first.bias, second.bias));
  // Either may have rounded to the other side: a whole step of T apart.
  const double step = 2 * tolerance<T>();
  double y_error = 0;
  for (size_t i = 0; i < first.y.size(); ++i) {
    const double expected = to_float(host.y[i]);
    y_error = std::max(y_error, std::abs(to_float(first.y[i]) - expected) / (std::abs(expected) + 0.01));
  }
  // Where two values of a window are equal but for a rounding the winners differ, and with them a few dx.
  size_t other_winners = 0, other_dx = 0;
  for (size_t i = 0; i < first.winners.size(); ++i) other_winners += first.winners[i] != host.winners[i];
  for (size_t i = 0; i < first.dx.size(); ++i) {
    const double expected = to_float(host.dx[i]);
    const double error = std::abs(to_float(first.dx[i]) - expected) / (std::abs(expected) + 0.1);
    other_dx += !(error < step);
  }
  CHECK(y_error < step);
  CHECK(other_winners <= first.winners.size() / 10000);
  CHECK(other_dx <= 20 * other_winners);
}

TEST_CASE("the paper's first layer gives the same bits every time, and the host's values") {
  check_first_layer<float>();
  check_first_layer<Bf16>();
}

TEST_CASE("a launch that cannot be is an error with the kernel's name") {
  Vector<float> x(8);
  MapView view = channels_last_view(1, 8, 1, 1);
  view.images = 1;
  view.height = int64_t{1} << 40;
  try {
    launch::copy_map(static_cast<const float*>(x.data()), view, x.data(), view);
    CHECK_MESSAGE(false, "2^40 rows were accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace alexnet::cuda::testing
