// Nearest neighbours of a photo among a data set's images, by Euclidean distance of their features (paper
// section 6.1). Made for millions of images: the features lie memory-mapped in half precision; a query reads
// a compressed copy of all of them and the full ones of the most promising only.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace alexnet {

struct FeatureIndexOptions {
  std::string path;  // the finished index; while unfinished "<path>.part" stands beside it
  std::string
      identity;  // what the features are of: a part with another identity is begun anew; at most 1000 bytes
  int64_t rows = 0, features = 0;
  int threads = 0;  // of finish(); 0: all cores
};

/// Builds an index. Kept rows survive a kill: another builder with the same options continues after them.
class FeatureIndexBuilder {
 public:
  /// Throws kInvalidArgument, kIo, kDiskFull; kIo, too, where another process builds the same index.
  explicit FeatureIndexBuilder(const FeatureIndexOptions& options);
  ~FeatureIndexBuilder();
  FeatureIndexBuilder(const FeatureIndexBuilder&) = delete;
  FeatureIndexBuilder& operator=(const FeatureIndexBuilder&) = delete;

  /// Rows that are there already; the next append() begins with this one.
  int64_t rows() const;
  /// Whole rows of features. Throws kInvalidArgument for too many and for values that are not finite.
  void append(std::span<const float> values);
  /// To the disk itself: these rows survive whatever comes. append() does so now and then, too.
  void keep();
  /// When all rows are there: makes the compressed copy and puts the finished index in its place.
  /// `progress(done, total)` counts rows and returns false to stop (kCancelled; the rows are kept).
  void finish(const std::function<bool(int64_t, int64_t)>& progress = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct Neighbour {
  int64_t row = 0;
  float distance = 0;  // Euclidean, between the query and the row in half precision
};

struct NearestOptions {
  int64_t count = 6;
  int64_t leave_out = -1;     // a row that is not to be found, e.g. the query's own
  int64_t candidates = 4096;  // of the compressed search, compared exactly; at least `count`
  int threads = 0;            // 0: all cores
};

/// A finished index. Safe to search from many threads.
class FeatureIndex {
 public:
  /// Throws kNotFound, kIo, kCorruptPack (a damaged or foreign file).
  explicit FeatureIndex(const std::string& path);
  ~FeatureIndex();
  FeatureIndex(const FeatureIndex&) = delete;
  FeatureIndex& operator=(const FeatureIndex&) = delete;

  int64_t rows() const;
  int64_t features() const;
  const std::string& identity() const;
  int64_t file_bytes() const;
  /// A row's features, as they were rounded.
  void read(int64_t row, std::span<float> values) const;

  /// The nearest rows, ascending by distance, then by row. Throws kInvalidArgument for a query of another
  /// length.
  std::vector<Neighbour> nearest(std::span<const float> query, const NearestOptions& options) const;
  /// The same by comparing with every row: slow, without a miss.
  std::vector<Neighbour> nearest_exact(std::span<const float> query, const NearestOptions& options) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alexnet
