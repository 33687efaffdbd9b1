#include "image/file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "alexnet/error.h"

namespace alexnet::image {
namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

[[noreturn]] void fail(const std::string& path, int error, const std::string& what) {
  const nlohmann::json details{{"path", path}, {"errno", error}};
  throw Error(error == ENOENT || error == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo, what,
              details.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

std::vector<uint8_t> read_file(const std::string& path, int64_t max_bytes) {
  // Non-blocking, or the opening of a named pipe would wait for a writer.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (file.fd < 0) fail(path, errno, "cannot open the file " + path + ": " + std::strerror(errno));
  struct stat status {};
  if (::fstat(file.fd, &status) != 0)
    fail(path, errno, "cannot read the file " + path + ": " + std::strerror(errno));
  if (S_ISDIR(status.st_mode)) fail(path, EISDIR, path + " is a folder, not an image");
  if (!S_ISREG(status.st_mode)) fail(path, EINVAL, path + " is a device or pipe, not a file");
  if (status.st_size > max_bytes)
    throw Error(ErrorCode::kImageTooLarge, "the file has " + std::to_string(status.st_size) +
                                               " bytes, over the limit of " + std::to_string(max_bytes));
  std::vector<uint8_t> bytes(static_cast<size_t>(status.st_size));
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(file.fd, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, errno, "cannot read the file " + path + ": " + std::strerror(errno));
    if (got == 0) break;  // it became shorter meanwhile: the decoder will say what is missing
    done += static_cast<size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace alexnet::image
