// Folders, plans and photos for the tests of packing.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "alexnet/error.h"
#include "alexnet/image.h"
#include "alexnet/pack.h"
#include "alexnet/random.h"

namespace scratch {

namespace fs = std::filesystem;

/// A folder of its own that is gone with the object.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "alexnet-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

inline std::vector<uint8_t> read_bytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const fs::path& path, const std::vector<uint8_t>& bytes) {
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

/// A JPEG of coloured noise in blocks, another for every number.
inline std::vector<uint8_t> photo(uint64_t number, int64_t width = 90, int64_t height = 70) {
  alexnet::RgbImage image{height, width, std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
  const alexnet::RandomStream stream{number, alexnet::RandomPurpose::kSample};
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < 3; ++c)
        image.pixels[(y * width + x) * 3 + c] =
            static_cast<uint8_t>(stream.words(y / 9 * 100 + x / 9)[c] >> 24);
  return alexnet::encode_jpeg(image, 90);
}

/// A folder of `count` files, every fifth of them bad in one of several ways, and its plan.
struct DataSet {
  explicit DataSet(int count, int classes = 3) {
    options.plan_path = (folder / "plan.jsonl").string();
    options.pack_path = (folder / "train.pack").string();
    options.result_path = (folder / "results.jsonl").string();
    options.classes = classes;
    std::ofstream plan(options.plan_path);
    for (int i = 0; i < count; ++i) {
      const fs::path path = folder / ("photo " + std::to_string(i) + ".jpg");
      std::vector<uint8_t> bytes = photo(static_cast<uint64_t>(i));
      if (i % 5 == 4) {
        bad.push_back(i);
        if (i % 20 == 4) bytes.resize(bytes.size() / 2);
        if (i % 20 == 9) bytes = {'t', 'e', 'x', 't'};
        if (i % 20 == 14) bytes.clear();
      }
      if (i % 20 != 19) write_bytes(path, bytes);  // else it is missing
      plan << nlohmann::json{{"path", path.string()}, {"label", i % classes}}.dump() << "\n";
    }
  }

  std::vector<nlohmann::json> results() const {
    std::vector<nlohmann::json> lines;
    std::ifstream file(options.result_path);
    for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }

  Folder folder;
  alexnet::PackOptions options;
  std::vector<int> bad;
};

inline alexnet::PackResult pack(const alexnet::PackOptions& options) {
  const std::atomic<bool> cancel{false};
  return alexnet::write_pack(options, {}, cancel);
}

/// The name of the Error that `call` throws, or "none".
inline std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const alexnet::Error& error) {
    return alexnet::error_code_name(error.code());
  }
  return "none";
}

}  // namespace scratch
