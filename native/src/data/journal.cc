#include "data/journal.h"

#include <cstring>
#include <vector>

#include <fcntl.h>

#include "data/hash.h"

namespace alexnet::data {
namespace {

constexpr char kMagic[8] = {'A', 'L', 'X', 'N', 'J', 'R', 'N', '1'};

struct Head {
  char magic[8];
  uint64_t plan_hash;
  uint64_t hash;  // of the above
};

/// An entry: this, the message, then the hash of the chain so far and both.
struct EntryHead {
  uint32_t packed;
  uint32_t code;
  uint64_t record_hash;
  uint64_t message_bytes;
};

constexpr uint64_t kMaxMessage = 1 << 16;

uint64_t link(uint64_t chain, const uint8_t* bytes, size_t count) {
  const uint64_t both[2] = {chain, hash64(bytes, count)};
  return hash64(both, sizeof both);
}

}  // namespace

Journal::Journal(const std::string& path, uint64_t plan_hash) : file_(path, O_RDWR | O_CREAT) {
  if (!file_.lock())
    throw Error(ErrorCode::kIo,
                "another process is packing this data set (" + path + " is locked); wait for it");
  Head head{};
  const bool known = file_.read_at(0, &head, sizeof head) == sizeof head &&
                     std::memcmp(head.magic, kMagic, sizeof kMagic) == 0 && head.plan_hash == plan_hash &&
                     head.hash == hash64(&head, offsetof(Head, hash));
  if (!known) {
    std::memcpy(head.magic, kMagic, sizeof kMagic);
    head.plan_hash = plan_hash;
    head.hash = hash64(&head, offsetof(Head, hash));
    file_.truncate(0);
    file_.write_at(0, &head, sizeof head);
  }
  head_chain_ = head.hash;
  rewind();
}

void Journal::rewind() {
  at_ = sizeof(Head);
  chain_ = head_chain_;
}

bool Journal::next(JournalEntry& entry) {
  EntryHead head{};
  if (file_.read_at(at_, &head, sizeof head) != sizeof head || head.message_bytes > kMaxMessage) return false;
  std::vector<uint8_t> bytes(sizeof head + head.message_bytes + sizeof(uint64_t));
  if (file_.read_at(at_, bytes.data(), bytes.size()) != bytes.size()) return false;
  uint64_t hash;
  std::memcpy(&hash, bytes.data() + bytes.size() - sizeof hash, sizeof hash);
  if (hash != link(chain_, bytes.data(), bytes.size() - sizeof hash)) return false;
  entry.packed = head.packed != 0;
  entry.code = static_cast<ErrorCode>(head.code);
  entry.record_hash = head.record_hash;
  entry.message.assign(reinterpret_cast<const char*>(bytes.data()) + sizeof head, head.message_bytes);
  at_ += bytes.size();
  chain_ = hash;
  return true;
}

void Journal::cut_here() { file_.truncate(at_); }

void Journal::append(const JournalEntry& entry) {
  const std::string message = entry.message.substr(0, kMaxMessage);
  const EntryHead head{entry.packed, static_cast<uint32_t>(entry.code), entry.record_hash, message.size()};
  std::vector<uint8_t> bytes(sizeof head + message.size() + sizeof(uint64_t));
  std::memcpy(bytes.data(), &head, sizeof head);
  std::memcpy(bytes.data() + sizeof head, message.data(), message.size());
  const uint64_t hash = link(chain_, bytes.data(), bytes.size() - sizeof hash);
  std::memcpy(bytes.data() + bytes.size() - sizeof hash, &hash, sizeof hash);
  file_.write_at(at_, bytes.data(), bytes.size());
  at_ += bytes.size();
  chain_ = hash;
}

}  // namespace alexnet::data
