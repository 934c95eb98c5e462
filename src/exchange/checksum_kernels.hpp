#pragma once
// XXH3 compiled for one instruction set. Each of the files checksum_*.cpp is compiled with other
// flags and includes nothing else, so that no code of theirs can be taken for a general one.

#include <cstddef>
#include <cstdint>

namespace volley::exchange {

struct ChecksumKernels {
  std::uint64_t (*whole)(const void* data, std::size_t bytes);
  void (*add)(void* state, const void* data, std::size_t bytes);
};

extern const ChecksumKernels checksum_kernels_general;
#ifdef VOLLEY_CHECKSUM_VECTORS
extern const ChecksumKernels checksum_kernels_avx2;
extern const ChecksumKernels checksum_kernels_avx512;
#endif

}  // namespace volley::exchange
