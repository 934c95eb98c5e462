// join: combinations, missing keys, empty sides, which sides move.

#include "check.hpp"

#include <functional>

namespace cluster_test {
namespace {

using Left = std::pair<int, int>;
using Right = std::pair<int, std::string>;
using Joined = std::pair<int, std::pair<int, std::string>>;

void check_partitions(volley::Context& context, Checks& checks) {
  const auto pairs = [&](std::uint32_t n) {
    return volley::Rdd<Left>(context.parallelize(std::vector<Left>{{1, 1}, {2, 2}, {3, 3}}, n));
  };
  const auto add = std::plus<>{};
  const auto hashed = pairs(4).reduce_by_key(add, 10);
  const bool configured = context.configuration("volley.default.parallelism") != "0";
  if (!configured) {
    checks.equal("PAIR_022", pairs(1000).join(hashed).num_partitions(), 1000U);
    checks.equal("PAIR_029", pairs(2).join(pairs(2000)).num_partitions(), 2000U);
  }
  const auto near = pairs(20).join(hashed);
  checks.equal("PAIR_023", near.num_partitions(), 10U);
  checks.equal("PAIR_023 dependencies", shuffles(near), std::vector<bool>{true, false});
  checks.equal("join(3)", pairs(2).join(hashed, 3).num_partitions(), 3U);

  // Both sides partitioned alike: nothing moves, and the result is partitioned so too.
  const auto other = pairs(3).map_values([](int v) { return v * 10; }).reduce_by_key(add, 10);
  const auto still = hashed.join(other);
  checks.equal("PART_013 dependencies", shuffles(still), std::vector<bool>{false, false});
  checks.equal(
      "co-partitioned join", sorted(still.collect()),
      std::vector<std::pair<int, std::pair<int, int>>>{{1, {1, 10}}, {2, {2, 20}}, {3, {3, 30}}});
  const auto third =
      still.map_values([](const auto& both) { return both.first + both.second; }).join(hashed);
  checks.equal("a join keeps the partitioner", shuffles(third), std::vector<bool>{false, false});
  checks.equal(
      "a join of a join", sorted(third.collect()),
      std::vector<std::pair<int, std::pair<int, int>>>{{1, {11, 1}}, {2, {22, 2}}, {3, {33, 3}}});
  // A join with itself reads one shuffle twice.
  checks.equal("self join", hashed.join(hashed).count(), 3);
}

}  // namespace

void check_joins(volley::Context& context, Checks& checks) {
  const volley::Rdd<Left> a =
      context.parallelize(std::vector<Left>{{1, 1}, {1, 2}, {2, 1}, {3, 1}}, 4);
  const volley::Rdd<Right> b =
      context.parallelize(std::vector<Right>{{1, "x"}, {2, "y"}, {2, "z"}, {4, "w"}}, 3);
  const std::vector<Joined> expected{{1, {1, "x"}}, {1, {2, "x"}}, {2, {1, "y"}}, {2, {1, "z"}}};
  checks.equal("PAIR_011", sorted(a.join(b).collect()), expected);
  checks.equal("PAIR_011 in 1 partition", sorted(a.join(b, 1).collect()), expected);

  const volley::Rdd<Left> three = context.parallelize(std::vector<Left>{{1, 1}, {1, 2}, {1, 3}}, 2);
  const volley::Rdd<Right> two = context.parallelize(std::vector<Right>{{1, "x"}, {1, "y"}}, 2);
  checks.equal("PAIR_012", sorted(three.join(two).collect()),
               std::vector<Joined>{{1, {1, "x"}},
                                   {1, {1, "y"}},
                                   {1, {2, "x"}},
                                   {1, {2, "y"}},
                                   {1, {3, "x"}},
                                   {1, {3, "y"}}});
  const volley::Rdd<Right> far =
      context.parallelize(std::vector<Right>{{4, "x"}, {5, "y"}, {6, "z"}}, 2);
  checks.equal("PAIR_016", a.join(far).collect(), std::vector<Joined>{});
  const volley::Rdd<Right> none = context.parallelize(std::vector<Right>{}, 2);
  checks.equal("join with an empty right side", a.join(none).collect(), std::vector<Joined>{});
  checks.equal("join with an empty left side",
               context.parallelize(std::vector<Left>{}, 3).join(b).collect(),
               std::vector<Joined>{});

  // Sides that came by different ways: a text with its words in place, and a cached shuffle.
  auto names = b.map([](const Right& entry) {
                  return std::pair{entry.second, entry.first};
                }).reduce_by_key([](int x, int y) { return std::max(x, y); }, 4);
  names.cache();
  const auto looked_up = context.parallelize(std::vector<std::string>{"x y", "z x", "none w"}, 3)
                             .flat_map<std::string_view>([](const std::string& line, auto&& emit) {
                               volley::for_each_word(line, emit);
                             })
                             .map([](std::string_view word) {
                               return std::pair{word, word.size()};
                             })
                             .join(names);
  using Found = std::pair<std::string, std::pair<std::size_t, int>>;
  const std::vector<Found> found{
      {"w", {1, 4}}, {"x", {1, 1}}, {"x", {1, 1}}, {"y", {1, 2}}, {"z", {1, 2}}};
  checks.equal("join of views with a cached side", sorted(looked_up.collect()), found);
  checks.equal("the same, again", sorted(looked_up.collect()), found);
  check_partitions(context, checks);
}

}  // namespace cluster_test
