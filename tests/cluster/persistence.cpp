// cache and unpersist. That blocks are used shows in that the input may be gone.

#include "check.hpp"

#include <filesystem>
#include <fstream>
#include <functional>

namespace cluster_test {
namespace {

void check_files_gone(volley::Context& context, Checks& checks) {
  const std::string path = checks.path("cached.txt");
  std::ofstream(path) << "one\ntwo\nthree\n";
  auto lines = context.text_file(path, 3);
  lines.cache();
  for (int i = 0; i < 3; ++i) checks.equal("FILE-09", lines.count(), 3);
  auto lengths = lines.map([](std::string_view line) { return line.size(); });
  std::filesystem::remove(path);
  checks.equal("FILE-09 without the file", lines.collect(),
               std::vector<std::string>{"one", "two", "three"});
  checks.equal("a chain after a cached RDD", lengths.collect(), std::vector<std::size_t>{3, 3, 5});
  lines.unpersist();
  checks.throws<volley::JobFailed>("RDD_098 unpersisted, without the file", "cached.txt",
                                   [&] { lines.count(); });
  std::ofstream(path) << "four\n";
  checks.equal("a new RDD of the new file", context.text_file(path).collect(),
               std::vector<std::string>{"four"});
}

}  // namespace

void check_persistence(volley::Context& context, Checks& checks) {
  check_files_gone(context, checks);
  const auto squares = context.range(0, 1000, 1, 8).map([](std::int64_t x) { return x * x; });
  squares.cache();
  for (int i = 0; i < 3; ++i) checks.equal("count three times", squares.count(), 1000);
  checks.equal("take of a cached RDD", squares.take(3), std::vector<std::int64_t>{0, 1, 4});
  squares.unpersist();
  squares.unpersist();
  checks.equal("count after unpersist", squares.count(), 1000);
  squares.cache();
  checks.equal("cached again", squares.count(), 1000);

  // A cached shuffle, its readers before and after, and a cached result of a join.
  const auto sums = context.range(0, 1000, 1, 8)
                        .map([](std::int64_t x) {
                          return std::pair{x % 10, x};
                        })
                        .reduce_by_key(std::plus<>{}, 4);
  const auto doubled = sums.map_values([](std::int64_t v) { return 2 * v; });
  const auto before = sorted(doubled.collect());
  sums.cache();
  checks.equal("a cached shuffle", sorted(doubled.collect()), before);
  checks.equal("a cached shuffle, read again", sorted(doubled.collect()), before);
  const auto joined = sums.join(doubled);
  joined.cache();
  const auto pairs = sorted(joined.collect());
  checks.equal("a cached join", sorted(joined.collect()), pairs);
  checks.equal("a cached join has all keys", pairs.size(), 10U);
  const auto both = joined.union_with(joined);
  checks.equal("a union of a cached RDD with itself", both.count(), 20);
  checks.equal(
      "cached empty partitions",
      [&] {
        const auto few = context.parallelize({1}, 50);
        few.cache();
        return few.count() + few.count();
      }(),
      2);
}

}  // namespace cluster_test
