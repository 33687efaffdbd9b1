// libjpeg behind an object: its jumps become Errors, its warnings about damaged data too.
#pragma once

#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>

#include "image/codecs.h"

namespace alexnet::image {

class JpegReader {
 public:
  /// Reads the header, checks the limits.
  JpegReader(Bytes bytes, const ImageLimits& limits);
  ~JpegReader();
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  const ImageInfo& info() const { return info_; }

  /// Begins decoding at `eighths`/8 of the size (1, 2, 4 or 8). For a progressive file this reads all of it.
  void start(int eighths);
  int64_t width() const { return jpeg_.output_width; }
  int64_t height() const { return jpeg_.output_height; }

  /// After start: decode only columns around [begin, end). Returns the column that rows then begin with.
  int64_t restrict_columns(int64_t begin, int64_t end);
  int64_t restricted_width() const { return jpeg_.output_width; }

  /// Passes over rows, still checking their data.
  void skip_rows(int64_t count);
  /// Reads the next row as RGB into `row`, which has room for restricted_width() pixels.
  void read_row(uint8_t* row);
  /// Checks the data of the rows that were not read.
  void finish();

 private:
  struct Errors {
    jpeg_error_mgr base;  // first: libjpeg knows only this
    jmp_buf jump;
    bool ended_early;  // the file stopped before the end-of-image marker
    char message[JMSG_LENGTH_MAX];
    int code;
  };
  struct Progress {
    jpeg_progress_mgr base;
    int64_t pixels;
  };

  static void on_error(j_common_ptr jpeg);
  static void on_message(j_common_ptr jpeg, int level);
  static void on_progress(j_common_ptr jpeg);

  template <typename Body>
  void call(Body&& body);
  [[noreturn]] void fail();
  /// Throws when the end-of-image marker is missing together with data.
  void check_complete();

  jpeg_decompress_struct jpeg_{};
  Errors errors_{};
  Progress progress_{};
  ImageInfo info_;
  std::vector<uint8_t> spare_;  // a row of CMYK, or of no interest
};

}  // namespace alexnet::image
