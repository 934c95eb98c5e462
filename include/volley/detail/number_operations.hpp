#pragma once
// NumberOperations: the actions of Rdd for records that are numbers.

#include <volley/detail/histogram.hpp>
#include <volley/detail/rdd_build.hpp>
#include <volley/error.hpp>
#include <volley/statistics.hpp>

#include <algorithm>
#include <cstdint>
#include <source_location>
#include <type_traits>
#include <utility>
#include <vector>

#define VOLLEY_REQUIRE_NUMBERS(operation, T)      \
  static_assert(std::is_arithmetic_v<owned_t<T>>, \
                operation " needs records that are numbers: map to numbers first")

namespace volley::detail {

struct StatisticsAction {
  explicit StatisticsAction(protocol::Reader&) {}
  template <class T, class Source>
  void run(TaskContext&, Source&& source, protocol::Bytes& result) {
    Statistics all;
    auto add = [&](auto&& record) { all.add(static_cast<double>(record)); };
    source(add);
    result = protocol::encode(all);
  }
};
struct SumAction {
  explicit SumAction(protocol::Reader&) {}
  template <class T, class Source>
  void run(TaskContext&, Source&& source, protocol::Bytes& result) {
    double total = 0;
    auto add = [&](auto&& record) { total += static_cast<double>(record); };
    source(add);
    result = protocol::encode(total);
  }
};

template <class Self, class T, class P>
class NumberOperations {
 public:
  using Where = std::source_location;

  /// Count, mean, variance, least and largest, in one job.
  Statistics stats(Where where = Where::current()) const {
    VOLLEY_REQUIRE_NUMBERS("stats", T);
    std::vector<Statistics> shares(self().num_partitions());
    run_numbers<StatisticsAction>("stats", shares, where);
    Statistics all;
    for (const Statistics& share : shares) all.merge(share);
    return all;
  }
  double sum(Where where = Where::current()) const {
    VOLLEY_REQUIRE_NUMBERS("sum", T);
    std::vector<double> shares(self().num_partitions());
    run_numbers<SumAction>("sum", shares, where);
    double total = 0;
    for (const double share : shares) total += share;
    return total;
  }
  // As the members of Statistics of these names.
  double mean(Where where = Where::current()) const { return stats(where).mean(); }
  double variance(Where where = Where::current()) const { return stats(where).variance(); }
  double stdev(Where where = Where::current()) const { return stats(where).stdev(); }
  double pop_variance(Where where = Where::current()) const { return stats(where).variance(); }
  double pop_stdev(Where where = Where::current()) const { return stats(where).stdev(); }
  double sample_variance(Where where = Where::current()) const {
    return stats(where).sample_variance();
  }
  double sample_stdev(Where where = Where::current()) const { return stats(where).sample_stdev(); }

  /// How many records lie in each of the buckets whose borders are given, ascending. A bucket has
  /// its lower border and not its upper one, except the last, which has both. NaN is larger than
  /// every number. `even`: the buckets are equally wide, which is faster. Throws InvalidArgument
  /// for less than two borders.
  std::vector<std::int64_t> histogram(const std::vector<double>& borders, bool even = false,
                                      Where where = Where::current()) const {
    VOLLEY_REQUIRE_NUMBERS("histogram", T);
    check_borders(borders);
    std::vector<std::int64_t> counts(borders.size() - 1);
    self().template run<HistogramAction>(
        "histogram",
        [&](auto& out) {
          protocol::write(out, borders);
          protocol::write(out, even);
        },
        self().all_partitions(), where,
        [&](std::uint32_t, const protocol::Bytes& result) {
          const auto share = decode_result<std::vector<std::int64_t>>(result);
          for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += share.at(i);
        });
    return counts;
  }
  /// Borders of `buckets` equally wide buckets from the least to the largest record, and the
  /// counts; one bucket when all records are equal. Throws UnsupportedOperation("Histogram on
  /// either an empty RDD or RDD containing +/-infinity or NaN").
  std::pair<std::vector<double>, std::vector<std::int64_t>> histogram(
      int buckets, Where where = Where::current()) const {
    VOLLEY_REQUIRE_NUMBERS("histogram", T);
    auto borders = even_borders(stats(where), buckets);
    auto counts = histogram(borders, true, where);
    return {std::move(borders), std::move(counts)};
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
  template <class A, class Share>
  void run_numbers(const char* name, std::vector<Share>& shares, Where where) const {
    self().template run<A>(
        name, [](auto&) {}, self().all_partitions(), where,
        [&](std::uint32_t index, const protocol::Bytes& result) {
          shares.at(index) = decode_result<Share>(result);
        });
  }
};

}  // namespace volley::detail
