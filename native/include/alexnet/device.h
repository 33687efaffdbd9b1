// What can compute here, and why what cannot, cannot.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace alexnet {

struct DeviceReport {
  std::string id;    // "cpu", "cuda:0"
  std::string name;  // as the vendor names it
  bool usable = false;
  std::string reason;  // why not, and what to do; empty where usable
  int64_t memory_bytes = 0;
  int cores = 0;                          // CPU
  std::vector<std::string> precisions;    // "fp32", "tf32", "bf16"
  std::vector<std::string> instructions;  // CPU: "avx2", "avx512", "avx512_bf16", "amx_bf16"
  std::string library;                    // "oneDNN 2.6.3"
  std::string driver;                     // GPU: "580.65.06 (CUDA 13.0)"
  std::string compute_capability;         // GPU: "9.0"
  int64_t free_bytes = -1;                // GPU: of its memory; -1: not known
  std::string sharing_reason;      // GPU: why it cannot add up gradients with other GPUs; empty where it can
  std::vector<std::string> notes;  // what limits a device that can be used, e.g. no direct copies
};

/// How busy a GPU is; -1 where nothing tells.
struct GpuLoad {
  std::string id;                // "cuda:0"
  int utilisation_percent = -1;  // of its time, what it computes
  int64_t memory_used_bytes = -1, memory_bytes = -1;
  std::string reason;  // why a figure is not known; empty where all are
};

/// Every device the engine knows of. Where no GPU can even be asked for (no CUDA plug-in, no driver) there is
/// one report with the id "cuda" and its reason.
std::vector<DeviceReport> list_devices();

/// Every GPU's load now, asked of the driver, which may take its time; from any thread. None where none can
/// be asked for. Throws kInternal where the plug-in fails.
std::vector<GpuLoad> read_gpu_loads();

}  // namespace alexnet
