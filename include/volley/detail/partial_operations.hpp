#pragma once
// PartialOperations: the actions of Rdd that tell what they know after a given time.

#include "program/estimates.hpp"

#include <volley/detail/fold_operations.hpp>
#include <volley/detail/number_operations.hpp>
#include <volley/detail/rdd_build.hpp>
#include <volley/partial_result.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <source_location>
#include <utility>
#include <vector>

namespace volley::detail {

/// How often each record comes in a partition.
struct CountValuesAction {
  explicit CountValuesAction(protocol::Reader&) {}
  template <class T, class Source>
  void run(TaskContext&, Source&& source, protocol::Bytes& result) {
    KeyMap<owned_t<T>, std::int64_t> counts;
    auto add = [&](auto&& record) { ++counts[to_owned(std::forward<decltype(record)>(record))]; };
    source(add);
    std::vector<std::pair<owned_t<T>, std::int64_t>> all(counts.begin(), counts.end());
    result = protocol::encode(all);
  }
};

/// What the partitions have given so far; the action's thread adds to it.
template <class State>
struct PartialState {
  std::mutex mutex;
  program::Coverage coverage;
  State state{};
};

template <class Self, class T, class P>
class PartialOperations {
 public:
  using Where = std::source_location;
  using Timeout = std::chrono::milliseconds;

  /// About how many records there are, after that time: with the given probability as many as the
  /// bounds say. Throws InvalidArgument for a confidence that is none.
  PartialResult<BoundedDouble> count_approx(Timeout timeout, double confidence = 0.95,
                                            Where where = Where::current()) const {
    return approximate<CountAction, std::int64_t, std::int64_t>(
        "count_approx", timeout, confidence, where,
        [](std::int64_t& total, std::int64_t share) { total += share; }, &program::estimate_count);
  }
  /// The same of how often each record comes; records that were not seen yet are missing.
  auto count_by_value_approx(Timeout timeout, double confidence = 0.95,
                             Where where = Where::current()) const {
    using Counts = KeyMap<owned_t<T>, std::int64_t>;
    using Shares = std::vector<std::pair<owned_t<T>, std::int64_t>>;
    return approximate<CountValuesAction, Counts, Shares>(
        "count_by_value_approx", timeout, confidence, where,
        [](Counts& counts, const Shares& shares) {
          for (const auto& [value, count] : shares) counts[value] += count;
        },
        [](const program::Coverage& coverage, const Counts& counts, double wanted) {
          KeyMap<owned_t<T>, BoundedDouble> estimates;
          for (const auto& [value, count] : counts) {
            estimates[value] = program::estimate_count(coverage, count, wanted);
          }
          return estimates;
        });
  }
  /// Pairs only: the same of keys.
  auto count_by_key_approx(Timeout timeout, double confidence = 0.95,
                           Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("count_by_key_approx", T);
    return self().keys(where).count_by_value_approx(timeout, confidence, where);
  }
  /// Numbers only: as their sum and their mean.
  PartialResult<BoundedDouble> sum_approx(Timeout timeout, double confidence = 0.95,
                                          Where where = Where::current()) const {
    VOLLEY_REQUIRE_NUMBERS("sum_approx", T);
    return approximate<StatisticsAction, Statistics, Statistics>(
        "sum_approx", timeout, confidence, where, &merge_statistics, &program::estimate_sum);
  }
  PartialResult<BoundedDouble> mean_approx(Timeout timeout, double confidence = 0.95,
                                           Where where = Where::current()) const {
    VOLLEY_REQUIRE_NUMBERS("mean_approx", T);
    return approximate<StatisticsAction, Statistics, Statistics>(
        "mean_approx", timeout, confidence, where, &merge_statistics, &program::estimate_mean);
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
  static void merge_statistics(Statistics& all, const Statistics& share) { all.merge(share); }

  template <class A, class State, class Share, class Merge, class Estimate>
  auto approximate(const char* name, Timeout timeout, double confidence, Where where, Merge merge,
                   Estimate estimate) const {
    program::check_confidence(confidence);
    using R = std::decay_t<decltype(estimate(program::Coverage{}, std::declval<State&>(), 0.0))>;
    auto known = std::make_shared<PartialState<State>>();
    known->coverage.total = self().num_partitions();
    auto action = [rdd = self(), name, where, known, merge] {
      rdd.template run<A>(
          name, [](auto&) {}, rdd.all_partitions(), where,
          [&](std::uint32_t, const protocol::Bytes& result) {
            const auto share = decode_result<Share>(result);
            const std::lock_guard lock(known->mutex);
            merge(known->state, share);
            ++known->coverage.merged;
          });
    };
    return PartialResult<R>(
        std::make_unique<Future<void>>(self().lineage()->core(), std::move(action)),
        [known, estimate, confidence] {
          const std::lock_guard lock(known->mutex);
          return R(estimate(known->coverage, known->state, confidence));
        },
        timeout);
  }
};

}  // namespace volley::detail
