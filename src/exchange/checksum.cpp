#include "exchange/checksum.hpp"

#include "base/check.hpp"
#include "exchange/checksum_kernels.hpp"

#include <xxhash.h>

namespace volley::exchange {

const ChecksumKernels checksum_kernels_general = {
    [](const void* data, std::size_t bytes) -> std::uint64_t { return XXH3_64bits(data, bytes); },
    [](void* state, const void* data, std::size_t bytes) {
      XXH3_64bits_update(static_cast<XXH3_state_t*>(state), data, bytes);
    }};

namespace {

const ChecksumKernels& kernels_of_this_processor() {
#ifdef VOLLEY_CHECKSUM_VECTORS
  if (__builtin_cpu_supports("avx512f")) return checksum_kernels_avx512;
  if (__builtin_cpu_supports("avx2")) return checksum_kernels_avx2;
#endif
  return checksum_kernels_general;
}

const ChecksumKernels& kernels() {
  static const ChecksumKernels& chosen = kernels_of_this_processor();
  return chosen;
}

XXH3_state_t* state_of(void* state) { return static_cast<XXH3_state_t*>(state); }

}  // namespace

std::uint64_t checksum_of(std::span<const std::byte> bytes) {
  return kernels().whole(bytes.data(), bytes.size());
}

void RunningChecksum::Free::operator()(void* state) const { XXH3_freeState(state_of(state)); }

RunningChecksum::RunningChecksum() : state_(XXH3_createState()) {
  VOLLEY_CHECK(state_ != nullptr, "bytes={}", sizeof(XXH3_state_t));
  restart();
}

void RunningChecksum::restart() { XXH3_64bits_reset(state_of(state_.get())); }

void RunningChecksum::add(std::span<const std::byte> bytes) {
  kernels().add(state_.get(), bytes.data(), bytes.size());
}

std::uint64_t RunningChecksum::value() const { return XXH3_64bits_digest(state_of(state_.get())); }

}  // namespace volley::exchange
