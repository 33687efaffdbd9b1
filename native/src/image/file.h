// Reading a whole, untrusted file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace alexnet::image {

/// The bytes of a regular file of at most `max_bytes`. Throws kNotFound, kIo (unreadable, a directory, a
/// device or pipe: never waits on one) and kImageTooLarge.
std::vector<uint8_t> read_file(const std::string& path, int64_t max_bytes);

}  // namespace alexnet::image
