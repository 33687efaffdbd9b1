// Walks maps and arrays sixteen values at a time, for *.isa.cc files.
#pragma once

#include "cpu/kernels/parallel.h"

namespace alexnet::ALEXNET_ISA {

using cpu::MapView;

/// body(image, block, row, column) for every pixel of every block.
template <class Body>
void for_each_pixel(const MapView& view, const Body& body) {
  const auto rows = [&](int64_t image, int64_t first, int64_t last, int) {
    for (int64_t h = first; h < last; ++h) {
      for (int64_t b = 0; b < view.blocks; ++b) {
        for (int64_t w = 0; w < view.width; ++w) body(image, b, h, w);
      }
    }
  };
  parallel_rows(view.images, view.height, cpu::team_size(view.images * view.height), rows);
}

/// sixteen(i) for each whole group of sixteen elements, rest(i, count) for the last, shorter one.
template <class Sixteen, class Rest>
void for_each_sixteen(int64_t count, const Sixteen& sixteen, const Rest& rest) {
  parallel_elements(count, [&](int64_t begin, int64_t end) {
    int64_t i = begin;
    for (; i + 16 <= end; i += 16) sixteen(i);
    if (i < end) rest(i, end - i);
  });
}

}  // namespace alexnet::ALEXNET_ISA
