// Actions, and what they say when there is nothing or something fails.

#include "check.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>

namespace cluster_test {
namespace {

void check_take(volley::Context& context, Checks& checks) {
  for (const std::uint32_t n : {1U, 2U, 100U, 1000U}) {
    const auto nums = context.parallelize(numbers(1, 999), n);
    for (const int want : {0, 1, 3, 500, 501, 999, 1000}) {
      checks.equal("RDD_051 " + std::to_string(want) + " of " + std::to_string(n) + " partitions",
                   nums.take(static_cast<std::uint64_t>(want)), numbers(1, std::min(want, 999)));
    }
  }
  checks.equal("RDD_052", context.parallelize({1, 2}, 2).take(2147483638), std::vector{1, 2});
  const auto late = context.parallelize(numbers(1, 1000), 50).filter([](int x) { return x > 990; });
  checks.equal("take from the last partitions", late.take(3), std::vector{991, 992, 993});
  checks.equal("first", late.first(), 991);
}

void check_top(volley::Context& context, Checks& checks) {
  std::vector<int> shuffled;
  for (int i = 0; i < 99999; ++i) {
    shuffled.push_back(static_cast<int>(static_cast<std::int64_t>(i) * 7919 % 99999) + 1);
  }
  checks.equal("RDD_054", context.parallelize(shuffled, 2).top(5),
               std::vector{99999, 99998, 99997, 99996, 99995});
  const auto letters = context.parallelize({"a", "b", "c", "d"}, 3);
  checks.equal("RDD_055", letters.top(2, std::less<>{}), std::vector<std::string>{"a", "b"});
  const auto ten = context.parallelize(numbers(1, 10), 4);
  checks.equal("RDD_056", ten.top(5, std::less<>{}), numbers(1, 5));
  checks.equal("RDD_056 limit 0", ten.top(0), std::vector<int>{});
  checks.equal("RDD_056 more than there are", ten.top(100).size(), 10U);
  checks.equal("RDD_057", context.parallelize(std::vector<int>{}, 3).top(5), std::vector<int>{});
  const std::vector<std::pair<std::string, int>> counts{{"x", 2}, {"y", 7}, {"a", 2}};
  checks.equal("top by value", context.parallelize(counts, 2).top(3, volley::by_value),
               std::vector<std::pair<std::string, int>>{{"y", 7}, {"a", 2}, {"x", 2}});
}

void check_nothing(volley::Context& context, Checks& checks) {
  const auto none = context.parallelize(std::vector<int>{}, 3);
  checks.holds("RDD_058 no elements", none.is_empty());
  checks.holds("RDD_058 one element", !context.parallelize({1}, 1).is_empty());
  const auto three = context.parallelize({1, 2, 3}, 3);
  checks.holds("RDD_058 all filtered", three.filter([](int x) { return x < 0; }).is_empty());
  checks.holds("RDD_058 some filtered", !three.filter([](int x) { return x > 1; }).is_empty());
  checks.equal("count of nothing", none.count(), 0);
  const auto empty = "empty collection";
  checks.throws<volley::UnsupportedOperation>("reduce of nothing", empty,
                                              [&] { none.reduce(std::plus<>{}); });
  checks.throws<volley::UnsupportedOperation>("first of nothing", empty, [&] { none.first(); });
  checks.equal("reduce with empty partitions",
               context.parallelize({5, 7}, 10).reduce(std::plus<>{}), 12);
}

}  // namespace

void check_actions(volley::Context& context, Checks& checks) {
  check_take(context, checks);
  check_top(context, checks);
  check_nothing(context, checks);
  checks.equal("count", context.range(0, 100000, 1, 11).count(), 100000);
  checks.equal("reduce", context.range(1, 1001, 1, 7).reduce(std::plus<>{}), 500500);
  checks.equal("reduce strings",
               context.parallelize({"a", "b", "c"}, 2).reduce([](const auto& a, const auto& b) {
                 return std::string(a) + std::string(b);
               }),
               "abc");
  // foreach: its side effects are on the executors; each record leaves a file.
  const std::string directory = checks.path("foreach");
  std::filesystem::create_directory(directory);
  context.parallelize(numbers(1, 20), 4)
      .foreach (volley::bind(
          [](const std::string& place, int x) { std::ofstream(place + "/" + std::to_string(x)); },
          directory));
  const auto files = std::distance(std::filesystem::directory_iterator(directory), {});
  checks.equal("foreach", files, 20);
}

void check_failures(volley::Context& context, Checks& checks) {
  const auto nums = context.parallelize(numbers(1, 4), 4);
  const auto failing = nums.map([](int x) {
    if (x == 3) throw std::runtime_error("three is too many");
    return x;
  });
  checks.throws<volley::JobFailed>("FAIL-03", "three is too many", [&] { failing.collect(); });
  checks.throws<volley::JobFailed>("FAIL-03 again", "three is too many", [&] { failing.count(); });
  const auto shuffled = failing.map([](int x) {
                                 return std::pair{x, 1};
                               })
                            .reduce_by_key(std::plus<>{});
  checks.throws<volley::JobFailed>("FAIL-03 in a map stage", "three is too many",
                                   [&] { shuffled.collect(); });
  checks.equal("jobs after a failed one", nums.count(), 4);

  // A task that fails once is tried again: a file remembers that it did.
  const auto once = nums.map(volley::bind(
      [](const std::string& mark, int x) {
        if (x == 2 && !std::filesystem::exists(mark)) {
          std::ofstream(mark) << "failed";
          throw std::runtime_error("only once");
        }
        return x * x;
      },
      checks.path("failed-once")));
  checks.equal("FAIL-01", once.collect(), std::vector{1, 4, 9, 16});

  const auto cached = failing.map([](int x) { return x + 1; });
  cached.cache();
  checks.throws<volley::JobFailed>("RDD_030", "three is too many", [&] { cached.collect(); });
  checks.throws<volley::JobFailed>("RDD_030 again", "three is too many", [&] { cached.collect(); });
}

}  // namespace cluster_test
