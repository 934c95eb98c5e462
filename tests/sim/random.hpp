#pragma once
// Random: the only source of chance in a simulation; the same seed gives the same numbers with
// every standard library. SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
// generators).

#include "base/units.hpp"

#include <cstdint>

namespace volley::sim {

/// A well mixed function of one number.
constexpr std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31U);
}
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) { return mix(mix(a) ^ b); }

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(mix(seed)) {}

  std::uint64_t next() { return mix(state_++); }
  /// In [0, n); n is at least 1.
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  /// In [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + below(high - low + 1);
  }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  base::Duration duration(base::Duration low, base::Duration high) {
    const auto span = static_cast<std::uint64_t>((high - low).count());
    return low + base::Duration{static_cast<base::Duration::rep>(below(span + 1))};
  }
  template <class Container>
  auto& pick(Container& from) {
    return from[below(from.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace volley::sim
