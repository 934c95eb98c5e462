#pragma once
// Samples: which records are kept depends on the seed, the partition's index and the record's place
// in it, and on nothing else.

#include <volley/detail/pipeline.hpp>
#include <volley/hash.hpp>
#include <volley/order.hpp>
#include <volley/types.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <type_traits>
#include <utility>

namespace volley::detail {

/// SplitMix64 (Steele, Lea, Flood 2014), a stream for each seed and partition.
struct SampleRandom {
  std::uint64_t state = 0;

  /// The state that a partition's stream begins with.
  static std::uint64_t start(std::uint64_t seed, std::uint32_t partition) {
    return mix64(seed) + mix64((std::uint64_t{partition} + 1) * 0xd1342543de82ef95ULL);
  }
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()() {
    state += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  /// In [0, 1).
  double uniform() { return static_cast<double>((*this)() >> 11U) * 0x1p-53; }
  /// Poisson distributed (Knuth's product of uniforms, in steps that do not underflow).
  std::uint32_t poisson(double mean) {
    constexpr double step = 16;
    std::uint32_t count = 0;
    for (; mean > step; mean -= step) count += poisson_step(step);
    return count + poisson_step(mean);
  }

 private:
  std::uint32_t poisson_step(double mean) {
    const double limit = std::exp(-mean);
    std::uint32_t count = 0;
    for (double product = uniform(); product > limit; product *= uniform()) ++count;
    return count;
  }
};

/// For FilterOp: records whose uniform number lies in [low, high).
struct CellSample {
  double low = 0;
  double high = 1;
  std::uint64_t seed = 0;
  std::uint64_t state = 0;
  static constexpr bool holds_numbers = true;
  void begin_partition(std::uint32_t partition, std::uint32_t) {
    state = SampleRandom::start(seed, partition);
  }
  template <class X>
  bool operator()(const X&) {
    SampleRandom random{state};
    const double u = random.uniform();
    state = random.state;
    return low <= u && u < high;
  }
};

/// Each record as often as f.copies(record) says.
template <class F>
struct CopiesOp {
  template <class T>
  using result = T;
  using function_type = F;
  template <class In, class X, class Next>
  static void apply(F& f, X&& record, Next&& next) {
    for (std::uint32_t left = f.copies(std::as_const(record)); left > 0; --left) next(In(record));
  }
};

/// Sampling with replacement.
struct PoissonSample {
  double mean = 0;
  std::uint64_t seed = 0;
  std::uint64_t state = 0;
  static constexpr bool holds_numbers = true;
  void begin_partition(std::uint32_t partition, std::uint32_t) {
    state = SampleRandom::start(seed, partition);
  }
  template <class X>
  std::uint32_t copies(const X&) {
    SampleRandom random{state};
    const std::uint32_t count = random.poisson(mean);
    state = random.state;
    return count;
  }
};

/// Keys of one type and of its views, in their order.
struct KeyOrder : Ascending {
  using is_transparent = void;
};

/// A fraction for each key; keys without one are dropped.
template <class K>
struct StrataSample {
  std::map<K, double, KeyOrder> fractions;
  bool with_replacement = false;
  std::uint64_t seed = 0;
  std::uint64_t state = 0;
  void begin_partition(std::uint32_t partition, std::uint32_t) {
    state = SampleRandom::start(seed, partition);
  }
  template <class X>
  std::uint32_t copies(const X& record) {
    const auto found = fractions.find(record.first);
    const double fraction = found == fractions.end() ? 0 : found->second;
    SampleRandom random{state};
    const std::uint32_t count =
        with_replacement ? random.poisson(fraction) : (random.uniform() < fraction ? 1 : 0);
    state = random.state;
    return count;
  }
};

/// The fraction at which a sample of `total` records has at least `wanted` ones in nearly every
/// draw: Spark's rule, from Chernoff bounds and the Poisson distribution's tail.
double fraction_for_sample(std::uint64_t wanted, std::uint64_t total, bool with_replacement);

}  // namespace volley::detail
