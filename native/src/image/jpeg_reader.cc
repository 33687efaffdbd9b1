#include "image/jpeg_reader.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include <jerror.h>

#include "image/exif.h"
#include "image/jump.h"

namespace alexnet::image {
namespace {

// Warnings of libjpeg after which pixels are wrong. Others (stray bytes between segments, an odd Adobe
// marker, ...) leave the picture whole and are passed over. A missing end is judged by check_complete.
constexpr int kDamage[] = {JWRN_HIT_MARKER, JWRN_HUFF_BAD_CODE, JWRN_MUST_RESYNC, JWRN_ARITH_BAD_CODE,
                           JWRN_BOGUS_PROGRESSION};

// Codes of libjpeg for files that are sound but of a kind it does not decode.
constexpr int kUnsupported[] = {JERR_BAD_PRECISION,        JERR_SOF_UNSUPPORTED, JERR_CONVERSION_NOTIMPL,
                                JERR_ARITH_NOTIMPL,        JERR_NOT_COMPILED,    JERR_COMPONENT_COUNT,
                                JERR_FRACT_SAMPLE_NOTIMPL, JERR_CCIR601_NOTIMPL};

// A progressive file of few bytes can ask for any number of passes over all coefficients; these bound the
// time. Real files have about ten scans.
constexpr int kMaxScans = 500;
constexpr int64_t kMaxScannedPixels = 5'000'000'000;

template <size_t N>
bool contains(const int (&codes)[N], int code) {
  return std::find(std::begin(codes), std::end(codes), code) != std::end(codes);
}

const char* colour_name(J_COLOR_SPACE space) {
  switch (space) {
    case JCS_GRAYSCALE:
      return "grey";
    case JCS_CMYK:
    case JCS_YCCK:
      return "cmyk";
    case JCS_RGB:
    case JCS_YCbCr:
      return "rgb";
    default:
      return "unknown";
  }
}

}  // namespace

void JpegReader::on_error(j_common_ptr jpeg) {
  auto* errors = reinterpret_cast<Errors*>(jpeg->err);
  errors->code = errors->base.msg_code;
  errors->base.format_message(jpeg, errors->message);
  std::longjmp(errors->jump, 1);
}

void JpegReader::on_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  auto* errors = reinterpret_cast<Errors*>(jpeg->err);
  if (errors->base.msg_code == JWRN_JPEG_EOF) errors->ended_early = true;
  if (contains(kDamage, errors->base.msg_code)) on_error(jpeg);
}

void JpegReader::on_progress(j_common_ptr jpeg) {
  const auto* progress = reinterpret_cast<const Progress*>(jpeg->progress);
  const int scans = reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number;
  if (scans <= kMaxScans && scans * progress->pixels <= kMaxScannedPixels) return;
  auto* errors = reinterpret_cast<Errors*>(jpeg->err);
  errors->code = 0;
  std::snprintf(errors->message, sizeof errors->message, "it has more than %d scans", scans - 1);
  std::longjmp(errors->jump, 1);
}

void JpegReader::fail() {
  if (contains(kUnsupported, errors_.code)) throw_unsupported("jpeg", errors_.message);
  if (errors_.code == JERR_OUT_OF_MEMORY)
    throw Error(ErrorCode::kOutOfMemory, "not enough memory to decode a JPEG image");
  throw_corrupt("jpeg", errors_.message);
}

template <typename Body>
void JpegReader::call(Body&& body) {
  if (!runs(errors_.jump, body)) fail();
}

JpegReader::JpegReader(Bytes bytes, const ImageLimits& limits) {
  jpeg_.err = jpeg_std_error(&errors_.base);
  errors_.base.error_exit = on_error;
  errors_.base.emit_message = on_message;
  try {
    call([&] {
      jpeg_create_decompress(&jpeg_);
      jpeg_mem_src(&jpeg_, bytes.data(), bytes.size());
      jpeg_save_markers(&jpeg_, JPEG_APP0 + 1, 0xFFFF);
      jpeg_read_header(&jpeg_, TRUE);
    });
    info_.format = "jpeg";
    info_.width = jpeg_.image_width;
    info_.height = jpeg_.image_height;
    info_.colour = colour_name(jpeg_.jpeg_color_space);
    for (const jpeg_marker_struct* marker = jpeg_.marker_list; marker; marker = marker->next) {
      const Bytes block(marker->data, marker->data_length);
      if (block.size() >= 6 && std::memcmp(block.data(), "Exif\0", 6) == 0) {
        info_.orientation = exif_orientation(block);
        break;
      }
    }
    check_size("jpeg", info_.width, info_.height, limits);
    if (jpeg_.num_components != 1 && jpeg_.num_components != 3 && jpeg_.num_components != 4)
      throw_unsupported("jpeg", std::to_string(jpeg_.num_components) + " colour components");
    progress_.base.progress_monitor = on_progress;
    progress_.pixels = info_.width * info_.height;
    jpeg_.progress = &progress_.base;
  } catch (...) {
    jpeg_destroy_decompress(&jpeg_);
    throw;
  }
}

