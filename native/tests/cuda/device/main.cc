// Runs the kernels' tests on the first GPU; where there is none, says why and skips them. With
// ALEXNET_REQUIRE_GPU=1 in the environment that is a failure.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>

#include "cuda/device/on_gpu.h"

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  int devices = 0;
  const cudaError_t error = cudaGetDeviceCount(&devices);
  if (error != cudaSuccess || devices == 0) {
    std::printf("MESSAGE: skipped: no kernel can be started here: %s\n",
                error == cudaSuccess ? "there is no CUDA device" : cudaGetErrorString(error));
    if (std::getenv("ALEXNET_REQUIRE_GPU")) return 1;
    context.setOption("test-case-exclude", "*");
  }
  return context.run();
}
