// The feature index against brute force in double; building, resuming, damage.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <random>
#include <set>

#include "alexnet/error.h"
#include "alexnet/retrieval.h"
#include "data/scratch.h"
#include "omp_threads.h"
#include "retrieval/vectors.h"

using namespace alexnet;

namespace {

/// Clusters of features after a ReLU, as a net gives them.
std::vector<float> make_features(int64_t rows, int64_t features, int clusters, uint32_t seed) {
  std::mt19937 random(seed), centres(99);
  std::normal_distribution<float> normal;
  std::vector<float> centre(static_cast<size_t>(clusters * features));
  for (float& value : centre) value = 1.5f * normal(centres) - 1.0f;
  std::vector<float> values(static_cast<size_t>(rows * features));
  for (int64_t r = 0; r < rows; ++r) {
    const float* own = centre.data() + random() % static_cast<unsigned>(clusters) * features;
    for (int64_t f = 0; f < features; ++f)
      values[static_cast<size_t>(r * features + f)] = std::max(0.0f, own[f] + 0.5f * normal(random));
  }
  return values;
}

FeatureIndexOptions options_for(const scratch::Folder& folder, int64_t rows, int64_t features) {
  return {.path = (folder / "one.index").string(),
          .identity = "run a",
          .rows = rows,
          .features = features,
          .threads = test::omp_threads(2)};
}

void build(const FeatureIndexOptions& options, const std::vector<float>& values) {
  FeatureIndexBuilder builder(options);
  builder.append(values);
  builder.finish();
}

/// Distances to every row in double, between the query and what half precision makes of the row.
std::vector<Neighbour> brute_force(const FeatureIndex& index, std::span<const float> query, size_t count,
                                   int64_t leave_out = -1) {
  std::vector<std::pair<double, int64_t>> all;
  std::vector<float> row(query.size());
  for (int64_t r = 0; r < index.rows(); ++r) {
    if (r == leave_out) continue;
    index.read(r, row);
    double square = 0;
    for (size_t f = 0; f < row.size(); ++f) {
      const double d = double{query[f]} - double{row[f]};
      square += d * d;
    }
    all.emplace_back(std::sqrt(square), r);
  }
  std::sort(all.begin(), all.end());
  std::vector<Neighbour> nearest;
  for (size_t i = 0; i < std::min(count, all.size()); ++i)
    nearest.push_back({all[i].second, static_cast<float>(all[i].first)});
  return nearest;
}

/// Same distances in the same order; rows may change places only where their distances are equal but for
/// rounding.
void check_same(const std::vector<Neighbour>& found, const std::vector<Neighbour>& expected) {
  REQUIRE(found.size() == expected.size());
  std::set<int64_t> rows;
  for (size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].distance == doctest::Approx(expected[i].distance).epsilon(1e-5));
    rows.insert(found[i].row);
  }
  CHECK(rows.size() == found.size());
}

}  // namespace

TEST_CASE("half precision keeps eleven bits, in both directions, at every size") {
  std::vector<float> values{0.0f,  -0.0f,   1.0f,    -2.5f, 65504.0f, 70000.0f,
                            -1e9f, 6.1e-5f, 5.9e-8f, 1e-9f, 0.1f};
  for (int i = 0; i < 40; ++i) values.push_back(std::ldexp(1.2345f, i - 24));
  std::vector<uint16_t> halves(values.size());
  std::vector<float> back(values.size());
  const auto count = static_cast<int64_t>(values.size());
  using ToHalf = void (*)(const float*, uint16_t*, int64_t);
  using FromHalf = void (*)(const uint16_t*, float*, int64_t);
  std::vector<std::pair<ToHalf, FromHalf>> sets{{baseline::to_half, baseline::from_half}};
  sets.emplace_back(retrieval::to_half, retrieval::from_half);
  std::vector<std::vector<uint16_t>> results;
  for (const auto& [to, from] : sets) {
    to(values.data(), halves.data(), count);
    from(halves.data(), back.data(), count);
    for (size_t i = 0; i < values.size(); ++i) {
      const float kept = std::clamp(values[i], -65504.0f, 65504.0f);
      CHECK(std::abs(back[i] - kept) <= std::max(std::abs(kept) * 0x1p-11f, 0x1p-25f));
    }
    results.push_back(halves);
  }
  CHECK(results[0] == results[1]);
}

TEST_CASE("the loops of every instruction set agree") {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (const int64_t count : {1, 31, 64, 100, 333}) {
    std::vector<float> a(static_cast<size_t>(count)), b(a.size()), rounded(a.size());
    for (float& value : a) value = normal(random);
    for (float& value : b) value = normal(random);
    std::vector<uint16_t> halves(a.size());
    retrieval::to_half(b.data(), halves.data(), count);
    retrieval::from_half(halves.data(), rounded.data(), count);
    double expected = 0;
    for (size_t i = 0; i < a.size(); ++i) expected += std::pow(double{a[i]} - double{rounded[i]}, 2);
    CHECK(retrieval::square_distance(a.data(), halves.data(), count) ==
          doctest::Approx(expected).epsilon(1e-5));
    CHECK(baseline::square_distance(a.data(), halves.data(), count) ==
          doctest::Approx(expected).epsilon(1e-5));
  }
  constexpr int64_t kRows = 5, kStride = 256;
  std::vector<int8_t> codes(kRows * kStride);
  std::vector<int16_t> query(kStride);
  for (int8_t& code : codes) code = static_cast<int8_t>(static_cast<int>(random() % 255) - 127);
  for (int16_t& value : query) value = static_cast<int16_t>(static_cast<int>(random() % 32767) - 16383);
  query[3] = 16383, codes[3] = 127;
  std::vector<int32_t> found(kRows), plain(kRows);
  retrieval::code_dots(codes.data(), query.data(), kRows, kStride, found.data());
  for (int64_t r = 0; r < kRows; ++r)
    for (int64_t i = 0; i < kStride; ++i)
      plain[static_cast<size_t>(r)] +=
          codes[static_cast<size_t>(r * kStride + i)] * query[static_cast<size_t>(i)];
  CHECK(found == plain);
}

