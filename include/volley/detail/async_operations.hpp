#pragma once
// AsyncOperations: the actions of Rdd that return at once and run beside the program.

#include <volley/future.hpp>
#include <volley/types.hpp>

#include <cstdint>
#include <source_location>
#include <utility>
#include <vector>

namespace volley::detail {

template <class Self, class T, class P>
class AsyncOperations {
 public:
  using Where = std::source_location;

  // As the actions of these names.
  Future<std::int64_t> count_async(Where where = Where::current()) const {
    return {core(), [rdd = self(), where] { return rdd.count(where); }};
  }
  Future<std::vector<owned_t<T>>> collect_async(Where where = Where::current()) const {
    return {core(), [rdd = self(), where] { return rdd.collect(where); }};
  }
  Future<std::vector<owned_t<T>>> take_async(std::uint64_t n,
                                             Where where = Where::current()) const {
    return {core(), [rdd = self(), n, where] { return rdd.take(n, where); }};
  }
  template <class F>
  Future<void> foreach_async(F f, Where where = Where::current()) const {
    return {core(), [rdd = self(), f, where] { rdd.foreach (f, where); }};
  }
  template <class F>
  Future<void> foreach_partition_async(F f, Where where = Where::current()) const {
    return {core(), [rdd = self(), f, where] { rdd.foreach_partition(f, where); }};
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
  const auto& core() const { return self().lineage()->core(); }
};

}  // namespace volley::detail
