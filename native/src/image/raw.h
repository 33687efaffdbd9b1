// Camera raw files: most are TIFF files whose first picture is only a thumbnail.
#pragma once

#include <string>

#include "image/codecs.h"

namespace alexnet::image {

/// What kind of raw file it is, e.g. "Nikon raw (NEF)"; empty for every other file, plain TIFF among them.
std::string raw_format(Bytes bytes);

}  // namespace alexnet::image
