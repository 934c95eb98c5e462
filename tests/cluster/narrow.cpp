// Operations within a partition, alone and in chains.

#include "check.hpp"

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>

namespace cluster_test {
namespace {

std::string to_text(int value) { return std::to_string(value); }

/// A function object whose members are serialized.
struct AddPrefix {
  std::string prefix;
  std::string operator()(int value) const { return prefix + std::to_string(value); }
};

/// Has padding after its first member.
struct AtLeast {
  bool strict = false;
  std::int64_t bound = 0;
  bool operator()(int value) const { return strict ? value > bound : value >= bound; }
};

void check_basics(volley::Context& context, Checks& checks) {
  const auto nums = context.parallelize({1, 2, 3, 4}, 2);
  checks.equal("RDD_004 map", nums.map(to_text).collect(),
               std::vector<std::string>{"1", "2", "3", "4"});
  checks.equal("RDD_004 filter", nums.filter([](int x) { return x > 2; }).collect(),
               std::vector{3, 4});
  const std::vector<int> expanded{1, 1, 2, 1, 2, 3, 1, 2, 3, 4};
  checks.equal("RDD_004 flat_map to a range",
               nums.flat_map([](int x) { return numbers(1, x); }).collect(), expanded);
  checks.equal("RDD_004 flat_map with an emitter",
               nums.flat_map([](int x, auto&& emit) {
                     for (int i = 1; i <= x; ++i) emit(i);
                   })
                   .collect(),
               expanded);
  checks.equal("RDD_005 union", nums.union_with(nums).collect(),
               std::vector{1, 2, 3, 4, 1, 2, 3, 4});
  checks.equal("RDD_007 filter and map",
               nums.filter([](int x) { return x >= 3; }).map(to_text).collect(),
               std::vector<std::string>{"3", "4"});
  checks.equal("RDD_007 key by",
               nums.map([](int x) {
                     return std::pair{to_text(x), x};
                   })
                   .collect(),
               std::vector<std::pair<std::string, int>>{{"1", 1}, {"2", 2}, {"3", 3}, {"4", 4}});
  const auto sum = [](auto& values) {
    int total = 0;
    for (const int value : values) total += value;
    return std::vector{total};
  };
  checks.equal("RDD_008 map_partitions", nums.map_partitions(sum).collect(), std::vector{3, 7});
  checks.equal("RDD_008 map_partitions_with_index",
               nums.map_partitions_with_index([sum](std::uint32_t index, auto& values) {
                     return std::vector{std::pair{index, sum(values).front()}};
                   })
                   .collect(),
               std::vector<std::pair<std::uint32_t, int>>{{0, 3}, {1, 7}});
  checks.equal("map to booleans", nums.map([](int x) { return x > 2; }).collect(),
               std::vector<bool>{false, false, true, true});
  const volley::Rdd<bool> flags = nums.map([](int x) { return x > 2; });
  flags.cache();
  checks.equal("cached booleans", flags.filter([](bool flag) { return flag; }).count(), 2);
  checks.equal("map to literals", nums.map([](int x) { return x > 2 ? "many" : "few"; }).collect(),
               std::vector<std::string>{"few", "few", "many", "many"});
  checks.equal("flat_map to another type",
               nums.flat_map<std::string>([](int x, auto&& emit) {
                     if (x % 2 == 0) emit(to_text(x));
                   })
                   .collect(),
               std::vector<std::string>{"2", "4"});
}

void check_unions(volley::Context& context, Checks& checks) {
  const volley::Rdd<int> nums = context.parallelize({1, 2, 3, 4}, 2);
  checks.equal("RDD_014 one", context.union_of(std::vector{nums}).collect(),
               std::vector{1, 2, 3, 4});
  const auto both = context.union_of(std::vector{nums, nums});
  checks.equal("RDD_014 two", both.collect(), std::vector{1, 2, 3, 4, 1, 2, 3, 4});
  checks.equal("RDD_014 partitions", both.num_partitions(), 4U);
  checks.throws<volley::InvalidArgument>(
      "union of none", "at least one", [&] { context.union_of(std::vector<volley::Rdd<int>>{}); });
  const volley::Rdd<int> none = context.parallelize(std::vector<int>{}, 2);
  checks.equal("RDD_019 union of empty RDDs", none.union_with(none).collect(), std::vector<int>{});
  checks.equal("union after a map and a filter",
               both.map([](int x) { return x * 10; })
                   .union_with(nums.filter([](int x) { return x == 4; }))
                   .collect(),
               std::vector{10, 20, 30, 40, 10, 20, 30, 40, 4});
}

void check_chains(volley::Context& context, Checks& checks) {
  auto texts = context.parallelize(numbers(1, 1000), 7).map([](int x) {
    return "word" + std::to_string(x) + " and a tail that is not short";
  });
  // Views of records that are gone after the next step: they are copied in time or not at all.
  auto words = texts.flat_map<std::string_view>(
      [](const std::string& text, auto&& emit) { volley::for_each_word(text, emit); });
  auto numbered = words.filter([](std::string_view word) { return word.starts_with("word"); });
  std::vector<std::string> expected;
  for (int i = 1; i <= 1000; ++i) expected.push_back("word" + std::to_string(i));
  checks.equal("views of owned records", numbered.collect(), expected);
  const auto count = numbered.map([](std::string_view word) {
                               return std::pair{word, 1};
                             })
                         .reduce_by_key(std::plus<>{})
                         .count();
  checks.equal("views of owned records as keys", count, 1000);

  const auto copied = texts.map_partitions([](auto& records) {
    std::vector<std::string_view> heads;
    for (const std::string& record : records) heads.push_back(record);
    return heads;
  });
  checks.equal("views of the records of map_partitions",
               copied.map([](std::string_view head) {
                       return std::pair{head, 1};
                     })
                   .reduce_by_key(std::plus<>{})
                   .count(),
               1000);

  // The same chain when one of its middle has blocks, and when its handle stands for another.
  words.cache();
  checks.equal("a cached RDD in the middle", numbered.collect(), expected);
  checks.equal("a cached RDD in the middle, again", numbered.collect(), expected);
  volley::Rdd<int> powers = context.parallelize({1, 2, 3}, 2);
  for (int i = 0; i < 50; ++i) powers = powers.map([](int x) { return x * 3 % 1009; });
  std::vector<int> by_hand{1, 2, 3};
  for (int& x : by_hand) {
    for (int i = 0; i < 50; ++i) x = x * 3 % 1009;
  }
  checks.equal("a handle assigned 50 times", powers.collect(), by_hand);
  auto doubled = context.parallelize({1, 2, 3}, 2).map([](int x) { return 2 * x; });
  doubled = powers;
  checks.equal("an auto handle that stands for another chain",
               doubled.map([](int x) { return -x; }).collect(),
               std::vector{-by_hand[0], -by_hand[1], -by_hand[2]});
}

void check_functions(volley::Context& context, Checks& checks) {
  const auto nums = context.parallelize({1, 2, 3, 4}, 2);
  const std::string prefix = "a prefix that has to travel: ";
  const std::vector<std::string> expected{prefix + "1", prefix + "2", prefix + "3", prefix + "4"};
  checks.equal("a function object", nums.map(AddPrefix{prefix}).collect(), expected);
  checks.equal(
      "bind",
      nums.map(volley::bind([](const std::string& text, int x) { return text + std::to_string(x); },
                            prefix))
          .collect(),
      expected);
  const std::vector<int> offsets{100, 200};
  checks.equal(
      "bind with a vector in a shuffle",
      nums.map([](int x) {
            return std::pair{x % 2, x};
          })
          .reduce_by_key(volley::bind(
              [](const std::vector<int>& plus, int a, int b) { return a + b + plus[0]; }, offsets))
          .map([](const auto& entry) { return entry.second; })
          .collect(),
      std::vector{106, 104});
  int limit = 3;
  checks.equal("a captured number", nums.filter([limit](int x) { return x < limit; }).count(), 2);
  checks.throws<volley::InvalidArgument>("a captured reference",
                                         "captures a pointer or a reference",
                                         [&] { nums.filter([&](int x) { return x < limit; }); });
  const std::uint64_t address = reinterpret_cast<std::uint64_t>(&limit);
  AtLeast at_least;
  std::memcpy(static_cast<void*>(&at_least), &address, sizeof address);
  at_least.strict = false;  // the seven bytes after it still belong to the address
  at_least.bound = 3;
  checks.equal("padding is no capture", nums.filter(at_least).count(), 2);
  checks.equal("unchecked",
               nums.filter(volley::unchecked([address](int) { return address != 0; })).count(), 4);
}

}  // namespace

void check_narrow(volley::Context& context, Checks& checks) {
  check_basics(context, checks);
  check_unions(context, checks);
  check_chains(context, checks);
  check_functions(context, checks);
  const auto pairs =
      context.parallelize(std::vector<std::pair<int, std::string>>{{1, "a"}, {2, "b"}}, 2);
  checks.equal("PAIR_027 keys", pairs.keys().collect(), std::vector{1, 2});
  checks.equal("PAIR_027 values", pairs.values().collect(), std::vector<std::string>{"a", "b"});
  checks.equal("map_values",
               pairs.map_values([](const std::string& v) { return v.size(); }).collect(),
               std::vector<std::pair<int, std::size_t>>{{1, 1}, {2, 1}});
}

}  // namespace cluster_test
