// Files for writing: every failure becomes an Error that names the path; a full disk has its own code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace alexnet::data {

/// Throws kDiskFull for ENOSPC and EDQUOT, kNotFound for ENOENT, else kIo; `what` as in "cannot write".
[[noreturn]] void throw_errno(const std::string& what, const std::string& path, int error);

/// An open file; closes itself.
class File {
 public:
  /// `flags` as for open(2); created with mode 0644.
  File(std::string path, int flags);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int descriptor() const { return fd_; }
  const std::string& path() const { return path_; }
  uint64_t size() const;

  /// Writes all of it at `offset`.
  void write_at(uint64_t offset, const void* bytes, size_t count);
  /// Reads up to `count` bytes at `offset`; returns how many there were.
  size_t read_at(uint64_t offset, void* bytes, size_t count) const;
  void truncate(uint64_t size);
  /// Takes the room for `size` bytes now, so that a full disk is known before the work begins.
  void reserve(uint64_t size);
  /// To the disk itself.
  void sync();
  /// False when another process holds the lock.
  bool lock();

 private:
  std::string path_;
  int fd_;
};

/// Renames and makes the renaming durable.
void replace_file(const std::string& from, const std::string& to);
/// Removes a file; one that is not there is no error.
void remove_file(const std::string& path);
bool file_exists(const std::string& path);

}  // namespace alexnet::data
