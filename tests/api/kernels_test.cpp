// What reduce tasks are made of: key prefixes and their sort, the table, groups, frequent keys.

#include "program/radix_sort.hpp"

#include <volley/detail/aggregation_table.hpp>
#include <volley/detail/group.hpp>
#include <volley/detail/hot_keys.hpp>
#include <volley/detail/sort_prefix.hpp>
#include <volley/hash.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <unordered_map>

namespace volley::detail {
namespace {

using ::testing::ElementsAre;

/// For all pairs of keys: prefixes order as the keys do; equal ones are equal keys when exact.
template <class K>
void expect_order(const std::vector<K>& keys) {
  for (const K& a : keys) {
    for (const K& b : keys) {
      const auto x = SortPrefix<K>::of(a);
      const auto y = SortPrefix<K>::of(b);
      EXPECT_TRUE(!(a < b) || x <= y);
      EXPECT_TRUE(!SortPrefix<K>::exact || (a < b) == (x < y));
      EXPECT_EQ(x < y, (OrderPrefix<Descending, K>::of(a) > OrderPrefix<Descending, K>::of(b)));
    }
  }
}

TEST(SortPrefix, OrdersAsKeysDo) {
  expect_order<std::int8_t>({-128, -1, 0, 1, 127});
  expect_order<std::uint16_t>({0, 1, 255, 256, 65535});
  expect_order<std::int64_t>({std::numeric_limits<std::int64_t>::min(), -1, 0, 1, 1L << 40,
                              std::numeric_limits<std::int64_t>::max()});
  expect_order<double>({-std::numeric_limits<double>::infinity(), -2.5, -1e-300, -0.0, 0.0, 1e-300,
                        3, std::numeric_limits<double>::infinity()});
  expect_order<float>({-1.5F, -0.0F, 0.0F, 2.5F});
  expect_order<std::string>(
      {"", std::string(1, '\0'), "a", "a\xff", "ab", "abcdefgh", "abcdefghi", "b", "\x80", "\xff"});
  expect_order<std::array<unsigned char, 3>>({{0, 0, 0}, {0, 0, 1}, {1, 0, 0}, {255, 0, 0}});
  expect_order<std::array<signed char, 2>>({{-1, 5}, {0, -5}, {0, 5}, {1, -128}});
  expect_order<std::pair<int, std::string>>({{-1, "z"}, {0, "a"}, {0, "b"}, {7, ""}});
}

TEST(SortByPrefix, IsStableAndSkipsEqualDigits) {
  std::mt19937_64 random(1);
  const std::vector<std::byte> places(5000);
  for (const std::uint64_t mask : {0xffULL, 0xff00ff00ULL, ~0ULL, 0xff00000000000000ULL, 0ULL}) {
    for (const std::size_t n : {0U, 1U, 2U, 100U, 5000U}) {
      std::vector<program::SortEntry> entries;
      for (std::size_t i = 0; i < n; ++i) entries.push_back({random() & mask, &places[i]});
      auto expected = entries;
      std::stable_sort(expected.begin(), expected.end(),
                       [](const auto& a, const auto& b) { return a.prefix < b.prefix; });
      program::sort_by_prefix(entries);
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_EQ(entries[i].prefix, expected[i].prefix);
        ASSERT_EQ(entries[i].record, expected[i].record);
      }
    }
  }
}

template <class K, class Make>
void expect_sums(Make&& make, std::size_t expected_keys) {
  std::mt19937_64 random(7);
  AggregationTable<K, std::int64_t> table;
  std::unordered_map<K, std::int64_t> sums;
  const auto add = [&](std::int64_t i) {
    const K key = make(random());
    table.upsert(
        key, hash_key(key), [&] { return i; }, [&](std::int64_t& sum) { sum += i; });
    sums[key] += i;
  };
  for (int round = 0; round < 2; ++round) {
    for (std::int64_t i = 0; i < 20000; ++i) add(i);
    EXPECT_EQ(table.size(), sums.size());
    if (expected_keys != 0) {
      EXPECT_EQ(sums.size(), expected_keys);
    }
    std::size_t visited = 0;
    table.for_each([&](const auto& key, std::int64_t sum) {
      ++visited;
      EXPECT_EQ(sums.at(K(key)), sum);
      const auto* found = table.find(key, hash_key(key));
      ASSERT_NE(found, nullptr);
      EXPECT_EQ(*found, sum);
    });
    EXPECT_EQ(visited, sums.size());
    table.clear(round == 0);
    sums.clear();
    EXPECT_EQ(table.size(), 0U);
    const K key = make(1);
    EXPECT_EQ(table.find(key, hash_key(key)), nullptr);
    if (round == 0) table.reserve(50000);
  }
}

TEST(AggregationTable, SumsAsAMapDoes) {
  expect_sums<std::uint32_t>(
      [](std::uint64_t bits) { return static_cast<std::uint32_t>(bits % 1000); }, 1000);
  expect_sums<std::int64_t>(
      [](std::uint64_t bits) { return static_cast<std::int64_t>(bits % 1001) - 500; }, 1001);
  // Close together: an array; with a step; far apart; close together with one that is not.
  expect_sums<std::uint64_t>([](std::uint64_t bits) { return 1000000 + bits % 5000; }, 0);
  expect_sums<std::int16_t>([](std::uint64_t bits) { return static_cast<std::int16_t>(bits * 64); },
                            1024);
  expect_sums<std::uint8_t>([](std::uint64_t bits) { return static_cast<std::uint8_t>(bits); },
                            256);
  expect_sums<std::uint32_t>([](std::uint64_t bits) { return static_cast<std::uint32_t>(bits); },
                             20000);
  expect_sums<std::int64_t>([](std::uint64_t bits) { return static_cast<std::int64_t>(bits); },
                            20000);
  expect_sums<std::int64_t>(
      [](std::uint64_t bits) {
        return bits % 1000 == 7 ? static_cast<std::int64_t>(bits)
                                : static_cast<std::int64_t>(bits % 500);
      },
      0);
  expect_sums<bool>([](std::uint64_t bits) { return bits % 2 == 0; }, 2);
  expect_sums<std::string>([](std::uint64_t bits) { return std::string(bits % 41, 'x'); }, 41);
}

/// Keys in ascending or descending order widen an array step by step.
TEST(AggregationTable, GrowsWithKeysInOrder) {
  for (const std::int64_t step : {1, -1, 6, -48}) {
    AggregationTable<std::int64_t, std::string> table;
    for (std::int64_t i = 0; i < 30000; ++i) {
      const std::int64_t key = 17 + i * step;
      table.upsert(
          key, hash_key(key), [&] { return std::to_string(key); },
          [](std::string&) { FAIL() << "each key comes once"; });
    }
    EXPECT_EQ(table.size(), 30000U);
    EXPECT_LT(table.memory(), 30000U * 400U);
    std::size_t visited = 0;
    table.for_each([&](std::int64_t key, const std::string& value) {
      ++visited;
      EXPECT_EQ(value, std::to_string(key));
      EXPECT_EQ((key - 17) % step, 0);
    });
    EXPECT_EQ(visited, 30000U);
  }
}

/// An array that grows out of the near and the far cache, becomes a hashed table by keys that lie
/// apart, and is handed on when memory ends: every record counts once.
TEST(Aggregator, SumsThroughEveryModeOfTheTable) {
  using R = std::pair<std::int64_t, std::int64_t>;
  for (const std::uint64_t limit : {std::uint64_t{3} << 20U, std::uint64_t{1} << 40U}) {
    std::plus<> plus;
    ReduceFold<std::int64_t, std::plus<>> fold{plus};
    std::map<std::int64_t, std::int64_t> sums;
    std::map<std::int64_t, std::int64_t> expected;
    int handed_on = 0;
    auto take = [&](auto& table) {
      ++handed_on;
      table.for_each([&](std::int64_t key, std::int64_t sum) { sums[key] += sum; });
      table.clear(true);
    };
    Aggregator<R, std::int64_t, ReduceFold<std::int64_t, std::plus<>>, decltype(take)> aggregator(
        fold, limit, take);
    std::mt19937_64 random(5);
    for (const std::int64_t spread : {100, 60'000, 400'000, 2'000'000, 1'000'000'000, 300'000}) {
      std::vector<R> records(300'000);
      for (R& record : records) {
        record = {static_cast<std::int64_t>(random()) % spread, random() % 100};
        expected[record.first] += record.second;
      }
      const std::span all(std::as_const(records));
      for (const R& record : all.first(200'000)) aggregator(record);
      aggregator.fold(all.subspan(200'000));
    }
    aggregator.flush();
    take(aggregator.table());
    EXPECT_EQ(handed_on > 1, limit < std::uint64_t{1} << 30U);
    EXPECT_TRUE(sums == expected);
  }
}

TEST(GroupCollector, PutsValuesTogetherInOrder) {
  GroupCollector<std::string> groups;
  const auto a = groups.create(std::string_view("a0"));
  const auto b = groups.create(std::string_view("b0"));
  groups.merge(a, std::string_view("a1"));
  const auto c = groups.create(std::string_view("c0"));
  groups.merge(b, std::string_view("b1"));
  groups.merge(a, std::string_view("a2"));
  EXPECT_GE(groups.held_bytes(), 6 * sizeof(std::string));
  groups.arrange();
  const auto values = [&](std::uint32_t group) {
    std::vector<std::string> all;
    groups.for_each(group, [&](const std::string& value) { all.push_back(value); });
    EXPECT_EQ(groups.take(group), all);
    return all;
  };
  EXPECT_THAT(values(a), ElementsAre("a0", "a1", "a2"));
  EXPECT_THAT(values(b), ElementsAre("b0", "b1"));
  EXPECT_THAT(values(c), ElementsAre("c0"));

  GroupCollector<int> numbers;
  const auto even = numbers.create(0);
  const auto odd = numbers.create(1);
  for (int i = 2; i < 6; ++i) numbers.merge(i % 2 == 0 ? even : odd, i);
  numbers.arrange();
  EXPECT_THAT(numbers.take(even), ElementsAre(0, 2, 4));
  EXPECT_THAT(numbers.take(odd), ElementsAre(1, 3, 5));
}

template <class K>
protocol::TaskMetrics hot_of(const std::vector<K>& keys) {
  HotKeys<K> hot;
  for (const K& key : keys) {
    if (hot.due()) hot.see(hash_key(key), key);
  }
  protocol::TaskMetrics metrics;
  hot.report(metrics);
  return metrics;
}

TEST(HotKeys, FindsAKeyThatIsFrequentAndNoneOfMany) {
  std::mt19937_64 random(3);
  std::vector<std::string> skewed;
  std::vector<std::string> even;
  for (int i = 0; i < 200000; ++i) {
    skewed.push_back(random() % 4 == 0 ? "the\n" : std::to_string(random()));
    even.push_back(std::to_string(random()));
  }
  const auto found = hot_of(skewed);
  ASSERT_FALSE(found.hot_keys.empty());
  EXPECT_EQ(found.hot_keys[0].text, "the.") << "one line";
  EXPECT_NEAR(
      static_cast<double>(found.hot_keys[0].records) / static_cast<double>(found.sampled_keys),
      0.25, 0.05);
  EXPECT_GT(found.sampled_keys, 1000U);
  const auto none = hot_of(even);
  EXPECT_LT(none.hot_keys.at(0).records * 100, none.sampled_keys);
}

/// A key class that has no text form.
class Opaque {
 public:
  explicit Opaque(int id = 0) : id_(id) {}
  friend bool operator==(const Opaque&, const Opaque&) = default;
  int id() const { return id_; }

 private:
  int id_;
};

}  // namespace
}  // namespace volley::detail

template <>
struct std::hash<volley::detail::Opaque> {
  std::size_t operator()(const volley::detail::Opaque& key) const {
    return static_cast<std::size_t>(key.id());
  }
};

namespace volley::detail {
namespace {

TEST(HotKeys, OfAKeyWithoutTextGivesNoName) {
  const auto found = hot_of(std::vector<Opaque>(10000, Opaque(5)));
  ASSERT_EQ(found.hot_keys.size(), 1U);
  EXPECT_EQ(found.hot_keys[0].text, "");
  EXPECT_EQ(found.hot_keys[0].records, found.sampled_keys);
}

}  // namespace
}  // namespace volley::detail
