// Packing and reading back: contents, counts, reasons, statistics, errors.
#include <doctest/doctest.h>

#include <cmath>

#include <sys/stat.h>

#include "data/scratch.h"

using namespace alexnet;
using scratch::DataSet;

TEST_CASE("a folder with bad files ends with a pack and a reason for every file left out") {
  const DataSet set(40);
  int64_t last_done = -1, calls = 0;
  const std::atomic<bool> cancel{false};
  const PackResult result = write_pack(
      set.options,
      [&](const PackProgress& progress) {
        ++calls;
        CHECK(progress.total == 40);
        CHECK(progress.done >= last_done);
        CHECK(progress.packed + progress.skipped == progress.done);
        last_done = progress.done;
      },
      cancel);
  CHECK(calls >= 2);
  CHECK(last_done == 40);
  CHECK(result.found == 40);
  CHECK(result.packed == 32);
  CHECK(result.skipped == 8);

  const std::vector<nlohmann::json> results = set.results();
  REQUIRE(results.size() == 40);
  const PackReader pack(set.options.pack_path);
  CHECK(pack.count() == 32);
  CHECK(pack.classes() == 3);
  CHECK(pack.path() == set.options.pack_path);
  pack.verify();
  const char* reasons[] = {"CORRUPT_IMAGE", "UNSUPPORTED_IMAGE", "UNSUPPORTED_IMAGE", "NOT_FOUND"};
  int64_t record = 0;
  for (int i = 0; i < 40; ++i) {
    CAPTURE(i);
    if (i % 5 == 4) {
      CHECK(results[i]["error"] == reasons[i / 5 % 4]);
      CHECK(results[i]["message"].get<std::string>().size() > 5);
      continue;
    }
    CHECK(results[i] == nlohmann::json{{"record", record}});
    const RgbImage square = load_square(scratch::photo(static_cast<uint64_t>(i)));
    CHECK(std::equal(square.pixels.begin(), square.pixels.end(), pack.record(record)));
    CHECK(pack.label(record) == i % 3);
    ++record;
  }
  // No work files are left.
  CHECK_FALSE(scratch::fs::exists(set.options.pack_path + ".partial"));
  CHECK_FALSE(scratch::fs::exists(set.options.pack_path + ".journal"));
}

TEST_CASE("the pack does not depend on the number of threads, and packing it again changes nothing") {
  DataSet set(23);
  set.options.threads = 1;
  scratch::pack(set.options);
  const auto one = scratch::read_bytes(set.options.pack_path);
  const auto results = scratch::read_bytes(set.options.result_path);
  const auto written = scratch::fs::last_write_time(set.options.pack_path);
  CHECK(scratch::pack(set.options).packed == 19);
  CHECK(scratch::fs::last_write_time(set.options.pack_path) == written);  // it was finished: nothing was done

  scratch::fs::remove(set.options.pack_path);
  set.options.threads = 7;
  scratch::pack(set.options);
  CHECK(scratch::read_bytes(set.options.pack_path) == one);
  CHECK(scratch::read_bytes(set.options.result_path) == results);
}

TEST_CASE("statistics are exact") {
  const DataSet set(12);
  scratch::pack(set.options);
  const PackReader pack(set.options.pack_path);
  const PackStatistics& s = pack.statistics();
  const auto n = static_cast<double>(pack.count());
  std::vector<double> sums(kRecordBytes);
  long double mean[3] = {}, products[9] = {};
  for (int64_t i = 0; i < pack.count(); ++i) {
    const uint8_t* record = pack.record(i);
    for (int64_t k = 0; k < kRecordBytes; k += 3) {
      for (int a = 0; a < 3; ++a) {
        sums[k + a] += record[k + a];
        mean[a] += record[k + a];
        for (int b = 0; b < 3; ++b) products[a * 3 + b] += record[k + a] * record[k + b];
      }
    }
  }
  bool equal = true;
  for (int64_t k = 0; k < kRecordBytes; ++k)
    equal = equal && s.mean_image[k] == static_cast<float>(sums[k] / n);
  CHECK(equal);
  const long double pixels = n * 65536;
  for (int a = 0; a < 3; ++a) {
    CHECK(s.mean_rgb[a] == doctest::Approx(static_cast<double>(mean[a] / pixels)).epsilon(1e-14));
    for (int b = 0; b < 3; ++b) {
      const long double covariance = products[a * 3 + b] / pixels - mean[a] / pixels * (mean[b] / pixels);
      CHECK(s.covariance[a * 3 + b] == doctest::Approx(static_cast<double>(covariance)).epsilon(1e-12));
    }
  }
  // The axes: A v = lambda v, unit length, descending, largest entry positive.
  for (int i = 0; i < 3; ++i) {
    const double* v = &s.eigenvectors[i * 3];
    CHECK(v[0] * v[0] + v[1] * v[1] + v[2] * v[2] == doctest::Approx(1).epsilon(1e-12));
    if (i > 0) CHECK(s.eigenvalues[i] <= s.eigenvalues[i - 1]);
    double largest = 0;
    for (int a = 0; a < 3; ++a) {
      if (std::abs(v[a]) > std::abs(largest)) largest = v[a];
      double product = 0;
      for (int b = 0; b < 3; ++b) product += s.covariance[a * 3 + b] * v[b];
      CHECK(std::abs(product - s.eigenvalues[i] * v[a]) < 1e-9 * s.eigenvalues[0]);
    }
    CHECK(largest > 0);
  }
}

