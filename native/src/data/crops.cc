#include <vector>

#include "alexnet/error.h"
#include "alexnet/sampling.h"
#include "data/crops_kernel.h"
#include "isa.h"

namespace alexnet {

void copy_crops(std::span<const RecordSample> samples, int64_t crop_size, std::byte* out) {
  const int64_t last = kPackSize - crop_size;
  std::vector<const uint8_t*> crops;
  crops.reserve(samples.size());
  for (const auto& [record, sample] : samples) {
    if (crop_size < 1 || sample.top < 0 || sample.left < 0 || sample.top > last || sample.left > last)
      throw Error(ErrorCode::kInvalidArgument, "the crop lies outside the record");
    crops.push_back(record + (sample.top * kPackSize + sample.left) * 3);
  }
  const auto count = static_cast<int64_t>(crops.size());
  switch (current_isa()) {
    case Isa::kAvx512:
      return avx512::copy_crops(crops.data(), count, crop_size, out);
    case Isa::kAvx2:
      return avx2::copy_crops(crops.data(), count, crop_size, out);
    case Isa::kBaseline:
      return baseline::copy_crops(crops.data(), count, crop_size, out);
  }
}

}  // namespace alexnet
