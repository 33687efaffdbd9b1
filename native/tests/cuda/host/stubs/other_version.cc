// A plug-in of a version that this program does not know.
#include "cuda/interface.h"

extern "C" __attribute__((visibility("default"))) const alexnet::cuda::PluginApi* alexnet_cuda_plugin() {
  static const alexnet::cuda::PluginApi api = [] {
    alexnet::cuda::PluginApi other{};
    other.version = alexnet::cuda::kInterfaceVersion + 1;
    other.size = sizeof other;
    return other;
  }();
  return &api;
}
