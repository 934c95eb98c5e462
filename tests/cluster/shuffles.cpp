// Shuffles: the same results with and without compression and spilling, for records that are large,
// few, or of awkward keys, and when the program fails beside them.

#include "check.hpp"

#include <functional>
#include <limits>
#include <map>
#include <stdexcept>

namespace cluster_test {

namespace {

using IntPairs = std::vector<std::pair<int, int>>;
using Groups = std::map<int, std::vector<int>>;

template <class Rdd>
Groups groups_of(const Rdd& rdd) {
  Groups groups;
  for (auto& [key, values] : rdd.collect()) groups[key] = sorted(std::move(values));
  return groups;
}

void check_small_groups(volley::Context& context, Checks& checks) {
  const auto pairs = context.parallelize(IntPairs{{1, 1}, {1, 2}, {1, 3}, {2, 1}}, 4);
  const Groups expected{{1, {1, 2, 3}}, {2, {1}}};
  checks.equal("SHUF_001 SHUF_007", groups_of(pairs.group_by_key()), expected);
  checks.equal("DIST_002", groups_of(pairs.group_by_key(5)), expected);
  const auto ten = context.range(0, 10, 1, 4)
                       .map([](std::int64_t x) { return std::pair(x, 2 * x); })
                       .group_by_key(3);
  checks.equal("SHUF_002", ten.count(), 10);
}

/// 2000 records of 10 kB: many more bytes than move at a time.
void check_large_records(volley::Context& context, Checks& checks) {
  const auto groups =
      context.range(0, 2000, 1, 4)
          .map([](std::int64_t x) {
            return std::pair(x % 16, std::string(10'000, static_cast<char>('a' + x % 23)));
          })
          .group_by_key(2)
          .map([](const auto& group) {
            std::int64_t wrong = 0;
            for (const auto& text : group.second) {
              const bool whole = text.size() == 10'000 && text.front() == text.back();
              wrong += whole ? 0 : 1;
            }
            return std::pair(static_cast<std::int64_t>(group.second.size()), wrong);
          })
          .collect();
  std::int64_t records = 0;
  std::int64_t wrong = 0;
  for (const auto& [size, damaged] : groups) {
    records += size;
    wrong += damaged;
  }
  checks.equal("DIST_003 groups", groups.size(), 16U);
  checks.equal("DIST_003 records", records, 2000L);
  checks.equal("DIST_003 damaged records", wrong, 0L);
}

using Key = std::pair<std::uint64_t, std::uint64_t>;

/// What detail::mix64() makes `x` of.
std::uint64_t unmixed(std::uint64_t x) {
  x ^= x >> 33U;
  x *= 0x9cb4b2f8129337dbULL;
  x ^= x >> 33U;
  x *= 0x4f74430c22a54005ULL;
  x ^= x >> 33U;
  return x;
}

/// Another key for each number, all of them with this hash.
Key key_of(std::uint64_t number, std::uint64_t hash) {
  return {number, unmixed(unmixed(hash) - 31 * volley::detail::mix64(number))};
}

/// Sums and sizes of groups of keys that have only these hashes, 10 records each.
void check_hashes(volley::Context& context, Checks& checks, const std::string& name,
                  std::uint64_t first, std::uint64_t second) {
  constexpr std::uint64_t keys = 1000;
  const std::pair hashes(first, second);
  checks.equal(name + ": hashes",
               std::pair(volley::hash_key(key_of(2, first)), volley::hash_key(key_of(3, second))),
               hashes);
  const auto records =
      context.range(0, 10 * keys, 1, 8)
          .map(volley::bind(
              [](const std::pair<std::uint64_t, std::uint64_t>& both, std::int64_t x) {
                const auto number = static_cast<std::uint64_t>(x) % keys;
                return std::pair(key_of(number, number % 2 == 0 ? both.first : both.second), 1);
              },
              hashes));
  std::map<std::uint64_t, int> expected;
  for (std::uint64_t number = 0; number < keys; ++number) expected[number] = 10;
  std::map<std::uint64_t, int> sums;
  for (const auto& [key, sum] : records.reduce_by_key(std::plus<>{}, 3).collect()) {
    sums[key.first] += sum;
  }
  checks.holds(name + ": sums", sums == expected);
  std::map<std::uint64_t, int> sizes;
  std::size_t groups = 0;
  for (const auto& [key, values] : records.group_by_key(3).collect()) {
    sizes[key.first] += static_cast<int>(values.size());
    ++groups;
  }
  checks.holds(name + ": groups", sizes == expected && groups == keys);
}

void check_collisions(volley::Context& context, Checks& checks) {
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  check_hashes(context, checks, "SPILL_007", 0x1234567890abcdef, 0x1234567890abcdee);
  check_hashes(context, checks, "SPILL_008", largest, 0);
}

/// Partitions of no, one and two records, before the shuffle and after it.
void check_few_records(volley::Context& context, Checks& checks) {
  const auto few = context.range(0, 100, 1, 100)
                       .flat_map<std::pair<int, int>>([](std::int64_t partition, auto&& emit) {
                         for (int i = 0; i < partition % 3; ++i) {
                           emit(std::pair(static_cast<int>(99 - partition), i));
                         }
                       });
  IntPairs expected;
  for (int key = 0; key < 100; ++key) {
    for (int i = 0; i < (99 - key) % 3; ++i) expected.emplace_back(key, i);
  }
  checks.equal("SPILL_011 sorted", few.sort_by_key(true, 100).collect(), expected);
  const auto parts = glom(few.group_by_key(100));
  checks.equal("SPILL_011 partitions", parts.size(), 100U);
  for (int key = 0; key < 100; ++key) {
    std::vector<std::pair<int, std::vector<int>>> wanted;
    if ((99 - key) % 3 != 0) wanted.emplace_back(key, numbers(0, (99 - key) % 3 - 1));
    checks.equal("SPILL_011 partition " + std::to_string(key),
                 parts.at(static_cast<std::size_t>(key)), wanted);
  }
  const auto none = few.filter([](const auto& pair) { return pair.first < 0; });
  checks.equal("SPILL_011 nothing sorted", none.sort_by_key(true, 100).collect(), IntPairs{});
  checks.equal("SPILL_011 nothing grouped", none.group_by_key(100).count(), 0);
}

/// A function of the program that fails in the driver ends its own action only.
void check_handlers(volley::Context& context, Checks& checks) {
  const auto numbers = context.range(0, 100, 1, 4);
  checks.throws<std::domain_error>("DAG_034", "not in the driver", [&] {
    numbers.map([](std::int64_t x) { return std::pair(x, x); })
        .reduce([](const auto& a, const auto& b) -> std::pair<std::int64_t, std::int64_t> {
          // The sum of one partition is more than any record: only the driver merges sums.
          if (a.second > 99 && b.second > 99) throw std::domain_error("not in the driver");
          return {a.first, a.second + b.second};
        });
  });
  checks.equal("DAG_034 the next job", numbers.count(), 100);
  checks.holds("DAG_034 nothing runs on", context.active_jobs().empty());
}

}  // namespace

void check_shuffles(volley::Context& context, Checks& checks) {
  check_small_groups(context, checks);
  check_large_records(context, checks);
  check_collisions(context, checks);
  check_few_records(context, checks);
  check_handlers(context, checks);
}

}  // namespace cluster_test
