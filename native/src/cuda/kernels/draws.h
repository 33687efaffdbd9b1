// The draws of alexnet/random.h on the device: the same keys and counters give the same bits.
#pragma once

#include "alexnet/random.h"
#include "cuda/kernels/values.h"

namespace alexnet::cuda {

struct Words {
  uint32_t w[4];
};

/// RandomStream{seed, purpose, a, b}.words(index).
ALEXNET_HD Words stream_words(uint64_t seed, RandomPurpose purpose, uint32_t a, uint32_t b, uint64_t index) {
  uint32_t c0 = static_cast<uint32_t>(index), c1 = static_cast<uint32_t>(index >> 32) ^ (b << 16);
  uint32_t c2 = a, c3 = static_cast<uint32_t>(purpose);
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  ALEXNET_UNROLL
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c0;
    const uint64_t p1 = uint64_t{0xCD9E8D57u} * c2;
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(p1);
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace alexnet::cuda
