// Builds a feature index: rows as they come, then the compressed copy.
#include <fcntl.h>
#include <omp.h>
#include <sys/file.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "alexnet/error.h"
#include "alexnet/retrieval.h"
#include "cpu/cpu_info.h"
#include "cpu/matrix_product.h"
#include "data/file_io.h"
#include "retrieval/axes.h"
#include "retrieval/index_format.h"
#include "retrieval/vectors.h"

namespace alexnet {

using retrieval::IndexHeader;
using retrieval::kHeaderBytes;

namespace {

constexpr uint64_t kKeepEveryBytes = 64 << 20;
constexpr int64_t kSampleRows = 8192, kRowsAtOnce = 1024;

}  // namespace

struct FeatureIndexBuilder::Impl {
  explicit Impl(const FeatureIndexOptions& given)
      : options(given),
        header(retrieval::make_header(given.rows, given.features, given.identity)),
        file(given.path + ".part", O_RDWR | O_CREAT) {
    if (!file.lock())
      throw Error(ErrorCode::kIo, given.path + ": another process is building this index; wait for it");
    take_up_kept_rows();
  }

  const FeatureIndexOptions options;
  IndexHeader header;
  data::File file;
  uint64_t rows = 0;

  uint64_t row_bytes() const { return header.features * 2; }

  void take_up_kept_rows() {
    std::vector<uint8_t> bytes(kHeaderBytes);
    bytes.resize(file.read_at(0, bytes.data(), bytes.size()));
    try {
      const IndexHeader found = retrieval::parse_header(bytes, file.path());
      if (retrieval::identity_of(found) == options.identity && found.rows == header.rows &&
          found.features == header.features && !found.finished &&
          file.size() >= kHeaderBytes + found.kept * row_bytes())
        rows = found.kept;
    } catch (const Error&) {
      // Nothing to go on from.
    }
    if (rows == 0) file.truncate(0);
    keep();
  }

  void keep() {
    file.sync();  // the rows before the header that counts them
    header.kept = rows;
    write_header();
  }

  void write_header() {
    const std::vector<uint8_t> bytes = retrieval::header_bytes(header);
    file.write_at(0, bytes.data(), bytes.size());
    file.sync();
  }

  void append(std::span<const float> values) {
    const auto count = static_cast<int64_t>(values.size());
    const uint64_t more = values.size() / header.features;
    if (more * header.features != values.size() || rows + more > header.rows)
      throw Error(ErrorCode::kInvalidArgument, "these are no whole rows of the index, or more than it has");
    for (const float value : values)
      if (!std::isfinite(value))
        throw Error(ErrorCode::kInvalidArgument,
                    "the net gives features that are not finite: its weights are broken");
    std::vector<uint16_t> halves(values.size());
    retrieval::to_half(values.data(), halves.data(), count);
    file.write_at(kHeaderBytes + rows * row_bytes(), halves.data(), halves.size() * 2);
    rows += more;
    if ((rows - header.kept) * row_bytes() >= kKeepEveryBytes) keep();
  }

  /// Rows [first, first + count) as floats.
  void read_rows(uint64_t first, uint64_t count, float* to) {
    std::vector<uint16_t> halves(count * header.features);
    if (file.read_at(kHeaderBytes + first * row_bytes(), halves.data(), halves.size() * 2) !=
        halves.size() * 2)
      throw Error(ErrorCode::kIo, "cannot read back " + file.path());
    retrieval::from_half(halves.data(), to, static_cast<int64_t>(halves.size()));
  }

  /// Evenly spaced rows, relative to their mean, and the mean.
  std::vector<float> sample(std::vector<float>& mean) {
    const uint64_t count = std::min<uint64_t>(header.rows, kSampleRows), features = header.features;
    std::vector<float> values(count * features);
    for (uint64_t i = 0; i < count; ++i) read_rows(i * header.rows / count, 1, values.data() + i * features);
    std::vector<double> sums(features, 0.0);
    for (uint64_t i = 0; i < count; ++i)
      for (uint64_t f = 0; f < features; ++f) sums[f] += values[i * features + f];
    mean.resize(features);
    for (uint64_t f = 0; f < features; ++f)
      mean[f] = static_cast<float>(sums[f] / static_cast<double>(count));
    for (uint64_t i = 0; i < count; ++i)
      for (uint64_t f = 0; f < features; ++f) values[i * features + f] -= mean[f];
    return values;
  }

