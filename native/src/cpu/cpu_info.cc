#include "cpu/cpu_info.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include "cpu/onednn.h"
#include "isa.h"

namespace alexnet::cpu {

namespace {

/// The first value of a key in /proc/cpuinfo, without leading blanks.
std::string cpuinfo(const std::string& key) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(key, 0) != 0) continue;
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

bool has_flag(const std::string& flags, const std::string& flag) {
  std::istringstream words(flags);
  for (std::string word; words >> word;)
    if (word == flag) return true;
  return false;
}

}  // namespace

int available_cores() { return std::max(1u, std::thread::hardware_concurrency()); }

bool has_bf16() {
  if (current_isa() != Isa::kAvx512) return false;
  const std::string flags = cpuinfo("flags");
  return has_flag(flags, "avx512_bf16") || has_flag(flags, "amx_bf16");
}

DeviceReport report() {
  DeviceReport report;
  report.id = "cpu";
  report.name = cpuinfo("model name");
  if (report.name.empty()) report.name = "CPU";
  report.usable = true;
  report.memory_bytes = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  report.cores = available_cores();
  report.precisions = {"fp32"};
  if (has_bf16()) report.precisions.push_back("bf16");
  const std::string flags = cpuinfo("flags");
  for (const char* flag : {"avx2", "avx512f", "avx512_bf16", "amx_bf16"})
    if (has_flag(flags, flag)) report.instructions.push_back(flag);
  report.library = std::string("oneDNN ") + onednn_version();
  return report;
}

}  // namespace alexnet::cpu
