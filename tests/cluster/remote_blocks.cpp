// Cached partitions that are read from the executor that has them, and local checkpoints, which
// live by that. That nothing is computed again shows in that the input is gone.

#include "check.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>

namespace cluster_test {
namespace {

using volley::StorageLevel;
using Numbers = std::vector<std::int64_t>;

/// Lines of a file, and the file goes.
auto cached_lines(volley::Context& context, Checks& checks, StorageLevel level, int lines) {
  const std::string path = checks.path("remote.txt");
  {
    std::ofstream file(path);
    for (int i = 0; i < lines; ++i) file << "line " << i << '\n';
  }
  auto rdd = context.text_file(path, 6);
  rdd.persist(level);
  checks.equal("cached", rdd.count(), lines);
  std::filesystem::remove(path);
  return rdd;
}

void check_merged(volley::Context& context, Checks& checks) {
  for (const StorageLevel level : {StorageLevel::memory_only, StorageLevel::memory_only_ser,
                                   StorageLevel::disk_only, StorageLevel::memory_only_2}) {
    const auto lines = cached_lines(context, checks, level, 30000);
    const auto name = "LRU_007 " + describe(level);
    const auto merged = lines.coalesce(1);
    checks.equal(name, merged.count(), 30000);
    checks.equal(name + ", records", merged.take(2), std::vector<std::string>{"line 0", "line 1"});
    const auto sizes = merged.map([](std::string_view line) { return line.size(); });
    checks.equal(name + ", views", sizes.max(), 10U);
    checks.equal(name + ", a join side",
                 lines.map([](std::string_view line) {
                        return std::pair{line, 1};
                      })
                     .cache()
                     .coalesce(2)
                     .values()
                     .sum(),
                 30000.0);
    lines.unpersist();
  }
}

void check_local_checkpoint(volley::Context& context, Checks& checks) {
  const std::string path = checks.path("local.txt");
  {
    std::ofstream file(path);
    for (int i = 0; i < 3000; ++i) file << i << '\n';
  }
  const auto lengths = context.text_file(path, 6).map(
      [](std::string_view line) { return static_cast<std::int64_t>(line.size()); });
  const auto parents = lengths.dependencies().size();
  lengths.local_checkpoint();
  checks.equal("LCKPT_002 the level", lengths.storage_level(), StorageLevel::memory_and_disk);
  checks.equal("LCKPT_002 nothing is cut yet", lengths.dependencies().size(), parents);
  checks.equal("the first action", lengths.count(), 3000);
  checks.holds("LCKPT_002 it is cut", lengths.is_checkpointed() && lengths.dependencies().empty());
  std::filesystem::remove(path);
  checks.equal("LCKPT_005 every block is there", lengths.sum(), 10890.0);
  checks.equal("LCKPT_005 on whichever executor", lengths.coalesce(1).sum(), 10890.0);
  checks.equal("LCKPT_003 what comes after",
               lengths.map([](std::int64_t x) { return x * 2; }).sum(), 21780.0);

  // An action that looks at one record makes all blocks all the same.
  const auto sorted_pairs = context.range(0, 50, 1, 5)
                                .map([](std::int64_t x) {
                                  return std::pair{49 - x, x};
                                })
                                .sort_by_key();
  const auto keys = sorted_pairs.keys();
  keys.local_checkpoint();
  checks.equal("LCKPT_004 first", keys.first(), 0);
  checks.equal("LCKPT_004 count", keys.count(), 50);
  checks.equal("LCKPT_004 count again", keys.count(), 50);
  checks.equal("LCKPT_004 first again", keys.first(), 0);
  for (const std::uint32_t partitions : {10U, 100U, 1000U}) {
    const auto spread = keys.repartition(partitions);
    checks.equal("LCKPT_004 through repartition", spread.count(), 50);
    checks.equal("LCKPT_004 only this one is kept", spread.storage_level(), StorageLevel::none);
  }
  keys.unpersist();
  checks.throws<volley::JobFailed>("LCKPT_006 a lost block", "rdd.checkpoint() instead",
                                   [&] { keys.count(); });
}

template <class R, class Expected>
void check_both_ways(Checks& checks, std::string_view name, const R& reliable, const R& local,
                     const Expected& expected) {
  reliable.checkpoint();
  local.local_checkpoint();
  checks.equal(std::string(name) + " before", sorted(reliable.collect()), expected);
  checks.equal(std::string(name) + " local, before", sorted(local.collect()), expected);
  checks.holds(std::string(name) + " is cut",
               reliable.is_checkpointed() && local.is_checkpointed());
  checks.equal(std::string(name) + " after", sorted(reliable.collect()), expected);
  checks.equal(std::string(name) + " local, after", sorted(local.collect()), expected);
  checks.equal(std::string(name) + " partitions", reliable.num_partitions(),
               local.num_partitions());
}
/// `make` twice: one for each kind of checkpoint.
template <class Make>
void check_kinds(Checks& checks, std::string_view name, Make&& make) {
  const auto plain = make();
  const auto expected = sorted(plain.collect());
  check_both_ways(checks, name, make(), make(), expected);
}

void check_kinds_of_rdds(volley::Context& context, Checks& checks) {
  context.set_checkpoint_dir(checks.path("checkpoints-of-kinds"));
  const auto numbers = context.range(0, 100, 1, 4);
  const auto pairs = numbers.map([](std::int64_t x) { return std::pair{x % 10, x}; });
  check_kinds(checks, "CKPT_003 map", [&] { return numbers.map([](auto x) { return x + 1; }); });
  check_kinds(checks, "CKPT_003 filter",
              [&] { return numbers.filter([](auto x) { return x % 3 == 0; }); });
  check_kinds(checks, "CKPT_003 flat_map", [&] {
    return numbers.flat_map([](std::int64_t x) { return std::vector<std::int64_t>{x, -x}; });
  });
  check_kinds(checks, "CKPT_003 sample", [&] { return numbers.sample(false, 0.5, 0); });
  check_kinds(checks, "CKPT_003 glom", [&] { return numbers.glom(); });
  check_kinds(checks, "CKPT_003 map_values",
              [&] { return pairs.map_values([](auto x) { return x + 1; }); });
  check_kinds(checks, "CKPT_003 pipe", [&] { return numbers.pipe({"cat"}); });
  check_kinds(checks, "CKPT_004 a source", [&] { return context.parallelize({5, 6, 7}, 2); });
  check_kinds(checks, "CKPT_005 a shuffle", [&] { return pairs.reduce_by_key(std::plus<>{}, 3); });
  check_kinds(checks, "CKPT_005 a union", [&] { return numbers.union_with(numbers); });
  check_kinds(checks, "CKPT_005 a cartesian product", [&] { return numbers.cartesian(numbers); });
  check_kinds(checks, "CKPT_005 merged partitions", [&] { return numbers.coalesce(2); });
  check_kinds(checks, "CKPT_005 a cogroup", [&] { return pairs.cogroup(pairs); });
  check_kinds(checks, "CKPT_005 zipped partitions", [&] { return numbers.zip(numbers); });
  check_kinds(checks, "CKPT_005 an aligned union", [&] {
    const auto placed = pairs.partition_by(3);
    return placed.union_with(placed);
  });
  const auto nothing = context.empty_rdd<int>();
  nothing.local_checkpoint();
  checks.holds("CKPT_006 before", !nothing.is_checkpointed());
  checks.equal("CKPT_006", nothing.count(), 0);
  checks.holds("CKPT_006 after", nothing.is_checkpointed());
}

void check_samples_and_cogroups(volley::Context& context, Checks& checks) {
  const auto pairs = context.range(0, 10000, 1, 8).map([](std::int64_t x) {
    return std::pair{x % 10 == 0 ? std::string("few") : std::string("many"), x};
  });
  const std::map<std::string, double> fractions{{"few", 0.123}, {"many", 0.5}, {"none", 0.5}};
  for (const bool with_replacement : {false, true}) {
    const auto sample = pairs.sample_by_key_exact(with_replacement, fractions, 17);
    const auto counts = sample.count_by_key();
    checks.equal("sample_by_key_exact, few", counts.at("few"), 123);
    checks.equal("sample_by_key_exact, many", counts.at("many"), 4500);
    checks.equal("sample_by_key_exact, keys", counts.size(), 2U);
    checks.equal("a sample is the same each time", sample.values().collect(),
                 sample.values().collect());
    const auto values = sample.values().collect();
    const auto different = sample.values().distinct().count();
    checks.equal("drawn twice", static_cast<std::int64_t>(values.size()) != different,
                 with_replacement);
  }
  const std::map<std::string, double> everything{{"few", 1.0}};
  checks.equal("all of them", pairs.sample_by_key_exact(false, everything).count(), 1000);
  checks.throws<volley::InvalidArgument>("more than all", "at most 1", [&] {
    pairs.sample_by_key_exact(false, std::map<std::string, double>{{"few", 1.5}});
  });
  checks.equal("three times all of them",
               pairs.sample_by_key_exact(true, std::map<std::string, double>{{"few", 3.0}}).count(),
               3000);

  const auto left =
      context.parallelize(std::vector<std::pair<int, int>>{{1, 1}, {2, 2}, {3, 3}, {4, 4}});
  const auto right = left.map([](const std::pair<int, int>& pair) {
    return std::pair{pair.first % 2, pair.first};
  });
  using Groups = std::pair<std::vector<int>, std::vector<int>>;
  checks.equal(
      "SPILL_004", sorted(left.cogroup(right).collect()),
      std::vector<std::pair<int, Groups>>{
          {0, {{}, {2, 4}}}, {1, {{1}, {1, 3}}}, {2, {{2}, {}}}, {3, {{3}, {}}}, {4, {{4}, {}}}});
}

}  // namespace

void check_remote_blocks(volley::Context& context, Checks& checks) {
  check_merged(context, checks);
  check_local_checkpoint(context, checks);
  check_kinds_of_rdds(context, checks);
  check_samples_and_cogroups(context, checks);
}

}  // namespace cluster_test
