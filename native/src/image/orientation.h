// Turns a stored image upright.
#pragma once

#include "alexnet/image.h"

namespace alexnet::image {

/// Applies an EXIF orientation 1..8 (TIFF 6.0: which side of the scene row 0 and column 0 are).
RgbImage orient(RgbImage image, int orientation);

}  // namespace alexnet::image
