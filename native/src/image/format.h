// Which format untrusted bytes are, by their first bytes: names and extensions are not to be believed.
#pragma once

#include "image/codecs.h"

namespace alexnet::image {

struct Format {
  std::string name;   // "jpeg", ..., or what else it is: "psd", "pdf", "text", "empty", "unknown"
  bool image = true;  // false: not a raster image at all
};

Format detect_format(Bytes bytes);

}  // namespace alexnet::image
