// Softmax and cross-entropy with top-1 and top-5 hits: one block an image, then one block for the sums, both
// in a fixed order, so that a step gives the same bits every time.
#pragma once

#include "cuda/kernels/kernels.h"
#include "cuda/kernels/maps.h"

namespace alexnet::cuda {

/// Phases of adding up kThreads entries in pairs: log2.
template <int kThreads>
ALEXNET_HD constexpr int tree_phases() {
  int phases = 0;
  for (int n = kThreads; n > 1; n /= 2) ++phases;
  return phases;
}

/// The other entry that thread `thread` adds to its own in phase `phase` of a tree, or 0 where it rests.
template <int kThreads>
ALEXNET_HD int tree_partner(int thread, int phase) {
  const int distance = kThreads >> (phase + 1);
  return thread < distance ? thread + distance : 0;
}

template <class T>
struct SoftmaxLoss {
  static constexpr int kThreads = 256;
  static constexpr int kTree = tree_phases<kThreads>();
  struct Shared {
    float largest[kThreads], sum[kThreads];
    int32_t before[kThreads], images[kThreads];
  };

  const float* logits;
  const int32_t* labels;
  int64_t images;
  int32_t classes;
  int64_t row_stride;
  T* gradient;  // of classes [first, first + count); or null
  int64_t gradient_stride;
  int32_t first, count;
  const float* gradient_scale;  // or null: 1 / images with a label
  RowLoss* rows;

  ALEXNET_HD int phases() const { return 1 + kTree + 1 + kTree + 1; }

  ALEXNET_HD void operator()(int64_t image, int64_t, int thread, int phase, Shared& s) const {
    const float* row = logits + image * row_stride;
    const int32_t label = labels[image];
    const bool known = label >= 0 && label < classes;
    if (phase == 0) {
      const float own = known ? row[label] : 0.0f;
      float largest = -INFINITY;
      int32_t before = 0, valid = 0;
      for (int32_t c = thread; c < classes; c += kThreads) {
        const float v = row[c];
        if (v > largest) largest = v;
        // Written so that a NaN among the logits is no hit.
        before += c != label && !(v < own || (v == own && c > label));
      }
      for (int64_t i = thread; i < images; i += kThreads) valid += labels[i] >= 0;
      s.largest[thread] = largest;
      s.before[thread] = before;
      s.images[thread] = valid;
      return;
    }
    phase -= 1;
    if (phase < kTree) {
      const int other = tree_partner<kThreads>(thread, phase);
      if (other == 0) return;
      if (s.largest[other] > s.largest[thread]) s.largest[thread] = s.largest[other];
      s.before[thread] += s.before[other];
      s.images[thread] += s.images[other];
      return;
    }
    phase -= kTree;
    if (phase == 0) {
      float sum = 0;
      for (int32_t c = thread; c < classes; c += kThreads) sum += expf(row[c] - s.largest[0]);
      s.sum[thread] = sum;
      return;
    }
    phase -= 1;
    if (phase < kTree) {
      const int other = tree_partner<kThreads>(thread, phase);
      if (other != 0) s.sum[thread] += s.sum[other];
      return;
    }
    put(row, image, label, known, thread, s);
  }

 private:
  ALEXNET_HD void put(const float* row, int64_t image, int32_t label, bool known, int thread,
                      const Shared& s) const {
    const float largest = s.largest[0], sum = s.sum[0];
    if (gradient) {
      const float scale = gradient_scale ? *gradient_scale : 1.0f / static_cast<float>(s.images[0]);
      for (int32_t i = thread; i < count; i += kThreads) {
        const int32_t c = first + i;
        const float v = (expf(row[c] - largest) / sum - (c == label ? 1.0f : 0.0f)) * scale;
        gradient[image * gradient_stride + i] = from_float<T>(label >= 0 ? v : 0.0f);
      }
    }
    if (thread != 0) return;
    // A label that is no class must not pass for a good one: its loss is not a number.
    const double loss = known ? log(static_cast<double>(sum)) - (static_cast<double>(row[label]) - largest)
                              : static_cast<double>(NAN);
    rows[image] = label >= 0 ? RowLoss{loss, known ? s.before[0] : classes, 1} : RowLoss{0, classes, 0};
  }
};

struct SumLosses {
  static constexpr int kThreads = 256;
  static constexpr int kTree = tree_phases<kThreads>();
  struct Shared {
    LossTotals totals[kThreads];
  };

  const RowLoss* rows;
  int64_t images;
  LossTotals* totals;
  uint32_t* not_finite;  // or null
  const uint32_t* keep;  // or null

  ALEXNET_HD int phases() const { return 1 + kTree + 1; }

  ALEXNET_HD void operator()(int64_t, int64_t, int thread, int phase, Shared& s) const {
    if (phase == 0) {
      LossTotals sum{0, 0, 0, 0};
      for (int64_t i = thread; i < images; i += kThreads) {
        const RowLoss row = rows[i];
        sum.loss += row.loss;
        sum.top1_hits += row.counts && row.before < 1;
        sum.top5_hits += row.counts && row.before < 5;
        sum.images += row.counts;
      }
      s.totals[thread] = sum;
    } else if (phase <= kTree) {
      const int other = tree_partner<kThreads>(thread, phase - 1);
      if (other == 0) return;
      s.totals[thread].loss += s.totals[other].loss;
      s.totals[thread].top1_hits += s.totals[other].top1_hits;
      s.totals[thread].top5_hits += s.totals[other].top5_hits;
      s.totals[thread].images += s.totals[other].images;
    } else if (thread == 0) {
      *totals = s.totals[0];
      // x - x is zero for a finite x and NaN otherwise.
      const double loss = s.totals[0].loss;
      const bool was = not_finite && keep && *keep != 0 && *not_finite != 0;
      if (not_finite) *not_finite = loss - loss == 0 && !was ? 0u : 1u;
    }
  }
};

template <class Run, class T>
void run_softmax_cross_entropy(const Run& run, const float* logits, int64_t row_stride, const int32_t* labels,
                               int64_t images, int64_t classes, const LossGradient<T>& gradient,
                               RowLoss* rows, LossTotals* totals, uint32_t* not_finite,
                               const uint32_t* keep) {
  if (classes < 1 || classes > INT32_MAX || row_stride < classes ||
      (gradient.data &&
       (gradient.first < 0 || gradient.count < 0 || gradient.first + gradient.count > classes)))
    throw Error(ErrorCode::kInvalidArgument, "the loss's classes do not fit its rows");
  const SoftmaxLoss<T> each{logits,
                            labels,
                            images,
                            static_cast<int32_t>(classes),
                            row_stride,
                            gradient.data,
                            gradient.row_stride,
                            static_cast<int32_t>(gradient.first),
                            static_cast<int32_t>(gradient.count),
                            gradient.scale,
                            rows};
  run.blocks(each, images, 1);
  run.blocks(SumLosses{rows, images, totals, not_finite, keep}, 1, 1);
}

}  // namespace alexnet::cuda
