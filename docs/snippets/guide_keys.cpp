// docs/guide.md: keys, shuffles, partitioners, joins, sorting.

#include "snippets.hpp"

namespace snippets {
namespace {

void run_by_key(volley::Context& context, Checks& checks) {
  // [by_key]
  auto sales = context.parallelize(
      std::vector<std::pair<std::string, double>>{{"tea", 2}, {"rum", 9}, {"tea", 3}});
  auto totals = sales.reduce_by_key(std::plus<>{});  // (rum,9) (tea,5)
  auto groups = sales.group_by_key();                // (rum,[9]) (tea,[2, 3])
  auto doubled = totals.map_values([](double total) { return 2 * total; });
  // [/by_key]
  using Total = std::pair<std::string, double>;
  checks.equal("by_key", sorted(totals.collect()), std::vector<Total>{{"rum", 9}, {"tea", 5}});
  checks.equal("by_key: groups", groups.lookup("tea").at(0), std::vector<double>{2, 3});
  checks.equal("by_key: doubled", doubled.lookup("rum"), std::vector<double>{18});
}

void run_aggregate(volley::Context& context, Checks& checks) {
  auto sales = context.parallelize(
      std::vector<std::pair<std::string, double>>{{"tea", 2}, {"rum", 9}, {"tea", 3}});
  // [aggregate]
  struct Mean {
    double sum = 0;
    std::int64_t count = 0;
  };
  auto means =
      sales
          .aggregate_by_key(
              Mean{},
              [](Mean& mean, double value) {  // one value more
                mean.sum += value;
                ++mean.count;
              },
              [](Mean& mean, const Mean& other) {  // what other tasks have
                mean.sum += other.sum;
                mean.count += other.count;
              })
          .map_values([](const Mean& mean) { return mean.sum / static_cast<double>(mean.count); });
  // [/aggregate]
  checks.equal("aggregate", means.lookup("tea"), std::vector<double>{2.5});
}

void run_partitioners(volley::Context& context, Checks& checks) {
  auto numbers = context.range(0, 100).map([](std::int64_t n) { return std::pair(n % 10, n); });
  // [partitioners]
  auto placed = numbers.partition_by(volley::hash_partitioner(4));
  placed.cache();                                              // else every job would shuffle again
  auto sums = placed.reduce_by_key(std::plus<>{});             // no shuffle: the keys are together
  auto both = placed.join(sums);                               // no shuffle: both lie the same way
  auto moved = placed.map([](const auto& kv) { return kv; });  // map may change keys: forgotten

  auto halves = volley::partitioner<std::int64_t>(2, [](std::int64_t key) { return key / 5; });
  auto split = numbers.partition_by(halves);  // keys 0 to 4, and 5 to 9
  // [/partitioners]
  checks.equal("partitioners: sums", cluster_test::shuffles(sums), std::vector<bool>{false});
  checks.equal("partitioners: both", cluster_test::shuffles(both), std::vector<bool>{false, false});
  checks.holds("partitioners: map forgets", !moved.partitioner());
  checks.equal("partitioners: both has all", both.count(), 100);
  checks.equal("partitioners: split", cluster_test::partition_sizes(split),
               std::vector<std::size_t>{50, 50});
}

void run_joins(volley::Context& context, Checks& checks) {
  // [joins]
  using Name = std::pair<int, std::string>;
  auto people = context.parallelize({Name{1, "Ada"}, Name{2, "Grace"}, Name{3, "Edsger"}});
  auto pets = context.parallelize({Name{1, "cat"}, Name{1, "dog"}, Name{2, "cow"}});

  auto pairs = people.join(pets);               // (1,(Ada,cat)) (1,(Ada,dog)) (2,(Grace,cow))
  auto all = people.left_outer_join(pets);      // and (3,(Edsger,None)): a std::optional
  auto lists = people.cogroup(pets);            // (1,([Ada],[cat, dog])) ... (3,([Edsger],[]))
  auto without = people.subtract_by_key(pets);  // (3,Edsger)
  // [/joins]
  checks.equal("joins", pairs.count(), 3);
  checks.holds("joins: left outer", !all.lookup(3).at(0).second.has_value());
  checks.equal("joins: cogroup", lists.lookup(1).at(0).second.size(), std::size_t{2});
  checks.equal("joins: without", without.collect(), std::vector<Name>{{3, "Edsger"}});
}

void run_sorting(volley::Context& context, Checks& checks) {
  auto words = context.parallelize({"pear", "fig", "apple", "kiwi"}, 2);
  // [sorting]
  auto by_length = words.sort_by([](const std::string& word) { return word.size(); });
  auto keyed = words.key_by([](const std::string& word) { return word.front(); });
  auto from_z = keyed.sort_by_key(false);  // descending
  const auto longest = words.top(1, [](const auto& a, const auto& b) {
    return a.size() > b.size();  // whether a comes before b
  });
  // [/sorting]
  checks.equal("sorting", by_length.first(), std::string("fig"));
  checks.equal("sorting: keys", from_z.keys().collect(), std::vector<char>{'p', 'k', 'f', 'a'});
  checks.equal("sorting: top", longest, std::vector<std::string>{"apple"});
}

}  // namespace

void run_keys(volley::Context& context, Checks& checks) {
  run_by_key(context, checks);
  run_aggregate(context, checks);
  run_partitioners(context, checks);
  run_joins(context, checks);
  run_sorting(context, checks);
}

}  // namespace snippets
