// Retrieval: how fast an index is built and searched, and how much the compressed search misses.
//
//   retrieval_bench INDEX [QUERIES]                                  an index that the application built
//   retrieval_bench --generate ROWS --folder FOLDER [QUERIES]        clustered features of 4096, removed
//   afterwards
//
// Queries are rows of the index that leave themselves out (generated ones: fresh draws from the same
// clusters). Recall at k is the share of the k nearest by comparing with every row that the compressed search
// found, too. Prints one JSON line; times are of the wall clock, the best and the median of the queries.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "alexnet/random.h"
#include "alexnet/retrieval.h"

namespace {

using namespace alexnet;
using Clock = std::chrono::steady_clock;

constexpr int64_t kFeatures = 4096, kClusters = 1000, kRowsAtOnce = 512;
constexpr int64_t kMost = 20;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Four normal-like draws from one word each: sums of bytes, fast enough for billions of values.
inline float bell(uint32_t word) {
  const int sum = static_cast<int>(word & 255) + static_cast<int>(word >> 8 & 255) +
                  static_cast<int>(word >> 16 & 255) + static_cast<int>(word >> 24);
  return (static_cast<float>(sum) - 510.0f) * (1.0f / 147.8f);
}

/// A row of a cluster after a ReLU: about one value in five is not 0, as in the last hidden layer of the
/// paper's net.
void draw_row(uint64_t row, const std::vector<float>& centres, float* out) {
  uint64_t state = row * 0x9E3779B97F4A7C15ull + 0x632BE59BD9B4E019ull;
  const auto next = [&state] {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
  };
  for (int i = 0; i < 8; ++i) next();
  const float* centre = centres.data() + next() % kClusters * kFeatures;
  for (int64_t f = 0; f < kFeatures; f += 2) {
    const uint64_t word = next();
    out[f] = std::max(0.0f, centre[f] + 0.6f * bell(static_cast<uint32_t>(word)));
    out[f + 1] = std::max(0.0f, centre[f + 1] + 0.6f * bell(static_cast<uint32_t>(word >> 32)));
  }
}

std::vector<float> draw_centres() {
  const RandomStream stream{.seed = 3, .purpose = RandomPurpose::kSample};
  std::vector<float> centres(static_cast<size_t>(kClusters * kFeatures));
  for (size_t i = 0; i < centres.size(); i += 2) {
    const auto words = stream.words(i);
    const auto pair = gaussian_pair(words[0], words[1]);
    centres[i] = static_cast<float>(pair[0]) - 1.1f;
    centres[i + 1] = static_cast<float>(pair[1]) - 1.1f;
  }
  return centres;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

double recall(const std::vector<Neighbour>& found, const std::vector<Neighbour>& exact, size_t k) {
  std::set<int64_t> rows;
  for (size_t i = 0; i < std::min(k, found.size()); ++i) rows.insert(found[i].row);
  size_t hits = 0;
  const size_t wanted = std::min(k, exact.size());
  for (size_t i = 0; i < wanted; ++i) hits += rows.count(exact[i].row);
  return wanted == 0 ? 1 : static_cast<double>(hits) / static_cast<double>(wanted);
}

/// Times and recall over queries; `query(i, values)` gives a query and the row to leave out.
template <class Query>
void search(const FeatureIndex& index, int64_t queries, const Query& query, nlohmann::ordered_json& result) {
  std::vector<float> values(static_cast<size_t>(index.features()));
  std::vector<double> fast_ms, exact_ms;
  double at5 = 0, at20 = 0;
  for (int64_t i = -1; i < queries; ++i) {  // the first one brings the codes into memory
    NearestOptions options{.count = kMost};
    options.leave_out = query(std::max<int64_t>(i, 0), values.data());
    auto start = Clock::now();
    const auto found = index.nearest(values, options);
    const double fast = seconds_since(start) * 1e3;
    if (i < 0) {
      result["first_query_ms"] = fast;
      continue;
    }
    start = Clock::now();
    const auto exact = index.nearest_exact(values, options);
    exact_ms.push_back(seconds_since(start) * 1e3);
    fast_ms.push_back(fast);
    at5 += recall(found, exact, 5);
    at20 += recall(found, exact, 20);
  }
  result["queries"] = queries;
  result["query_ms_median"] = median(fast_ms);
  result["query_ms_best"] = *std::min_element(fast_ms.begin(), fast_ms.end());
  result["exact_query_ms_median"] = median(exact_ms);
  result["recall_at_5"] = at5 / static_cast<double>(queries);
  result["recall_at_20"] = at20 / static_cast<double>(queries);
}

void generated(int64_t rows, const std::string& folder, int64_t queries) {
  const std::string path = (std::filesystem::path(folder) / "generated.index").string();
  const std::vector<float> centres = draw_centres();
  nlohmann::ordered_json result{{"what", "retrieval, generated"}, {"rows", rows}, {"features", kFeatures}};
  {
    FeatureIndexBuilder builder({.path = path, .identity = "generated", .rows = rows, .features = kFeatures});
    std::vector<float> block(static_cast<size_t>(kRowsAtOnce * kFeatures));
    double writing = 0;
    while (builder.rows() < rows) {
      const int64_t first = builder.rows(), count = std::min(kRowsAtOnce, rows - first);
#pragma omp parallel for
      for (int64_t i = 0; i < count; ++i)
        draw_row(static_cast<uint64_t>(first + i), centres, block.data() + i * kFeatures);
      const auto start = Clock::now();
      builder.append({block.data(), static_cast<size_t>(count * kFeatures)});
      writing += seconds_since(start);
    }
    const auto start = Clock::now();
    builder.finish();
    result["append_s"] = writing;
    result["finish_s"] = seconds_since(start);
    result["rows_per_s"] = static_cast<double>(rows) / (writing + seconds_since(start));
  }
  {
    const FeatureIndex index(path);
    result["file_bytes"] = index.file_bytes();
    const auto query = [&](int64_t i, float* values) {
      draw_row(static_cast<uint64_t>(rows + 17 + i), centres, values);
      return int64_t{-1};
    };
    search(index, queries, query, result);
  }
  std::filesystem::remove(path);
  std::printf("%s\n", result.dump().c_str());
}

void real(const std::string& path, int64_t queries) {
  const FeatureIndex index(path);
  nlohmann::ordered_json result{{"what", "retrieval, an index of the application"},
                                {"rows", index.rows()},
                                {"features", index.features()},
                                {"file_bytes", index.file_bytes()}};
  const auto query = [&](int64_t i, float* values) {
    const int64_t row = i * index.rows() / queries;
    index.read(row, {values, static_cast<size_t>(index.features())});
    return row;
  };
  search(index, queries, query, result);
  std::printf("%s\n", result.dump().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() >= 4 && arguments[0] == "--generate" && arguments[2] == "--folder")
      generated(std::stoll(arguments[1]), arguments[3], arguments.size() > 4 ? std::stoll(arguments[4]) : 20);
    else if (!arguments.empty() && arguments[0] != "--generate")
      real(arguments[0], arguments.size() > 1 ? std::stoll(arguments[1]) : 200);
    else
      throw std::invalid_argument(
          "usage: retrieval_bench INDEX [QUERIES] | --generate ROWS --folder FOLDER [QUERIES]");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
