#include "data/file_io.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "alexnet/error.h"

namespace alexnet::data {

void throw_errno(const std::string& what, const std::string& path, int error) {
  const nlohmann::json details{{"path", path}, {"errno", error}};
  const bool full = error == ENOSPC || error == EDQUOT;
  const ErrorCode code = full              ? ErrorCode::kDiskFull
                         : error == ENOENT ? ErrorCode::kNotFound
                                           : ErrorCode::kIo;
  throw Error(
      code, what + " " + path + ": " + std::strerror(error) + (full ? "; free some space and try again" : ""),
      details.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

File::File(std::string path, int flags)
    : path_(std::move(path)), fd_(::open(path_.c_str(), flags | O_CLOEXEC, 0644)) {
  if (fd_ < 0) throw_errno("cannot open", path_, errno);
}

File::~File() { ::close(fd_); }

uint64_t File::size() const {
  struct stat status {};
  if (::fstat(fd_, &status) != 0) throw_errno("cannot read", path_, errno);
  return static_cast<uint64_t>(status.st_size);
}

void File::write_at(uint64_t offset, const void* bytes, size_t count) {
  const auto* at = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = ::pwrite(fd_, at, count, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno("cannot write", path_, errno);
    at += written;
    offset += static_cast<uint64_t>(written);
    count -= static_cast<size_t>(written);
  }
}

size_t File::read_at(uint64_t offset, void* bytes, size_t count) const {
  auto* at = static_cast<char*>(bytes);
  size_t done = 0;
  while (done < count) {
    const ssize_t got = ::pread(fd_, at + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("cannot read", path_, errno);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

void File::truncate(uint64_t size) {
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) throw_errno("cannot shorten", path_, errno);
}

void File::reserve(uint64_t size) {
  int error;
  do {
    error = ::posix_fallocate(fd_, 0, static_cast<off_t>(size));
  } while (error == EINTR);
  if (error != 0) throw_errno("cannot reserve room for", path_, error);
}

void File::sync() {
  if (::fsync(fd_) != 0) throw_errno("cannot write", path_, errno);
}

bool File::lock() {
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  throw_errno("cannot lock", path_, errno);
}

void replace_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw_errno("cannot rename to", to, errno);
  const std::filesystem::path parent = std::filesystem::path(to).parent_path();
  File(parent.empty() ? "." : parent.string(), O_RDONLY | O_DIRECTORY).sync();
}

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_errno("cannot remove", path, errno);
}

bool file_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace alexnet::data
