#include "cpu/onednn.h"

#include <string>

#include "alexnet/error.h"

namespace alexnet::cpu {

void throw_onednn_error(const char* what, const dnnl::error& error) {
  const std::string place = std::string("oneDNN, ") + what + ": " + error.what();
  switch (error.status) {
    case dnnl_out_of_memory:
      throw Error(ErrorCode::kOutOfMemory, place + "; choose a smaller batch");
    case dnnl_unimplemented:
      throw Error(ErrorCode::kDeviceUnavailable,
                  place + "; this processor cannot compute it in this precision, choose fp32");
    default:
      throw Error(ErrorCode::kInternal, place);
  }
}

const char* onednn_version() {
  static const std::string version = [] {
    const dnnl_version_t* v = dnnl_version();
    return std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
  }();
  return version.c_str();
}

}  // namespace alexnet::cpu
