// Searches a finished index: every row by its code, the best of them by their features.
#include "alexnet/retrieval.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <limits>
#include <thread>

#include "alexnet/error.h"
#include "cpu/cpu_info.h"
#include "data/file_io.h"
#include "retrieval/index_format.h"
#include "retrieval/vectors.h"

namespace alexnet {

namespace {

/// A row with something that grows with its distance.
struct Scored {
  float score;
  int64_t row;
  bool operator<(const Scored& other) const {
    return score != other.score ? score < other.score : row < other.row;
  }
};

/// Keeps the `most` smallest of many scores.
class Smallest {
 public:
  explicit Smallest(size_t most) : most_(most) { kept_.reserve(2 * most); }

  /// What is not below this need not be added.
  float bound() const { return bound_; }
  void add(const Scored& scored) {
    kept_.push_back(scored);
    if (kept_.size() == 2 * most_) shrink();
  }
  std::vector<Scored> take() {
    shrink();
    return std::move(kept_);
  }

 private:
  void shrink() {
    if (kept_.size() <= most_) return;
    const auto last = kept_.begin() + static_cast<std::ptrdiff_t>(most_) - 1;
    std::nth_element(kept_.begin(), last, kept_.end());
    bound_ = last->score;
    kept_.resize(most_);
  }

  size_t most_;
  float bound_ = std::numeric_limits<float>::infinity();
  std::vector<Scored> kept_;
};

/// Runs work(begin, end) over [0, count) on a few threads and joins what each returns.
template <class Work>
std::vector<Scored> on_threads(int64_t count, int threads, const Work& work) {
  const int64_t workers =
      std::clamp<int64_t>(count / 1024, 1, threads > 0 ? threads : cpu::available_cores());
  std::vector<std::vector<Scored>> parts(static_cast<size_t>(workers));
  const auto part = [&](int64_t w) {
    parts[static_cast<size_t>(w)] = work(count * w / workers, count * (w + 1) / workers);
  };
  {
    std::vector<std::jthread> others;
    for (int64_t w = 1; w < workers; ++w) others.emplace_back(part, w);
    part(0);
  }
  std::vector<Scored> all;
  for (const auto& found : parts) all.insert(all.end(), found.begin(), found.end());
  return all;
}

}  // namespace

struct FeatureIndex::Impl {
  explicit Impl(const std::string& path) {
    const data::File file(path, O_RDONLY);
    std::vector<uint8_t> bytes(retrieval::kHeaderBytes);
    bytes.resize(file.read_at(0, bytes.data(), bytes.size()));
    header = retrieval::parse_header(bytes, path);
    if (!header.finished || file.size() != header.file_bytes)
      throw Error(ErrorCode::kCorruptPack, path + ": this index is not whole; remove it and build it again");
    identity = retrieval::identity_of(header);
    void* mapped = ::mmap(nullptr, header.file_bytes, PROT_READ, MAP_SHARED, file.descriptor(), 0);
    if (mapped == MAP_FAILED) data::throw_errno("cannot map", path, errno);
    base = static_cast<const uint8_t*>(mapped);
    // The features are read row by row, here and there; the codes one after the other, all of them.
    ::madvise(mapped, header.mean_at, MADV_RANDOM);
    ::madvise(const_cast<uint8_t*>(base) + header.codes_at / 4096 * 4096,
              header.file_bytes - header.codes_at / 4096 * 4096, MADV_WILLNEED);
  }
  ~Impl() { ::munmap(const_cast<uint8_t*>(base), header.file_bytes); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  retrieval::IndexHeader header;
  std::string identity;
  const uint8_t* base = nullptr;

  int64_t rows() const { return static_cast<int64_t>(header.rows); }
  int64_t features() const { return static_cast<int64_t>(header.features); }
  const uint16_t* row(int64_t r) const {
    return reinterpret_cast<const uint16_t*>(base + retrieval::kHeaderBytes) + r * features();
  }
  const float* floats(uint64_t at) const { return reinterpret_cast<const float*>(base + at); }

  void check(std::span<const float> query, const NearestOptions& options) const {
    if (static_cast<int64_t>(query.size()) != features())
      throw Error(ErrorCode::kInvalidArgument, "a query of " + std::to_string(query.size()) +
                                                   " features for an index of " + std::to_string(features()));
    if (options.count < 1 || options.candidates < 1)
      throw Error(ErrorCode::kInvalidArgument, "at least one neighbour is searched for");
    for (const float value : query)
      if (!std::isfinite(value))
        throw Error(ErrorCode::kInvalidArgument, "the query's features are not finite");
  }

  /// Every row's squared distance but for the query's own part and what the axes leave out of the product:
  /// |x - mean|^2 - 2 <x - mean, q - mean>.
  std::vector<int64_t> candidates(std::span<const float> query, const NearestOptions& options) const {
    const auto axes = static_cast<int64_t>(header.axes), stride = static_cast<int64_t>(header.stride);
    const float *mean = floats(header.mean_at), *directions = floats(header.axes_at);
    std::vector<float> turned(static_cast<size_t>(axes));
    for (int64_t a = 0; a < axes; ++a) {
      const float* axis = directions + a * features();
      double sum = 0;
      for (int64_t f = 0; f < features(); ++f)
        sum += double{axis[f]} * (double{query[static_cast<size_t>(f)]} - double{mean[f]});
      turned[static_cast<size_t>(a)] = static_cast<float>(sum);
    }
    // 14 bits and a sign: 256 products with seven bits fit in 32.
    constexpr float kLargest = 16383;
    float largest = 0;
    for (const float value : turned) largest = std::max(largest, std::abs(value));
    const float unit = largest > 0 ? largest / kLargest : 1;
    std::vector<int16_t> code(static_cast<size_t>(stride), 0);
    for (size_t a = 0; a < turned.size(); ++a) code[a] = static_cast<int16_t>(std::lrint(turned[a] / unit));

    const auto most = static_cast<size_t>(std::min(std::max(options.candidates, options.count), rows()));
    const float *squares = floats(header.squares_at), *scales = floats(header.scales_at);
    const auto* codes = reinterpret_cast<const int8_t*>(base + header.codes_at);
    std::vector<Scored> found = on_threads(rows(), options.threads, [&](int64_t begin, int64_t end) {
      constexpr int64_t kBlock = 512;
      int32_t dots[kBlock];
      Smallest best(most);
      for (int64_t first = begin; first < end; first += kBlock) {
        const int64_t count = std::min(kBlock, end - first);
        retrieval::code_dots(codes + first * stride, code.data(), count, stride, dots);
        for (int64_t i = 0; i < count; ++i) {
          const int64_t r = first + i;
          const float score = squares[r] - 2 * scales[r] * unit * static_cast<float>(dots[i]);
          if (score < best.bound() && r != options.leave_out) best.add({score, r});
        }
      }
      return best.take();
    });
    if (found.size() > most) {
      std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(most) - 1, found.end());
      found.resize(most);
    }
    std::vector<int64_t> chosen;
    for (const Scored& one : found) chosen.push_back(one.row);
    std::sort(chosen.begin(), chosen.end());  // so that the file is read in its order
    return chosen;
  }