TEST_CASE("the nearest rows are those of brute force in double") {
  for (const auto& [rows, features] : {std::pair<int64_t, int64_t>{1, 8}, {700, 40}, {3000, 600}}) {
    CAPTURE(rows);
    const scratch::Folder folder;
    const auto options = options_for(folder, rows, features);
    build(options, make_features(rows, features, 12, 1));
    const FeatureIndex index(options.path);
    CHECK(index.rows() == rows);
    CHECK(index.features() == features);
    CHECK(index.identity() == "run a");
    CHECK(index.file_bytes() == static_cast<int64_t>(std::filesystem::file_size(options.path)));
    CHECK_FALSE(std::filesystem::exists(options.path + ".part"));
    const std::vector<float> queries = make_features(6, features, 12, 2);
    for (size_t q = 0; q < 6; ++q) {
      const std::span query(queries.data() + q * static_cast<size_t>(features),
                            static_cast<size_t>(features));
      const auto expected = brute_force(index, query, 20);
      check_same(index.nearest_exact(query, {.count = 20}), expected);
      check_same(index.nearest(query, {.count = 20, .candidates = 300, .threads = test::omp_threads(3)}),
                 expected);
    }
    std::vector<float> own(static_cast<size_t>(features));
    index.read(rows / 2, own);
    const auto self = index.nearest(own, {.count = 1});
    CHECK(self[0].row == rows / 2);
    CHECK(self[0].distance == 0);
    check_same(index.nearest(own, {.count = 5, .leave_out = rows / 2}), brute_force(index, own, 5, rows / 2));
  }
}

TEST_CASE("rows that are all alike are found in their order") {
  const scratch::Folder folder;
  const auto options = options_for(folder, 50, 300);
  build(options, std::vector<float>(50 * 300, 1.5f));
  const FeatureIndex index(options.path);
  const std::vector<float> query(300, 1.5f);
  const auto found = index.nearest(query, {.count = 3});
  REQUIRE(found.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(found[i].row == static_cast<int64_t>(i));
    CHECK(found[i].distance == 0);
  }
}

TEST_CASE("what was kept before a kill is not made again; another model's rows are") {
  const scratch::Folder folder;
  const auto options = options_for(folder, 90, 33);
  const std::vector<float> values = make_features(90, 33, 4, 3);
  {
    FeatureIndexBuilder builder(options);
    CHECK(builder.rows() == 0);
    builder.append({values.data(), 40 * 33});
    builder.keep();
    builder.append({values.data() + 40 * 33, 10 * 33});    // not kept: as after a kill
    CHECK_THROWS_AS(FeatureIndexBuilder{options}, Error);  // somebody is at it
    CHECK_THROWS_AS(builder.finish(), Error);              // rows are missing
  }
  {
    FeatureIndexBuilder builder(options);
    REQUIRE(builder.rows() == 40);
    builder.append({values.data() + 40 * 33, 50 * 33});
    CHECK_THROWS_AS(builder.append({values.data(), 33}), Error);
    CHECK_THROWS_AS(builder.finish([](int64_t, int64_t) { return false; }), Error);
    CHECK(builder.rows() == 90);
    builder.finish();
  }
  const FeatureIndex resumed(options.path);
  auto fresh = options;
  fresh.path = (folder / "two.index").string();
  build(fresh, values);
  CHECK(scratch::read_bytes(options.path) == scratch::read_bytes(fresh.path));
  {
    auto other = options;
    other.path = (folder / "three.index").string();
    FeatureIndexBuilder(other).append({values.data(), 33});
    other.identity = "run b";
    CHECK(FeatureIndexBuilder(other).rows() == 0);
  }
}

TEST_CASE("bad values and damaged files are refused") {
  const scratch::Folder folder;
  const auto options = options_for(folder, 4, 5);
  {
    FeatureIndexBuilder builder(options);
    std::vector<float> bad(5, 1.0f);
    bad[2] = std::nanf("");
    CHECK_THROWS_AS(builder.append(bad), Error);
    CHECK_THROWS_AS(builder.append({bad.data(), 3}), Error);
    builder.append(std::vector<float>(20, 1.0f));
    builder.finish();
  }
  const FeatureIndex index(options.path);
  CHECK_THROWS_AS(index.nearest(std::vector<float>(4, 0.0f), {}), Error);
  CHECK_THROWS_AS(FeatureIndex((folder / "none").string()), Error);
  auto bytes = scratch::read_bytes(options.path);
  for (const size_t at : {size_t{0}, size_t{24}, size_t{4095}}) {
    auto damaged = bytes;
    damaged[at] ^= 1;
    scratch::write_bytes(folder / "damaged", damaged);
    CHECK_THROWS_AS(FeatureIndex((folder / "damaged").string()), Error);
  }
  bytes.resize(bytes.size() - 1);
  scratch::write_bytes(folder / "short", bytes);
  CHECK_THROWS_AS(FeatureIndex((folder / "short").string()), Error);
}
