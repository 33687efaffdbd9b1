// The memory-mapped reader: what its header claims is checked before anything is believed.
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>

#include "alexnet/error.h"
#include "alexnet/pack.h"
#include "data/file_io.h"
#include "data/hash.h"
#include "data/pack_format.h"

namespace alexnet {

struct PackReader::Impl {
  std::string path;
  const uint8_t* base = nullptr;
  size_t bytes = 0;
  data::PackHeader header{};
  PackStatistics statistics;

  ~Impl() {
    if (base) ::munmap(const_cast<uint8_t*>(base), bytes);
  }

  std::span<const uint8_t> part(uint64_t from, uint64_t to) const { return {base + from, to - from}; }

  const uint8_t* record(int64_t index) const {
    return base + data::kHeaderBytes + static_cast<uint64_t>(index) * static_cast<uint64_t>(kRecordBytes);
  }

  template <typename Number>
  Number number(uint64_t table, int64_t index) const {
    Number value;
    std::memcpy(&value, base + table + static_cast<uint64_t>(index) * sizeof(Number), sizeof value);
    return value;
  }

  void check_index(int64_t index) const {
    if (index < 0 || static_cast<uint64_t>(index) >= header.count)
      throw Error(
          ErrorCode::kInvalidArgument,
          "record " + std::to_string(index) + " is asked for, the pack has " + std::to_string(header.count));
  }
};

PackReader::PackReader(const std::string& path) : impl_(std::make_unique<Impl>()) {
  impl_->path = path;
  const data::File file(path, O_RDONLY | O_NONBLOCK);
  const uint64_t bytes = file.size();
  if (bytes < data::kHeaderBytes) data::throw_corrupt_pack(path, "it is too short");
  void* base = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file.descriptor(), 0);
  if (base == MAP_FAILED) data::throw_errno("cannot map", path, errno);
  impl_->base = static_cast<const uint8_t*>(base);
  impl_->bytes = bytes;
  impl_->header = data::parse_header({impl_->base, data::kHeaderBytes}, bytes, path);
  const data::PackHeader& header = impl_->header;
  const auto tables = impl_->part(header.labels_at, header.statistics_at);
  if (data::hash64(tables.data(), tables.size()) != header.tables_hash)
    data::throw_corrupt_pack(path, "the checksum of its labels is wrong");
  for (int64_t i = 0; i < count(); ++i) {
    const auto label = impl_->number<int32_t>(header.labels_at, i);
    if (label < 0 || label >= classes())
      data::throw_corrupt_pack(path, "record " + std::to_string(i) + " has label " + std::to_string(label));
  }
  const auto statistics = impl_->part(header.statistics_at, header.file_bytes);
  if (data::hash64(statistics.data(), statistics.size()) != header.statistics_hash)
    data::throw_corrupt_pack(path, "the checksum of its statistics is wrong");
  impl_->statistics = data::parse_statistics(statistics, path);
}

PackReader::~PackReader() = default;

int64_t PackReader::count() const { return static_cast<int64_t>(impl_->header.count); }
int64_t PackReader::classes() const { return static_cast<int64_t>(impl_->header.classes); }

const uint8_t* PackReader::record(int64_t index) const {
  impl_->check_index(index);
  return impl_->record(index);
}

int32_t PackReader::label(int64_t index) const {
  impl_->check_index(index);
  return impl_->number<int32_t>(impl_->header.labels_at, index);
}

uint64_t PackReader::record_hash(int64_t index) const {
  impl_->check_index(index);
  return impl_->number<uint64_t>(impl_->header.hashes_at, index);
}

const PackStatistics& PackReader::statistics() const { return impl_->statistics; }
const std::string& PackReader::path() const { return impl_->path; }

void PackReader::verify(const std::function<bool(int64_t, int64_t)>& progress) const {
  for (int64_t i = 0; i < count(); ++i) {
    if (data::hash64(impl_->record(i), static_cast<size_t>(kRecordBytes)) !=
        impl_->number<uint64_t>(impl_->header.hashes_at, i))
      data::throw_corrupt_pack(impl_->path, "the checksum of record " + std::to_string(i) + " is wrong");
    if (progress && !progress(i + 1, count())) return;
  }
}

}  // namespace alexnet
