#pragma once
// For test programs that run under mpirun: a failed expectation ends the whole job.

#include "base/check.hpp"
#include "base/result.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace volley::tests {

/// The value of a result that the test needs.
template <class T>
T need(base::Result<T> result) {
  VOLLEY_CHECK(result.ok(), "{}", result.error());
  return std::move(result).value();
}

/// `size` bytes that differ by seed and by place.
inline std::vector<std::byte> pattern(std::uint64_t seed, std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::uint64_t state = seed * 0x9e3779b97f4a7c15U + size + 1;
  for (auto& each : bytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    each = static_cast<std::byte>(state >> 56U);
  }
  return bytes;
}

}  // namespace volley::tests
