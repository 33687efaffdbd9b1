// Packed data sets: one file of fixed 256x256x3 records per split, with labels and statistics.
#pragma once

#include <atomic>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alexnet/image.h"

namespace alexnet {

inline constexpr int64_t kPackSize = 256;
inline constexpr int64_t kRecordBytes = kPackSize * kPackSize * 3;

/// Statistics of the packed pixels on the 0..255 scale, exact (integer sums), from one pass.
struct PackStatistics {
  std::vector<float> mean_image;  // [256, 256, 3] HWC
  std::array<double, 3> mean_rgb{};
  std::array<double, 9> covariance{};    // of RGB over all pixels, row-major
  std::array<double, 3> eigenvalues{};   // descending
  std::array<double, 9> eigenvectors{};  // row i: axis i in RGB, unit length, largest entry positive
};

/// Read-only view of a finished pack, memory-mapped. Safe to read from many threads.
class PackReader {
 public:
  /// Throws kNotFound, kIo, kCorruptPack.
  explicit PackReader(const std::string& path);
  ~PackReader();
  PackReader(const PackReader&) = delete;
  PackReader& operator=(const PackReader&) = delete;

  int64_t count() const;
  int64_t classes() const;
  /// kRecordBytes bytes, RGB, HWC. 0 <= index < count().
  const uint8_t* record(int64_t index) const;
  int32_t label(int64_t index) const;
  /// The checksum of a record's bytes as the pack keeps it: the same for records with the same pixels.
  uint64_t record_hash(int64_t index) const;
  const PackStatistics& statistics() const;
  const std::string& path() const;

  /// Reads everything and compares the checksums. `progress(done, total)` counts records; it may return false
  /// to stop, and verify then returns. Throws kCorruptPack naming the first bad part.
  void verify(const std::function<bool(int64_t, int64_t)>& progress = {}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct PackProgress {
  int64_t done = 0, total = 0;  // files looked at
  int64_t packed = 0, skipped = 0;
  double images_per_second = 0;
};

struct PackResult {
  int64_t found = 0, packed = 0, skipped = 0;  // found == packed + skipped
};

struct PackOptions {
  std::string plan_path;    // JSON lines {"path": absolute, "label": int}, in pack order
  std::string pack_path;    // the finished pack; while unfinished, work files stand beside it
  std::string result_path;  // JSON lines, one a plan line, in order: {"record": index} or
                            // {"error": code, "message": text}
  int64_t classes = 0;
  int threads = 0;  // 0: all cores
  ImageLimits limits;
};

/// Packs the plan's files in order, on all cores. A bad file is recorded in result_path and skipped. Work
/// already done by an earlier, killed call with the same plan is kept. Writes the pack under another name,
/// syncs, and renames it, so that a pack that exists is whole. A pack that is finished already (same plan,
/// its results beside it) is left as it is. When no file can be packed there is a result file and no pack:
/// packed is 0. The bytes of the pack depend on the plan and its files alone, not on threads, machine or
/// kills. Throws kInvalidArgument (a wrong plan line), kNotFound, kIo, kDiskFull, kOutOfMemory, kCancelled
/// (when `cancel` is set); what is done is kept.
PackResult write_pack(const PackOptions& options, const std::function<void(const PackProgress&)>& progress,
                      const std::atomic<bool>& cancel);

}  // namespace alexnet
