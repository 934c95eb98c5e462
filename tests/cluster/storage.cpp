// Persisted RDDs at every storage level, with as much memory as there is: the results are the same
// whatever is kept, on disk, dropped or computed again.

#include "check.hpp"

#include <functional>
#include <numeric>

namespace cluster_test {
namespace {

using volley::StorageLevel;

constexpr std::int64_t records = 400000;
constexpr std::uint32_t parts = 8;

const std::vector<StorageLevel> levels = {
    StorageLevel::memory_only,         StorageLevel::memory_only_ser, StorageLevel::memory_and_disk,
    StorageLevel::memory_and_disk_ser, StorageLevel::disk_only,       StorageLevel::memory_only_2,
    StorageLevel::memory_and_disk_2,   StorageLevel::disk_only_3};

auto number_pairs(volley::Context& context) {
  return context.range(0, records, 1, parts).map([](std::int64_t i) {
    return std::pair<std::int64_t, std::int64_t>(i % 10, i * i % 1000003);
  });
}
auto texts(volley::Context& context) {
  return context.range(0, records / 4, 1, parts).map([](std::int64_t i) {
    return "a text that lies outside of its record " + std::to_string(i);
  });
}

/// A job before and two after: from the input, while it is cached, and from what was cached.
template <class R, class Action>
void same_three_times(Checks& checks, const std::string& name, const R& rdd, StorageLevel level,
                      Action&& action) {
  const auto expected = action(rdd);
  rdd.persist(level);
  for (int i = 0; i < 2; ++i) checks.equal(name + ", " + describe(level), action(rdd), expected);
  rdd.unpersist();
  checks.equal(name + ", unpersisted", action(rdd), expected);
}

void check_levels(volley::Context& context, Checks& checks) {
  const auto sums = [](const auto& rdd) {
    return sorted(rdd.reduce_by_key(std::plus<>{}, 3).collect());
  };
  const auto lengths = [](const auto& rdd) {
    const auto total =
        rdd.map([](const std::string& text) { return static_cast<std::int64_t>(text.size()); })
            .reduce(std::plus<>{});
    return std::pair(total, rdd.take(2));
  };
  for (const StorageLevel level : levels) {
    same_three_times(checks, "numbers", number_pairs(context), level, sums);
    same_three_times(checks, "texts", texts(context), level, lengths);
  }
}

/// More RDDs than memory may have room for, read in turns: older ones make way and come again.
void check_turns(volley::Context& context, Checks& checks) {
  const auto numbers = number_pairs(context);
  const auto shuffled = numbers.reduce_by_key(std::plus<>{}, 4);
  const auto wide = shuffled.flat_map([](const auto& sum) {
    std::vector<std::pair<std::int64_t, std::int64_t>> many;
    for (std::int64_t i = 0; i < 20000; ++i) many.emplace_back(sum.first, sum.second + i);
    return many;
  });
  const auto other = texts(context);
  numbers.persist(StorageLevel::memory_and_disk);
  wide.cache();
  other.cache();
  const auto last = [](const auto& rdd) {
    return rdd.map([](const auto& pair) { return pair.second; })
        .reduce([](std::int64_t a, std::int64_t b) { return std::max(a, b); });
  };
  const auto most = last(wide);
  const auto least = last(numbers);
  for (int round = 0; round < 3; ++round) {
    checks.equal("numbers in turns", numbers.count(), records);
    checks.equal("a cached RDD behind a shuffle", wide.count(), 200000);
    checks.equal("texts in turns", other.count(), records / 4);
    checks.equal("the same numbers", std::pair(last(wide), last(numbers)), std::pair(most, least));
  }
  const auto joined = wide.map([](const auto& pair) { return std::pair(pair.first, 1L); })
                          .reduce_by_key(std::plus<>{}, 4)
                          .join(shuffled);
  joined.persist(StorageLevel::memory_and_disk_ser);
  for (int i = 0; i < 2; ++i) checks.equal("a join of cached RDDs", joined.count(), 10);
  for (const auto& [key, values] : joined.collect()) {
    checks.equal("records of a key", values.first, 20000);
  }
}

void check_texts_level(volley::Context& context, Checks& checks) {
  const auto rdd = context.parallelize(std::vector<int>{1, 2, 3}, 2);
  checks.equal("no level yet", rdd.storage_level() == StorageLevel::none, true);
  rdd.persist(StorageLevel::disk_only);
  checks.throws<volley::UnsupportedOperation>(
      "another level",
      "Cannot change storage level of an RDD after it was already assigned a level",
      [&] { rdd.cache(); });
  for (int i = 0; i < 2; ++i) checks.equal("from disk", rdd.collect(), std::vector<int>{1, 2, 3});
  rdd.unpersist();
  rdd.cache();
  checks.equal("another level after unpersist", rdd.storage_level() == StorageLevel::memory_only,
               true);
}

}  // namespace

void check_storage(volley::Context& context, Checks& checks) {
  check_levels(context, checks);
  check_turns(context, checks);
  check_texts_level(context, checks);
}

}  // namespace cluster_test