  /// The `count` nearest of `total` rows, the i-th of which is row_of(i).
  template <class RowOf>
  std::vector<Neighbour> compare(std::span<const float> query, const NearestOptions& options, int64_t total,
                                 const RowOf& row_of) const {
    const auto most = static_cast<size_t>(std::min(options.count, rows()));
    std::vector<Scored> found = on_threads(total, options.threads, [&](int64_t begin, int64_t end) {
      Smallest best(most);
      for (int64_t i = begin; i < end; ++i) {
        const int64_t r = row_of(i);
        if (r == options.leave_out) continue;
        const float square = retrieval::square_distance(query.data(), row(r), features());
        if (square <= best.bound()) best.add({square, r});
      }
      return best.take();
    });
    std::sort(found.begin(), found.end());
    std::vector<Neighbour> nearest;
    for (size_t i = 0; i < std::min(most, found.size()); ++i)
      nearest.push_back({found[i].row, std::sqrt(found[i].score)});
    return nearest;
  }
};

FeatureIndex::FeatureIndex(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
FeatureIndex::~FeatureIndex() = default;

int64_t FeatureIndex::rows() const { return impl_->rows(); }
int64_t FeatureIndex::features() const { return impl_->features(); }
const std::string& FeatureIndex::identity() const { return impl_->identity; }
int64_t FeatureIndex::file_bytes() const { return static_cast<int64_t>(impl_->header.file_bytes); }

void FeatureIndex::read(int64_t row, std::span<float> values) const {
  if (row < 0 || row >= rows() || static_cast<int64_t>(values.size()) != features())
    throw Error(ErrorCode::kInvalidArgument, "the index has no row " + std::to_string(row));
  retrieval::from_half(impl_->row(row), values.data(), features());
}

std::vector<Neighbour> FeatureIndex::nearest(std::span<const float> query,
                                             const NearestOptions& options) const {
  impl_->check(query, options);
  const std::vector<int64_t> chosen = impl_->candidates(query, options);
  return impl_->compare(query, options, static_cast<int64_t>(chosen.size()),
                        [&](int64_t i) { return chosen[static_cast<size_t>(i)]; });
}

std::vector<Neighbour> FeatureIndex::nearest_exact(std::span<const float> query,
                                                   const NearestOptions& options) const {
  impl_->check(query, options);
  return impl_->compare(query, options, rows(), [](int64_t i) { return i; });
}

}  // namespace alexnet
