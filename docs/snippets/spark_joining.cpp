// docs/from-spark.md: joins, sets, shared variables, samples.

#include "snippets.hpp"

#include <cmath>

namespace snippets {
namespace {

using Named = std::pair<int, std::string>;

void run_join(volley::Context& context, Checks& checks) {
  auto users = context.parallelize({Named{1, "ada"}, Named{2, "bob"}}, 2);
  using Order = std::pair<int, double>;
  auto orders = context.parallelize({Order{1, 10}, Order{1, 5}, Order{3, 7}}, 2);
  // [join]
  auto spent = users.join(orders)
                   .map([](const auto& row) { return row.second; })  // (name, amount)
                   .reduce_by_key(std::plus<>{});
  // [/join]
  using Spent = std::pair<std::string, double>;
  checks.equal("join", spent.collect(), std::vector<Spent>{{"ada", 15}});
  // [outer_join]
  auto all = users.left_outer_join(orders).map([](const auto& row) {
    const auto& [id, user_and_amount] = row;
    const auto& [name, amount] = user_and_amount;
    return std::pair(name, amount.value_or(0));
  });
  // [/outer_join]
  checks.equal("outer_join", sorted(all.collect()),
               std::vector<Spent>{{"ada", 5}, {"ada", 10}, {"bob", 0}});
}

void run_broadcast_join(volley::Context& context, Checks& checks) {
  // [broadcast_join]
  using Visit = std::pair<std::string, long>;
  // [/broadcast_join]
  auto visits = context.parallelize({Visit{"de", 3}, Visit{"fr", 4}, Visit{"??", 1}}, 2);
  // [broadcast_join]
  const std::map<std::string, std::string> names = {{"de", "Germany"}, {"fr", "France"}};
  auto countries = context.broadcast(names);
  auto named = visits.flat_map<Visit>([=](const Visit& visit, auto&& emit) {
    const auto found = countries.value().find(visit.first);
    if (found != countries.value().end()) emit(Visit(found->second, visit.second));
  });
  // [/broadcast_join]
  checks.equal("broadcast_join", named.collect(),
               std::vector<Visit>{{"Germany", 3}, {"France", 4}});
}

void run_copartitioned(volley::Context& context, Checks& checks) {
  using Event = std::pair<int, long>;
  auto users = context.parallelize({Named{1, "ada"}, Named{2, "bob"}}, 2);
  auto today = context.parallelize({Event{2, 100}, Event{2, 200}}, 2);
  // [copartitioned]
  auto table = users.partition_by(volley::hash_partitioner(8));
  table.cache();
  auto joined = table.join(today);  // only `today` moves
  // [/copartitioned]
  checks.equal("copartitioned", cluster_test::shuffles(joined), std::vector<bool>{false, true});
  checks.equal("copartitioned: rows", joined.count(), 2);
}

void run_sets(volley::Context& context, Checks& checks) {
  auto a = context.parallelize({1, 2, 2, 3}, 2);
  auto b = context.parallelize({3, 4}, 2);
  // [sets]
  auto either = a.union_with(b).distinct();
  auto both = a.intersection(b);
  auto only_a = a.subtract(b);
  auto grid = a.cartesian(b);
  // [/sets]
  checks.equal("sets", sorted(either.collect()), std::vector<int>{1, 2, 3, 4});
  checks.equal("sets: both", both.collect(), std::vector<int>{3});
  checks.equal("sets: only a", sorted(only_a.collect()), std::vector<int>{1, 2, 2});
  checks.equal("sets: grid", grid.count(), 8);
}

void run_accumulators(volley::Context& context, Checks& checks) {
  const std::string input = checks.path("numbers.txt");
  write_file(input, "1\n2\n\nx\n");
  auto lines = context.text_file(input);
  // [accumulators]
  auto blank = context.long_accumulator("blank lines");
  auto bad = context.collection_accumulator<std::string>("bad lines");
  lines.foreach ([=](std::string_view line) {
    if (line.empty())
      blank.add(1);
    else if (line.find_first_not_of("0123456789") != line.npos)
      bad.add(line);
  });
  std::cout << blank.value() << " blank, " << bad.value().size() << " bad\n";
  // [/accumulators]
  checks.equal("accumulators", blank.value(), 1);
  checks.equal("accumulators: bad", bad.value(), std::vector<std::string>{"x"});
}

void run_sampling(volley::Context& context, Checks& checks) {
  auto records = context.range(0, 10'000, 1, 4);
  // [sampling]
  auto tenth = records.sample(false, 0.1, 42);
  auto parts = records.random_split({0.8, 0.2}, 7);
  const auto five = records.take_sample(false, 5, 1);
  // [/sampling]
  checks.holds("sampling", std::abs(tenth.count() - 1000) < 200);
  checks.equal("sampling: split", parts[0].count() + parts[1].count(), 10'000);
  checks.equal("sampling: five", five.size(), std::size_t{5});
}

void run_map_partitions(volley::Context& context, Checks& checks) {
  auto lines = context.parallelize({"a=1", "b=2", "c=3"}, 2);
  // [map_partitions]
  auto parsed = lines.map_partitions_with_index([](std::uint32_t index, auto& records) {
    std::string buffer;  // made once for each partition
    std::vector<std::pair<std::uint32_t, std::string>> result;
    records.for_each([&](const std::string& line) {
      buffer.assign(line, 0, line.find('='));
      result.emplace_back(index, buffer);
    });
    return result;
  });
  // [/map_partitions]
  using Parsed = std::pair<std::uint32_t, std::string>;
  checks.equal("map_partitions", parsed.collect(),
               std::vector<Parsed>{{0, "a"}, {1, "b"}, {1, "c"}});
}

}  // namespace

void run_joining(volley::Context& context, Checks& checks) {
  run_join(context, checks);
  run_broadcast_join(context, checks);
  run_copartitioned(context, checks);
  run_sets(context, checks);
  run_accumulators(context, checks);
  run_sampling(context, checks);
  run_map_partitions(context, checks);
}

}  // namespace snippets