  void finish(const std::function<bool(int64_t, int64_t)>& progress) {
    if (rows != header.rows)
      throw Error(ErrorCode::kInvalidArgument, "the index is finished when all its rows are there");
    keep();
    omp_set_num_threads(options.threads > 0 ? options.threads : cpu::available_cores());
    const auto told = [&](uint64_t done) {
      if (progress && !progress(static_cast<int64_t>(done), options.rows))
        throw Error(ErrorCode::kCancelled, "building the index was cancelled; its rows are kept");
    };
    told(0);
    std::vector<float> mean, samples = sample(mean);
    const auto features = options.features, axes = static_cast<int64_t>(header.axes);
    const std::vector<float> directions =
        retrieval::principal_axes(samples, static_cast<int64_t>(samples.size()) / features, features, axes);
    samples = {};
    file.write_at(header.mean_at, mean.data(), mean.size() * 4);
    file.write_at(header.axes_at, directions.data(), directions.size() * 4);
    std::vector<float> values(static_cast<size_t>(kRowsAtOnce * features));
    std::vector<float> coordinates(static_cast<size_t>(kRowsAtOnce * axes));
    for (uint64_t first = 0; first < header.rows; first += kRowsAtOnce) {
      const uint64_t count = std::min<uint64_t>(kRowsAtOnce, header.rows - first);
      read_rows(first, count, values.data());
      encode(first, static_cast<int64_t>(count), mean, directions, values, coordinates);
      told(first + count);
    }
    file.sync();
    header.finished = 1;
    write_header();
    data::replace_file(file.path(), options.path);
  }

  /// Writes the codes, scales and squares of some rows; `values` become relative to the mean.
  void encode(uint64_t first, int64_t count, const std::vector<float>& mean,
              const std::vector<float>& directions, std::vector<float>& values,
              std::vector<float>& coordinates) {
    const auto features = options.features, axes = static_cast<int64_t>(header.axes);
    const auto stride = static_cast<int64_t>(header.stride);
    std::vector<float> squares(static_cast<size_t>(count)), scales(squares.size());
    std::vector<int8_t> codes(static_cast<size_t>(count * stride), 0);
#pragma omp parallel for
    for (int64_t r = 0; r < count; ++r) {
      float* row = values.data() + r * features;
      double square = 0;
      for (int64_t f = 0; f < features; ++f) {
        row[f] -= mean[static_cast<size_t>(f)];
        square += double{row[f]} * double{row[f]};
      }
      squares[static_cast<size_t>(r)] = static_cast<float>(square);
    }
    cpu::multiply(values.data(), false, directions.data(), true, coordinates.data(), count, axes, features);
#pragma omp parallel for
    for (int64_t r = 0; r < count; ++r) {
      const float* row = coordinates.data() + r * axes;
      float largest = 0;
      for (int64_t a = 0; a < axes; ++a) largest = std::max(largest, std::abs(row[a]));
      const float scale = largest / 127;
      scales[static_cast<size_t>(r)] = scale;
      for (int64_t a = 0; a < axes && scale > 0; ++a)
        codes[static_cast<size_t>(r * stride + a)] = static_cast<int8_t>(std::lrint(row[a] / scale));
    }
    file.write_at(header.squares_at + first * 4, squares.data(), squares.size() * 4);
    file.write_at(header.scales_at + first * 4, scales.data(), scales.size() * 4);
    file.write_at(header.codes_at + first * header.stride, codes.data(), codes.size());
  }
};

FeatureIndexBuilder::FeatureIndexBuilder(const FeatureIndexOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
FeatureIndexBuilder::~FeatureIndexBuilder() = default;

int64_t FeatureIndexBuilder::rows() const { return static_cast<int64_t>(impl_->rows); }
void FeatureIndexBuilder::append(std::span<const float> values) { impl_->append(values); }
void FeatureIndexBuilder::keep() { impl_->keep(); }
void FeatureIndexBuilder::finish(const std::function<bool(int64_t, int64_t)>& progress) {
  impl_->finish(progress);
}

}  // namespace alexnet
