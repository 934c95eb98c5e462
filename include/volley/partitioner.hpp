#pragma once
// Partitioners: which partition a key belongs to. RDDs with equal partitioners have equal keys in
// equal partitions and meet without a shuffle. rdd.partitioner() tells an RDD's; operations that
// shuffle take one, or a number of partitions, as their last argument.
//
// Two are equal when both are by hash and have equally many partitions, when they cut at equal
// bounds in the same direction, or when they are one function with equal captures.

#include "program/lineage.hpp"

#include <volley/detail/partition_call.hpp>
#include <volley/types.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace volley {

using program::Partitioner;

/// By the hash of the key; integers go to key mod `partitions`.
inline Partitioner hash_partitioner(std::uint32_t partitions) {
  return {Partitioner::Kind::hash, partitions, 0, nullptr};
}

namespace detail {

/// A number that is equal for equal closures.
std::uint64_t identity_of(const protocol::Closure& closure);

template <class K, class F>
Partitioner function_partitioner(Partitioner::Kind kind, std::uint32_t partitions,
                                 const F& function) {
  auto closure =
      std::make_shared<const protocol::Closure>(partition_closure<K>(function, "partitioner"));
  const std::uint64_t identity = identity_of(*closure);
  return {kind, partitions, identity, std::move(closure)};
}

}  // namespace detail

/// By f(key), an integer from 0 to partitions - 1; K is the key type of the RDDs. A job that meets
/// another result fails.
template <class K, class F>
Partitioner partitioner(std::uint32_t partitions, F f) {
  VOLLEY_REQUIRE_SHIPPABLE(F);
  static_assert(std::is_same_v<owned_t<K>, K>, "keys are owned where they are partitioned");
  return detail::function_partitioner<K>(Partitioner::Kind::custom, partitions, f);
}

/// The partitions of a shuffle's result: nothing (as many as the largest input has, or
/// volley.default.parallelism, or those of an input that is partitioned), how many, or a
/// partitioner.
class Partitions {
 public:
  Partitions() = default;
  /// Throws InvalidArgument for a negative number. 0: nothing is said.
  template <std::integral N>
  Partitions(N count) : count_(static_cast<std::uint32_t>(count)) {
    if constexpr (std::is_signed_v<N>) {
      if (count >= 0) return;
      throw InvalidArgument("Number of partitions cannot be negative but found " +
                            std::to_string(count) + ".");
    }
  }
  Partitions(Partitioner partitioner) : partitioner_(std::move(partitioner)) {}

  std::uint32_t count() const { return partitioner_ ? partitioner_.partitions : count_; }
  const Partitioner& partitioner() const { return partitioner_; }

 private:
  std::uint32_t count_ = 0;
  Partitioner partitioner_;
};

}  // namespace volley
