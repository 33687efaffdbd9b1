// The parts below the pack: hash, eigenvectors, sums, hostile headers, the journal.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

#include "data/eigen.h"
#include "data/hash.h"
#include "data/journal.h"
#include "data/pack_format.h"
#include "data/pixel_sums.h"
#include "data/scratch.h"
#include "data/sums_kernel.h"
#include "isa.h"

using namespace alexnet;

TEST_CASE("hash64 gives the published values of XXH64") {
  const auto hash = [](std::string_view text) { return data::hash64(text.data(), text.size()); };
  CHECK(hash("") == 0xEF46DB3751D8E999);
  CHECK(hash("a") == 0xD24EC4F1A98C6E5B);
  CHECK(hash("abc") == 0x44BC2CF5AD770999);
  CHECK(hash("Nobody inspects the spammish repetition") == 0xFBCEA83C8A378BF1);
}

TEST_CASE("eigenvectors of symmetric matrices") {
  const std::array<double, 9> matrices[] = {{2, 0, 0, 0, 3, 0, 0, 0, 1},
                                            {4, 1, 0, 1, 4, 0, 0, 0, 5},
                                            {14830, 13000, 11000, 13000, 14000, 12000, 11000, 12000, 13500},
                                            {0, 0, 0, 0, 0, 0, 0, 0, 0},
                                            {1, 1, 1, 1, 1, 1, 1, 1, 1},
                                            {1e-200, 1e-201, 0, 1e-201, 1e-200, 0, 0, 0, 1e200}};
  for (const auto& m : matrices) {
    const data::Eigen3 e = data::eigen_symmetric(m);
    const double scale = std::max({std::abs(e.values[0]), std::abs(e.values[2]), 1e-300});
    for (size_t i = 0; i < 3; ++i) {
      for (size_t j = 0; j < 3; ++j) {
        double dot = 0, product = 0;
        for (size_t k = 0; k < 3; ++k) {
          dot += e.vectors[i * 3 + k] * e.vectors[j * 3 + k];
          product += m[j * 3 + k] * e.vectors[i * 3 + k];
        }
        CHECK(std::abs(dot - (i == j)) < 1e-12);
        CHECK(std::abs(product - e.values[i] * e.vectors[i * 3 + j]) < 1e-12 * scale);
      }
    }
    CHECK(e.values[0] >= e.values[1]);
    CHECK(e.values[1] >= e.values[2]);
  }
}

TEST_CASE("sums over records: exact, whatever the instruction set and the split") {
  std::vector<std::vector<uint8_t>> records(5, std::vector<uint8_t>(kRecordBytes));
  for (size_t r = 0; r < records.size(); ++r)
    for (size_t i = 0; i < records[r].size(); ++i)
      records[r][i] = r == 0 ? 255 : static_cast<uint8_t>((i * 7 + r * 13 + i / 77) % 256);
  uint64_t rgb[3] = {}, products[6] = {};
  for (size_t i = 0; i < static_cast<size_t>(kRecordBytes); i += 3) {
    const uint8_t* p = &records[1][i];
    const uint64_t r = p[0], g = p[1], b = p[2];
    const uint64_t terms[] = {r * r, g * g, b * b, r * g, g * b, r * b};
    for (int k = 0; k < 3; ++k) rgb[k] += p[k];
    for (int k = 0; k < 6; ++k) products[k] += terms[k];
  }
  std::vector<data::AddRecord*> sets{baseline::add_record};
  if (current_isa() >= Isa::kAvx2) sets.push_back(avx2::add_record);
  if (current_isa() >= Isa::kAvx512) sets.push_back(avx512::add_record);
  for (data::AddRecord* add : sets) {
    std::vector<uint16_t> values(kRecordBytes, 3);
    uint64_t own_rgb[3] = {}, own_products[6] = {};
    add(records[1].data(), values.data(), own_rgb, own_products);
    CHECK(std::equal(rgb, rgb + 3, own_rgb));
    CHECK(std::equal(products, products + 6, own_products));
    bool right = true;
    for (size_t i = 0; i < values.size(); ++i) right = right && values[i] == records[1][i] + 3;
    CHECK(right);
    // The largest record there can be: no lane overflows.
    std::fill(own_products, own_products + 6, 0);
    add(records[0].data(), values.data(), own_rgb, own_products);
    for (const uint64_t product : own_products) CHECK(product == 65536ull * 255 * 255);
  }
  data::PixelSums all, first, second;
  for (size_t r = 0; r < records.size(); ++r) {
    all.add(records[r].data());
    (r < 2 ? first : second).add(records[r].data());
  }
  second.add(first);
  CHECK(all.count() == 5);
  CHECK(second.count() == 5);
  const PackStatistics a = all.statistics(), b = second.statistics();
  CHECK(a.mean_image == b.mean_image);
  CHECK(a.covariance == b.covariance);
  // More records than the short sums hold.
  data::PixelSums white;
  for (int i = 0; i < 600; ++i) white.add(records[0].data());
  const PackStatistics flat = white.statistics();
  CHECK(std::count(flat.mean_image.begin(), flat.mean_image.end(), 255.0f) == kRecordBytes);
}

