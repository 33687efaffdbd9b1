// The kernels of each instruction set by name: for their definitions, for the dispatch and for tests that
// compare the sets with each other. Everything else calls alexnet::cpu.
#pragma once

#include "cpu/kernels/kernels.h"

namespace alexnet::baseline {
using cpu::Bf16, cpu::DropoutDraw, cpu::MapView, cpu::SgdStep;
#include "cpu/kernels/kernels.inc"
}  // namespace alexnet::baseline

namespace alexnet::avx2 {
using cpu::Bf16, cpu::DropoutDraw, cpu::MapView, cpu::SgdStep;
#include "cpu/kernels/kernels.inc"
}  // namespace alexnet::avx2

namespace alexnet::avx512 {
using cpu::Bf16, cpu::DropoutDraw, cpu::MapView, cpu::SgdStep;
#include "cpu/kernels/kernels.inc"
}  // namespace alexnet::avx512
