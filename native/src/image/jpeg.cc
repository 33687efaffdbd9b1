// JPEG: baseline, progressive and arithmetic-coded, grey, RGB, CMYK and YCCK. A file whose data ends early or
// is visibly damaged is an error; one that lacks nothing but its end marker is accepted.
#include <algorithm>

#include "image/codecs.h"
#include "image/jpeg_reader.h"
#include "image/resample.h"

namespace alexnet::image {

ImageInfo jpeg_info(Bytes bytes, const ImageLimits& limits) { return JpegReader(bytes, limits).info(); }

StoredImage jpeg_decode(Bytes bytes, const ImageLimits& limits) {
  JpegReader reader(bytes, limits);
  reader.start(8);
  StoredImage stored{reader.info(), make_image(reader.width(), reader.height())};
  for (int64_t y = 0; y < reader.height(); ++y)
    reader.read_row(&stored.image.pixels[static_cast<size_t>(y * reader.width() * 3)]);
  return stored;
}

StoredImage jpeg_square(Bytes bytes, int64_t size, const ImageLimits& limits) {
  JpegReader reader(bytes, limits);
  const ImageInfo& info = reader.info();
  // The inverse transform can give 1/2, 1/4 or 1/8 of the size for less work. At least twice the wanted size
  // is kept, so that the filter, not the transform, sets the sharpness.
  const int64_t side = std::min(info.width, info.height);
  int eighths = 8;
  while (eighths > 1 && side * (eighths / 2) / 8 >= 2 * size) eighths /= 2;
  reader.start(eighths);
  const double scale = eighths / 8.0;
  SquareBox box = central_square(info.width, info.height);
  box = {box.left * scale, box.top * scale, box.side * scale};
  SquareResampler resampler(reader.width(), reader.height(), box, size);
  const int64_t left = reader.restrict_columns(resampler.first_column(), resampler.end_column());
  std::vector<uint8_t> row(static_cast<size_t>(reader.restricted_width()) * 3);
  reader.skip_rows(resampler.first_row());
  for (int64_t y = resampler.first_row(); y < resampler.end_row(); ++y) {
    reader.read_row(row.data());
    resampler.push(&row[static_cast<size_t>((resampler.first_column() - left) * 3)]);
  }
  reader.finish();
  return {info, resampler.take()};
}

}  // namespace alexnet::image
