// cogroup and what is made of it: outer joins, subtract_by_key.

#include "check.hpp"

#include <functional>
#include <optional>
#include <tuple>

namespace cluster_test {
namespace {

using Ints = std::vector<int>;
using Texts = std::vector<std::string>;
using Left = std::pair<int, int>;
using Right = std::pair<int, std::string>;
template <class T>
using Pairs = std::vector<std::pair<int, T>>;

struct Inputs {
  volley::Rdd<Left> a;
  volley::Rdd<Right> b;
  volley::Rdd<Right> c;
  volley::Rdd<Right> d;
};
Inputs inputs(volley::Context& context) {
  return {context.parallelize(Pairs<int>{{1, 1}, {1, 2}, {2, 1}, {3, 1}}, 4),
          context.parallelize(Pairs<std::string>{{1, "x"}, {2, "y"}, {2, "z"}, {4, "w"}}, 3),
          context.parallelize(Pairs<std::string>{{1, "a"}, {3, "b"}, {4, "c"}, {4, "d"}}, 2),
          context.parallelize(Pairs<std::string>{{2, "@"}}, 2)};
}

void check_groups(volley::Context& context, Checks& checks) {
  const auto [a, b, c, d] = inputs(context);
  checks.equal("cogroup", sorted(a.cogroup(b).collect()),
               Pairs<std::pair<Ints, Texts>>{
                   {1, {{1, 2}, {"x"}}}, {2, {{1}, {"y", "z"}}}, {3, {{1}, {}}}, {4, {{}, {"w"}}}});
  checks.equal("PAIR_019", sorted(a.cogroup(b, c).collect()),
               Pairs<std::tuple<Ints, Texts, Texts>>{{1, {{1, 2}, {"x"}, {"a"}}},
                                                     {2, {{1}, {"y", "z"}, {}}},
                                                     {3, {{1}, {}, {"b"}}},
                                                     {4, {{}, {"w"}, {"c", "d"}}}});
  checks.equal("cogroup of four", sorted(a.cogroup(b, c, d, 5).collect()),
               Pairs<std::tuple<Ints, Texts, Texts, Texts>>{{1, {{1, 2}, {"x"}, {"a"}, {}}},
                                                            {2, {{1}, {"y", "z"}, {}, {"@"}}},
                                                            {3, {{1}, {}, {"b"}, {}}},
                                                            {4, {{}, {"w"}, {"c", "d"}, {}}}});
  // Two sides of one type, keys that are texts, and sides that do not move.
  const auto by_text = [](const auto& rdd) {
    return rdd.map([](const auto& record) {
      return std::pair{std::string(20, 'k') + std::to_string(record.first), record.second};
    });
  };
  const auto left = by_text(b).partition_by(3);
  const auto both = left.cogroup(by_text(c));
  checks.equal("cogroup dependencies", shuffles(both), std::vector<bool>{false, true});
  const auto sizes = both.map_values([](const auto& groups) {
    return static_cast<int>(10 * groups.first.size() + groups.second.size());
  });
  const std::string k(20, 'k');
  checks.equal("cogroup of texts", sorted(sizes.collect()),
               std::vector<std::pair<std::string, int>>{
                   {k + "1", 11}, {k + "2", 20}, {k + "3", 1}, {k + "4", 12}});
  const auto large = context.range(0, 20000, 1, 8).map([](std::int64_t x) {
    return std::pair{x % 1000, std::to_string(x)};
  });
  const auto few = context.range(0, 500, 1, 3).map([](std::int64_t x) {
    return std::pair{x * 2, x};
  });
  std::int64_t wrong = 0;
  for (const auto& [key, groups] : large.cogroup(few, 4).collect()) {
    const bool right =
        groups.first.size() == 20 && groups.second.size() == (key % 2 == 0 ? 1U : 0U);
    wrong += right ? 0 : 1;
  }
  checks.equal("a large cogroup", wrong, 0);
}

void check_outer(volley::Context& context, Checks& checks) {
  const auto [a, b, c, d] = inputs(context);
  using Text = std::optional<std::string>;
  using Int = std::optional<int>;
  checks.equal("left_outer_join", sorted(a.left_outer_join(b).collect()),
               Pairs<std::pair<int, Text>>{
                   {1, {1, "x"}}, {1, {2, "x"}}, {2, {1, "y"}}, {2, {1, "z"}}, {3, {1, Text{}}}});
  checks.equal("PAIR_014", sorted(a.right_outer_join(b).collect()),
               Pairs<std::pair<Int, std::string>>{
                   {1, {1, "x"}}, {1, {2, "x"}}, {2, {1, "y"}}, {2, {1, "z"}}, {4, {Int{}, "w"}}});
  checks.equal("full_outer_join", sorted(a.full_outer_join(b).collect()),
               Pairs<std::pair<Int, Text>>{{1, {1, "x"}},
                                           {1, {2, "x"}},
                                           {2, {1, "y"}},
                                           {2, {1, "z"}},
                                           {3, {1, Text{}}},
                                           {4, {Int{}, "w"}}});
  checks.equal("outer join with nothing", d.full_outer_join(context.empty_rdd<Left>()).collect(),
               Pairs<std::pair<Text, Int>>{{2, {"@", Int{}}}});
  const auto grouped2 = a.group_by_key(2);
  const auto grouped4 = a.group_by_key(4);
  const auto reduced2 = a.reduce_by_key(std::plus<>{}, 2);
  const auto four = grouped4.partitioner();
  checks.holds("PART_013", grouped2.join(grouped4).partitioner() == four &&
                               grouped2.left_outer_join(grouped4).partitioner() == four &&
                               grouped2.right_outer_join(grouped4).partitioner() == four &&
                               grouped2.full_outer_join(grouped4).partitioner() == four &&
                               grouped2.cogroup(grouped4).partitioner() == four);
  const auto near = grouped2.full_outer_join(reduced2);
  checks.holds("PART_013 equal ones", near.partitioner() == grouped2.partitioner());
  checks.equal("PART_013 a join after a join moves nothing", shuffles(near.join(reduced2)),
               std::vector<bool>{false, false});
}

void check_partitions(volley::Context& context, Checks& checks) {
  const auto pairs = [&](std::uint32_t n) {
    return volley::Rdd<Left>(context.parallelize(Pairs<int>{{1, 1}, {2, 2}, {3, 3}}, n));
  };
  const auto hashed = pairs(4).reduce_by_key(std::plus<>{}, 10);
  if (context.configuration("volley.default.parallelism") == "0") {
    checks.equal("PAIR_022", pairs(1000).cogroup(hashed).num_partitions(), 1000U);
    checks.equal("PAIR_023", pairs(20).cogroup(hashed).num_partitions(), 10U);
  } else {
    checks.equal("PAIR_024", pairs(20).cogroup(pairs(10)).num_partitions(), 4U);
    checks.equal("PAIR_025", pairs(20).cogroup(hashed).num_partitions(), 10U);
    checks.equal("PAIR_025 huge", pairs(1000).cogroup(hashed).num_partitions(), 10U);
  }
}

}  // namespace

void check_cogroups(volley::Context& context, Checks& checks) {
  check_groups(context, checks);
  check_outer(context, checks);
  check_partitions(context, checks);
  const volley::Rdd<Right> left =
      context.parallelize(Pairs<std::string>{{1, "a"}, {1, "a"}, {2, "b"}, {3, "c"}}, 2);
  const volley::Rdd<Left> right = context.parallelize(Pairs<int>{{2, 20}, {3, 30}, {4, 40}}, 3);
  const auto rest = left.subtract_by_key(right);
  checks.equal("PAIR_032", sorted(rest.collect()), Pairs<std::string>{{1, "a"}, {1, "a"}});
  checks.equal("PAIR_032 partitions", rest.num_partitions(), 2U);
  const auto placed = left.partition_by(5).subtract_by_key(right);
  checks.equal("subtract_by_key keeps the partitioner", shuffles(placed), std::vector<bool>{false});
  checks.equal("subtract_by_key of placed pairs", sorted(placed.collect()),
               Pairs<std::string>{{1, "a"}, {1, "a"}});
}

}  // namespace cluster_test
