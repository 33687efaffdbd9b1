#include "image/orientation.h"

#include <algorithm>
#include <cstring>

namespace alexnet::image {

RgbImage orient(RgbImage image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const int64_t h = image.height, w = image.width;
  const bool transposed = orientation >= 5;
  // With the result indexed (y, x), the source is (y, x) or, transposed, (x, y); then each axis may run
  // backwards. 2: columns backwards, 3: both, 4: rows; 5: none, 6: rows, 7: both, 8: columns.
  const bool rows_back = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool columns_back = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const int64_t row_stride = rows_back ? -w * 3 : w * 3, column_stride = columns_back ? -3 : 3;
  const uint8_t* origin =
      image.pixels.data() + (rows_back ? (h - 1) * w * 3 : 0) + (columns_back ? (w - 1) * 3 : 0);
  RgbImage out{transposed ? w : h, transposed ? h : w, {}};
  out.pixels.resize(image.pixels.size());
  const int64_t step_y = transposed ? column_stride : row_stride;
  const int64_t step_x = transposed ? row_stride : column_stride;
  // Tiles keep both sides of a transposition in the cache.
  constexpr int64_t kTile = 32;
  for (int64_t y0 = 0; y0 < out.height; y0 += kTile) {
    for (int64_t x0 = 0; x0 < out.width; x0 += kTile) {
      for (int64_t y = y0; y < std::min(y0 + kTile, out.height); ++y) {
        uint8_t* to = &out.pixels[static_cast<size_t>((y * out.width + x0) * 3)];
        const uint8_t* from = origin + y * step_y + x0 * step_x;
        for (int64_t x = x0; x < std::min(x0 + kTile, out.width); ++x, to += 3, from += step_x)
          std::memcpy(to, from, 3);
      }
    }
  }
  return out;
}

}  // namespace alexnet::image
