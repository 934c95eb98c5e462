#include "exchange/checksum_kernels.hpp"

#include <xxhash.h>

namespace volley::exchange {

#ifdef VOLLEY_CHECKSUM_VECTORS
const ChecksumKernels checksum_kernels_avx2 = {
    [](const void* data, std::size_t bytes) -> std::uint64_t { return XXH3_64bits(data, bytes); },
    [](void* state, const void* data, std::size_t bytes) {
      XXH3_64bits_update(static_cast<XXH3_state_t*>(state), data, bytes);
    }};
#endif

}  // namespace volley::exchange