JpegReader::~JpegReader() { jpeg_destroy_decompress(&jpeg_); }

void JpegReader::start(int eighths) {
  call([&] {
    jpeg_.scale_num = static_cast<unsigned>(eighths);
    jpeg_.scale_denom = 8;
    jpeg_.out_color_space = jpeg_.num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&jpeg_);
  });
  check_complete();
  spare_.resize(static_cast<size_t>(jpeg_.output_width) * 4);
}

int64_t JpegReader::restrict_columns(int64_t begin, int64_t end) {
  // Beside its edge the decoder interpolates colour from less: a margin keeps that out of [begin, end).
  constexpr int64_t kMargin = 16;
  auto offset = static_cast<JDIMENSION>(std::max<int64_t>(0, begin - kMargin));
  auto count = static_cast<JDIMENSION>(std::min<int64_t>(width(), end + kMargin) - offset);
  if (count < jpeg_.output_width) {
    call([&] { jpeg_crop_scanline(&jpeg_, &offset, &count); });
    return offset;
  }
  return 0;
}

void JpegReader::skip_rows(int64_t count) {
  if (count > 0) call([&] { jpeg_skip_scanlines(&jpeg_, static_cast<JDIMENSION>(count)); });
}

void JpegReader::read_row(uint8_t* row) {
  const bool cmyk = jpeg_.out_color_space == JCS_CMYK;
  call([&] {
    JSAMPROW rows[] = {cmyk ? spare_.data() : row};
    jpeg_read_scanlines(&jpeg_, rows, 1);
  });
  if (jpeg_.output_scanline == jpeg_.output_height) check_complete();
  if (!cmyk) return;
  // Adobe's programs, which write nearly all CMYK JPEGs, store them inverted: 255 is no ink. Without a
  // colour profile the inks are taken as ideal: R = (1 - C)(1 - K).
  const uint8_t flip = jpeg_.saw_Adobe_marker ? 0 : 255;
  for (int64_t x = 0; x < restricted_width(); ++x) {
    const uint8_t* ink = &spare_[static_cast<size_t>(x) * 4];
    const uint32_t k = ink[3] ^ flip;
    for (int c = 0; c < 3; ++c) {
      const uint32_t v = (ink[c] ^ flip) * k + 128;
      row[x * 3 + c] = static_cast<uint8_t>((v + (v >> 8)) >> 8);
    }
  }
}

void JpegReader::finish() {
  // Skipping to the very end would not look at the data: the last row is read instead.
  if (jpeg_.output_scanline >= jpeg_.output_height) return;
  skip_rows(static_cast<int64_t>(jpeg_.output_height) - 1 - jpeg_.output_scanline);
  std::vector<uint8_t> row(static_cast<size_t>(restricted_width()) * 3);
  read_row(row.data());
}

void JpegReader::check_complete() {
  if (!errors_.ended_early) return;
  // The file stops without its end marker. In a Huffman-coded file of one scan missing data was noticed as
  // damage, so only the marker is missing. A progressive file is whole if every coefficient that was sent
  // has all its bits and none is missing; of the other kinds nothing can be known.
  bool complete = !jpeg_.arith_code && !jpeg_has_multiple_scans(&jpeg_);
  if (jpeg_.progressive_mode && !jpeg_.arith_code && jpeg_.coef_bits) {
    complete = true;
    for (int c = 0; c < jpeg_.num_components; ++c)
      for (int i = 0; i < DCTSIZE2; ++i) complete = complete && jpeg_.coef_bits[c][i] == 0;
  }
  if (!complete) throw_corrupt("jpeg", "the file ends early");
}

}  // namespace alexnet::image