TEST_CASE("when nothing can be packed there are reasons and no pack") {
  const DataSet set(3);
  for (int i = 0; i < 3; ++i) scratch::write_bytes(set.folder / ("photo " + std::to_string(i) + ".jpg"), {});
  const PackResult result = scratch::pack(set.options);
  CHECK(result.found == 3);
  CHECK(result.packed == 0);
  CHECK(result.skipped == 3);
  CHECK(set.results().size() == 3);
  CHECK_FALSE(scratch::fs::exists(set.options.pack_path));
  CHECK_FALSE(scratch::fs::exists(set.options.pack_path + ".journal"));

  const DataSet empty(0);
  CHECK(scratch::pack(empty.options).found == 0);
  CHECK(empty.results().empty());
  CHECK_FALSE(scratch::fs::exists(empty.options.pack_path));
}

TEST_CASE("folders, pipes and unreadable files are skipped with a reason") {
  DataSet set(4);
  std::ofstream plan(set.options.plan_path, std::ios::app);
  const scratch::fs::path folder = set.folder / "folder.jpg", pipe = set.folder / "pipe.jpg";
  scratch::fs::create_directory(folder);
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  for (const auto& path : {folder, pipe})
    plan << nlohmann::json{{"path", path.string()}, {"label", 0}}.dump() << "\n";
  plan.close();
  CHECK(scratch::pack(set.options).packed == 4);
  const auto results = set.results();
  REQUIRE(results.size() == 6);
  CHECK(results[4]["error"] == "IO");
  CHECK(results[5]["error"] == "IO");
}

TEST_CASE("a wrong plan is refused before anything is packed") {
  const char* plans[] = {"{\"path\": \"/a.jpg\"}\n", "not json\n", "{\"path\": 3, \"label\": 0}\n",
                         "{\"path\": \"/a.jpg\", \"label\": 3}\n", "{\"path\": \"/a.jpg\", \"label\": -1}\n"};
  for (const char* text : plans) {
    CAPTURE(text);
    const DataSet set(0);
    std::ofstream(set.options.plan_path) << text;
    CHECK(scratch::error_of([&] { scratch::pack(set.options); }) == "INVALID_ARGUMENT");
    CHECK_FALSE(scratch::fs::exists(set.options.pack_path + ".partial"));
  }
  DataSet set(1);
  set.options.classes = 0;
  CHECK(scratch::error_of([&] { scratch::pack(set.options); }) == "INVALID_ARGUMENT");
  set.options.classes = 3;
  set.options.plan_path += ".absent";
  CHECK(scratch::error_of([&] { scratch::pack(set.options); }) == "NOT_FOUND");
}

TEST_CASE("damage to any part of a pack is found") {
  const DataSet set(6);
  scratch::pack(set.options);
  const std::vector<uint8_t> good = scratch::read_bytes(set.options.pack_path);
  const scratch::fs::path path = set.folder / "damaged.pack";
  const auto opening = [&](const std::vector<uint8_t>& bytes) {
    scratch::write_bytes(path, bytes);
    return scratch::error_of([&] { PackReader reader(path.string()); });
  };
  CHECK(opening(good) == "none");
  const size_t records_end = 4096 + 5 * static_cast<size_t>(kRecordBytes);
  // Header, reserved zeros of the header, labels, hashes, statistics, last byte: found when it is opened.
  for (const size_t at : {size_t{0}, size_t{9}, size_t{17}, size_t{50}, size_t{2000}, size_t{4095},
                          records_end, records_end + 30, records_end + 100, good.size() - 1}) {
    CAPTURE(at);
    std::vector<uint8_t> bytes = good;
    bytes[at] ^= 0x10;
    CHECK(opening(bytes) == "CORRUPT_PACK");
  }
  // A record: found by verify, which names it.
  std::vector<uint8_t> bytes = good;
  bytes[4096 + 3 * static_cast<size_t>(kRecordBytes) + 1000] ^= 1;
  CHECK(opening(bytes) == "none");
  const PackReader reader(path.string());
  try {
    reader.verify();
    FAIL("the damage was not found");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kCorruptPack);
    CHECK(std::string(error.what()).find("record 3") != std::string::npos);
  }
  int64_t told = 0;
  reader.verify([&](int64_t done, int64_t total) {
    CHECK(total == 5);
    told = done;
    return done < 2;
  });
  CHECK(told == 2);
  // Wrong lengths.
  for (const size_t size : {size_t{0}, size_t{100}, size_t{4096}, good.size() - 1}) {
    CAPTURE(size);
    CHECK(opening({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}) == "CORRUPT_PACK");
  }
  bytes = good;
  bytes.push_back(0);
  CHECK(opening(bytes) == "CORRUPT_PACK");
  CHECK(scratch::error_of([&] { PackReader absent((set.folder / "absent").string()); }) == "NOT_FOUND");
  CHECK(scratch::error_of([&] { reader.record(5); }) == "INVALID_ARGUMENT");
  CHECK(scratch::error_of([&] { reader.label(-1); }) == "INVALID_ARGUMENT");
}
