// Types of keys and values through a shuffle: grouped, reduced, sorted, and records larger than a
// slab.

#include "check.hpp"

#include <array>
#include <functional>
#include <map>
#include <optional>

namespace cluster_test {
namespace {

struct Point {
  int x = 0;
  int y = 0;
  auto operator<=>(const Point&) const = default;
};

struct Person {
  std::string name;
  Point home;
  std::vector<std::string> friends;
  std::optional<double> height;
  auto operator<=>(const Person&) const = default;
};

void check_people(volley::Context& context, Checks& checks) {
  std::vector<std::pair<int, Person>> people;
  for (int i = 0; i < 40; ++i) {
    people.push_back({i,
                      {"name " + std::to_string(i),
                       {i, -i},
                       std::vector<std::string>(static_cast<std::size_t>(i % 4), "friend"),
                       i % 2 == 0 ? std::optional(i / 2.0) : std::nullopt}});
  }
  const volley::Rdd<std::pair<int, Person>> rdd = context.parallelize(people, 6);
  checks.equal("values: structs, sorted", rdd.sort_by_key(true, 3).collect(), people);
  const auto grouped = rdd.map([](const auto& entry) {
                            return std::pair{entry.first % 3, entry.second};
                          })
                           .group_by_key(2)
                           .collect();
  std::size_t persons = 0;
  for (const auto& [key, group] : grouped) persons += group.size();
  checks.equal("values: structs, grouped", persons, people.size());
  const auto maps =
      context.range(0, 100, 1, 7)
          .map([](std::int64_t x) {
            return std::pair{x % 2,
                             std::map<std::string, std::int64_t>{{"n" + std::to_string(x % 5), x}}};
          })
          .reduce_by_key([](const auto& a, const auto& b) {
            auto sum = a;
            for (const auto& [name, value] : b) sum[name] += value;
            return sum;
          })
          .collect();
  std::int64_t total = 0;
  for (const auto& [key, sums] : maps) {
    for (const auto& [name, value] : sums) total += value;
  }
  checks.equal("values: maps, reduced", total, 4950);
  // Words as views in nested records become strings where they cross a shuffle.
  const auto nested =
      context.parallelize({"a b", "c d", "a b"}, 2)
          .map([](const std::string& line) {
            const std::string_view text = line;
            return std::pair{std::pair{text.substr(0, 1), 1},
                             std::vector<std::string_view>{text.substr(0, 1), text.substr(2)}};
          })
          .group_by_key(2)
          .map_values([](const auto& lists) { return lists.size(); })
          .collect();
  using Nested = std::pair<std::pair<std::string, int>, std::size_t>;
  checks.equal("values: nested views", sorted(nested),
               std::vector<Nested>{{{"a", 1}, 2}, {{"c", 1}, 1}});
  checks.equal(
      "distinct structs",
      context.parallelize(std::vector<Point>{{1, 2}, {2, 1}, {1, 2}}, 3).distinct().count(), 2);
}

void check_large(volley::Context& context, Checks& checks) {
  constexpr std::size_t size = 2U << 20U;  // two slabs
  const auto large = context.parallelize(numbers(0, 5), 3).map([](int i) {
    return std::pair{static_cast<char>('f' - i) + std::string(size, static_cast<char>('a' + i)), i};
  });
  const auto order = large.sort_by_key(true, 3).collect();
  checks.equal("large keys, sorted", order.size(), 6U);
  for (std::size_t i = 0; i < order.size(); ++i) {
    checks.holds("large keys: whole and in order",
                 order[i].second == 5 - static_cast<int>(i) && order[i].first.size() == size + 1 &&
                     order[i].first.back() == static_cast<char>('a' + order[i].second));
  }
  const auto groups =
      large.map([](const auto& entry) {
             return std::pair{entry.second % 2, entry.first};
           })
          .group_by_key(2)
          .collect();
  std::size_t bytes = 0;
  for (const auto& [key, values] : groups) {
    for (const std::string& value : values) bytes += value.size();
  }
  checks.equal("large values, grouped", bytes, 6 * (size + 1));
  checks.equal("large keys, reduced", large.reduce_by_key(std::plus<>{}, 2).count(), 6);
}

}  // namespace

void check_records(volley::Context& context, Checks& checks) {
  check_people(context, checks);
  check_large(context, checks);
}

}  // namespace cluster_test
