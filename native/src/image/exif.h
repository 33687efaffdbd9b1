// The orientation entry of EXIF data, read from untrusted bytes.
#pragma once

#include "image/codecs.h"

namespace alexnet::image {

/// The orientation 1..8 in a TIFF-structured EXIF block (with or without the leading "Exif\0\0"). Anything
/// missing, malformed or out of range is 1: damaged metadata never makes a photo unreadable.
int exif_orientation(Bytes block);

}  // namespace alexnet::image