TEST_CASE("a header that lies is refused even when its checksum is right") {
  const data::PackHeader good = data::make_header(10, 3, 12);
  const auto refused = [&](data::PackHeader header, uint64_t file_bytes) {
    const auto bytes = data::header_bytes(header);
    return scratch::error_of([&] { data::parse_header(bytes, file_bytes, "x"); }) == "CORRUPT_PACK";
  };
  CHECK_FALSE(refused(good, good.file_bytes));
  CHECK(refused(good, good.file_bytes + 1));
  using Field = uint64_t data::PackHeader::*;
  for (const Field field :
       {&data::PackHeader::count, &data::PackHeader::labels_at, &data::PackHeader::hashes_at,
        &data::PackHeader::statistics_at, &data::PackHeader::file_bytes}) {
    for (const uint64_t value :
         {uint64_t{0}, uint64_t{11}, uint64_t{1} << 45, UINT64_MAX, UINT64_MAX / 196608}) {
      data::PackHeader header = good;
      header.*field = value;
      CHECK(refused(header, good.file_bytes));
    }
  }
  data::PackHeader header = good;
  header.classes = 0;
  CHECK(refused(header, good.file_bytes));
  header.classes = UINT64_MAX;
  CHECK(refused(header, good.file_bytes));
  header = good;
  header.found = 9;
  CHECK(refused(header, good.file_bytes));
  header = good;
  header.version = 2;
  CHECK(refused(header, good.file_bytes));
  header = good;
  header.side = 255;
  CHECK(refused(header, good.file_bytes));
}

TEST_CASE("a journal keeps whole entries, whatever a kill leaves of the last") {
  const scratch::Folder folder;
  const std::string path = (folder / "journal").string();
  const auto write = [&] {
    data::Journal journal(path, 5);
    journal.cut_here();
    journal.append({true, 111, {}, {}});
    journal.append({false, 0, ErrorCode::kCorruptImage, "it is damaged"});
    journal.append({true, 333, {}, {}});
  };
  const auto count = [&](uint64_t plan) {
    data::Journal journal(path, plan);
    data::JournalEntry entry;
    int entries = 0;
    while (journal.next(entry)) {
      ++entries;
      if (entries == 2) {
        CHECK_FALSE(entry.packed);
        CHECK(entry.code == ErrorCode::kCorruptImage);
        CHECK(entry.message == "it is damaged");
      } else {
        CHECK(entry.packed);
        CHECK(entry.record_hash == (entries == 1 ? 111 : 333));
      }
    }
    return entries;
  };
  write();
  const std::vector<uint8_t> whole = scratch::read_bytes(path);
  CHECK(count(5) == 3);
  int last = 0;
  for (size_t size = 0; size <= whole.size(); ++size) {
    scratch::write_bytes(path, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    const int entries = count(5);
    CHECK(entries >= last);
    last = entries;
  }
  CHECK(last == 3);
  for (size_t at = 24; at < whole.size(); at += 5) {
    std::vector<uint8_t> bytes = whole;
    bytes[at] ^= 4;
    scratch::write_bytes(path, bytes);
    CHECK(count(5) < 3);
  }
  scratch::write_bytes(path, whole);
  CHECK(count(6) == 0);  // another plan's
  const data::Journal held(path, 6);
  CHECK(scratch::error_of([&] { data::Journal second(path, 6); }) == "IO");
}
