#pragma once
// Cardinality: about how many different hashes were seen, in 2^precision bytes: HyperLogLog
// (Flajolet et al. 2007) with 64-bit hashes and the estimator of Ertl (2017), which needs no tables
// of biases. Few hashes are kept as they are and counted exactly.

#include <volley/detail/pipeline.hpp>
#include <volley/hash.hpp>

#include <cstdint>
#include <vector>

namespace volley::detail {

/// 2^precision registers for a relative standard deviation: at least 4. Throws InvalidArgument for
/// one that is not larger than 0.000017.
std::uint32_t cardinality_precision(double relative_deviation);
/// Throws InvalidArgument unless 4 <= precision <= 24.
void check_precision(std::uint32_t precision);

struct Cardinality {
  std::uint32_t precision = 9;
  std::vector<std::uint64_t> hashes;    ///< the first ones, while there are no registers
  std::vector<std::uint8_t> registers;  ///< 2^precision, once the hashes became many

  void add(std::uint64_t hash);
  void merge(const Cardinality& other);
  std::int64_t estimate() const;

  /// Bytes outside the object.
  std::size_t held_bytes() const {
    return hashes.capacity() * sizeof(std::uint64_t) + registers.capacity();
  }
};

struct CardinalityAction {
  explicit CardinalityAction(protocol::Reader& in) { protocol::read(in, seen.precision); }
  template <class T, class Source>
  void run(TaskContext&, Source&& source, protocol::Bytes& result) {
    auto add = [&](auto&& record) { seen.add(mix64(hash_key(record))); };
    source(add);
    result = protocol::encode(seen);
  }
  Cardinality seen;
};

/// For count_approx_distinct_by_key.
struct AddToCardinality {
  template <class V>
  void operator()(Cardinality& seen, const V& value) const {
    seen.add(mix64(hash_key(value)));
  }
};
struct MergeCardinality {
  void operator()(Cardinality& seen, const Cardinality& other) const { seen.merge(other); }
};
struct EstimateCardinality {
  std::int64_t operator()(const Cardinality& seen) const { return seen.estimate(); }
};

}  // namespace volley::detail
